"""Refusals: what a caller can act on. Adapters make of them problem+json, a page, a bot's reply."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field. ``code`` is stable, ``message`` is for the reader."""

    field: str
    code: str
    message: Text


class AppError(Exception):
    """A refusal. ``code`` and ``status`` are part of the public API.

    Raised before anything was changed, or inside the transaction that it rolls back.

    :param text: what the reader sees, in the reader's language; the class's own text by default.
    :param code: a more exact code than the class's own.
    :param fields: which fields are to blame.
    :param extra: members added to the problem document, such as a price.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    text: ClassVar[Text] = _("The request was refused.")

    def __init__(
        self,
        text: Text | None = None,
        *,
        code: str | None = None,
        fields: Iterable[FieldError] = (),
        **extra: object,
    ) -> None:
        self.error_code = code or self.code
        self.detail: Text = text or self.text
        self.fields = tuple(fields)
        self.extra = extra
        super().__init__(self.error_code)

    def __str__(self) -> str:
        return f"{self.error_code}: {self.detail}"


class InputError(AppError):
    code = "invalid"
    status = 400
    text = _("Please check what you entered.")


class NotSignedInError(AppError):
    code = "not_authenticated"
    status = 401
    text = _("Please sign in.")


class ForbiddenError(AppError):
    code = "permission_denied"
    status = 403
    text = _("You may not do this.")


class NotFoundError(AppError):
    """Absent and forbidden look the same from outside, so this is raised for both."""

    code = "not_found"
    status = 404
    text = _("There is nothing here.")


class ConflictError(AppError):
    code = "conflict"
    status = 409
    text = _("This no longer fits what is stored. Reload and try again.")


class BusinessRuleError(AppError):
    code = "refused"
    status = 422
    text = _("The rules do not allow this.")


class RateLimitedError(AppError):
    """:param retry_after: whole seconds until the next try may succeed."""

    code = "rate_limited"
    status = 429
    text = _("Too many requests. Please wait a little.")

    def __init__(self, text: Text | None = None, *, retry_after: int, **extra: Any) -> None:
        super().__init__(text, **extra)
        self.retry_after = retry_after


class OutsideWorldError(AppError):
    """An outside system refused or answered with an error."""

    code = "outside_error"
    status = 502
    text = _("The other service answered with an error. Please try again later.")


class OutsideTimeoutError(AppError):
    """An outside system did not answer in time."""

    code = "outside_timeout"
    status = 504
    text = _("The other service did not answer in time. Please try again later.")


class UnavailableError(AppError):
    """A part of our own is down, such as the store of secrets."""

    code = "unavailable"
    status = 503
    text = _("This part of the site is down for the moment. Please try again later.")
