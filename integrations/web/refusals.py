"""A service's refusal, shown where the person can act on it: in the form it came from."""

from django.forms import BaseForm

from config.lib.errors import AppError


def show_refusal(form: BaseForm, error: AppError) -> None:
    """Put a refusal on the fields that are to blame, or on the form as a whole."""
    for field in error.fields:
        form.add_error(field.field if field.field in form.fields else None, str(field.message))
    if not error.fields:
        form.add_error(None, str(error.detail))
