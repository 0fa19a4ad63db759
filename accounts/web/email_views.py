"""Pages of links from mails: an address proven or changed, a password set anew."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.limits import limit_mail, limit_sign_in
from accounts.models import User
from accounts.services import email_links, password_reset
from accounts.services.email_links import Purpose
from accounts.web.fresh import FreshRequiredMixin
from accounts.web.requests import SignedInRequest
from accounts.web.security_forms import EmailForm, EmptyForm, NewPasswordForm
from accounts.web.views import RefusableFormView
from config.lib.errors import InputError


class EmailConfirmView(RefusableFormView):
    """What a link to an address opens. Looking uses nothing up: mail scanners look, too."""

    template_name = "accounts/email_confirm.html"
    form_class = EmptyForm

    @limit_sign_in
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        link = _find_email_link(_token(self.request))
        return super().get_context_data(email=link.data["email"] if link else "", **kwargs)

    def act(self, form: EmptyForm) -> HttpResponse:
        token = _token(self.request)
        link = _find_email_link(token)
        is_change = link is not None and link.purpose == Purpose.CHANGE_EMAIL
        use = email_links.change_email if is_change else email_links.verify_email
        use(token)
        messages.success(self.request, _("The address is confirmed."))
        return redirect("accounts:home")


class EmailView(LoginRequiredMixin, FreshRequiredMixin, RefusableFormView):
    """Another e-mail address: it counts once its link was used."""

    request: SignedInRequest
    template_name = "accounts/email.html"
    form_class = EmailForm

    @limit_mail
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def act(self, form: EmailForm) -> HttpResponse:
        email_links.ask_to_change(user=self.request.user, email=form.cleaned_data["email"])
        messages.success(self.request, _("Open the link in the mail that we sent there."))
        return redirect("accounts:security")


class EmailResendView(LoginRequiredMixin, View):
    @limit_mail
    def post(self, request: SignedInRequest) -> HttpResponse:
        """Mail the link that proves the visitor's address once more."""
        email_links.ask_to_verify(User.objects.get(pk=request.user.pk))
        messages.success(request, _("We sent the link once more."))
        return redirect("accounts:security")


class PasswordResetView(RefusableFormView):
    """Where a link for a new password is asked for; it says the same to everybody."""

    template_name = "accounts/reset.html"
    form_class = EmailForm

    @limit_mail
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def act(self, form: EmailForm) -> HttpResponse:
        password_reset.ask_for_reset(form.cleaned_data["email"])
        return self.render_to_response(self.get_context_data(form=form, is_sent=True))


class PasswordResetConfirmView(RefusableFormView):
    """What the link in that mail opens."""

    template_name = "accounts/reset_form.html"
    form_class = NewPasswordForm

    @limit_sign_in
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(email=self._email(), **kwargs)

    def act(self, form: NewPasswordForm) -> HttpResponse:
        password_reset.reset_password(token=_token(self.request), **form.cleaned_data)
        messages.success(self.request, _("Sign in with your new password."))
        return redirect("accounts:login")

    def _email(self) -> str:
        """Return whose password it is; empty if the link opens nothing."""
        try:
            link = email_links.find_link(purpose=Purpose.RESET_PASSWORD, token=_token(self.request))
        except InputError:
            return ""
        return str(link.data["email"])


def _token(request: HttpRequest) -> str:
    return request.GET.get("token", "")


def _find_email_link(token: str) -> Any:
    for purpose in (Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL):
        try:
            return email_links.find_link(purpose=purpose, token=token)
        except InputError:
            continue
    return None
