"""Pages around the password: its change, the second factor, step-up, tokens, the end."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from accounts.limits import limit_sign_in
from accounts.models import ApiToken
from accounts.selectors.api_tokens import tokens_of
from accounts.services import totp
from accounts.services.account_deletion import delete_account, require_typed, typed_name
from accounts.services.api_tokens import create_token, revoke_token
from accounts.services.lockout import confirm_identity, confirm_password
from accounts.services.password_reset import change_password
from accounts.services.step_up import mark_fresh, require_fresh
from accounts.web.fresh import FreshRequiredMixin
from accounts.web.requests import SignedInRequest
from accounts.web.second_step import find_pending
from accounts.web.security_forms import (
    ApiTokenForm,
    CodeForm,
    ConfirmForm,
    DeleteForm,
    FirstCodeForm,
    PasswordChangeForm,
    scope_labels,
)
from accounts.web.sign_in import current_session_id, next_url, sign_in, sign_out
from accounts.web.staff_otp import note_second_factor
from accounts.web.views import EntryView, RefusableFormView, show_other_ways
from config.lib.errors import NotSignedInError


class CodeView(EntryView):
    """The second page of signing in."""

    template_name = "accounts/code.html"
    form_class = CodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if not request.user.is_authenticated:
                find_pending(request)
        except NotSignedInError as error:
            return show_other_ways(request, error)
        return super().dispatch(request, *args, **kwargs)

    def act(self, form: CodeForm) -> HttpResponse:
        pending = find_pending(self.request)
        totp.verify_code(user=pending.user, code=form.cleaned_data["otp"])
        target = next_url(self.request)
        sign_in(self.request, pending.user, method=pending.method)
        note_second_factor(self.request)
        return HttpResponseRedirect(target)


class SecurityView(LoginRequiredMixin, TemplateView):
    """What guards the account, each with a way to change it."""

    request: SignedInRequest
    template_name = "accounts/security.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(
            has_password=user.has_usable_password(),
            has_second_factor=totp.has_second_factor(user),
            codes_left=totp.count_recovery_codes(user),
            **kwargs,
        )


class PasswordView(LoginRequiredMixin, RefusableFormView):
    """The password replaced, or given to who came without one."""

    request: SignedInRequest
    template_name = "accounts/password.html"
    form_class = PasswordChangeForm

    @limit_sign_in
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        has_password = self.request.user.has_usable_password()
        return {**super().get_form_kwargs(), "has_password": has_password}

    def act(self, form: PasswordChangeForm) -> HttpResponse:
        user, session_id = self.request.user, current_session_id(self.request)
        if "current_password" in form.fields:
            given = form.cleaned_data["current_password"]
            confirm_password(self.request, user=user, password=given)
        else:
            require_fresh(session_id)
        change_password(user_id=user.pk, password=form.cleaned_data["password"], keep=session_id)
        messages.success(self.request, _("The password is changed; other devices are signed out."))
        return redirect("accounts:security")


class ConfirmView(LoginRequiredMixin, RefusableFormView):
    """Step-up: a credential once more, then back to where it was asked for."""

    request: SignedInRequest
    template_name = "accounts/confirm.html"
    form_class = ConfirmForm

    @limit_sign_in
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        user = self.request.user
        return {
            **super().get_form_kwargs(),
            "has_password": user.has_usable_password(),
            "has_code": totp.has_second_factor(user),
            "only_code": self.request.GET.get("by") == "otp",
        }

    def act(self, form: ConfirmForm) -> HttpResponse:
        given = {name: value for name, value in form.cleaned_data.items() if value}
        confirm_identity(self.request, user=self.request.user, **given)
        session_id = current_session_id(self.request)
        if session_id is not None:
            mark_fresh(session_id)
        if given.get("otp"):
            note_second_factor(self.request)
        return HttpResponseRedirect(next_url(self.request))


class TotpView(LoginRequiredMixin, FreshRequiredMixin, RefusableFormView):
    """The second factor set up: a picture to scan, the first code, then the recovery codes."""

    request: SignedInRequest
    template_name = "accounts/totp.html"
    form_class = FirstCodeForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_on = totp.has_second_factor(self.request.user)
        setup = None if is_on else totp.begin_setup(self.request.user)
        return super().get_context_data(is_on=is_on, setup=setup, **kwargs)

    def act(self, form: FirstCodeForm) -> HttpResponse:
        codes = totp.confirm_setup(user=self.request.user, code=form.cleaned_data["otp"])
        note_second_factor(self.request)
        return self.render_to_response(self.get_context_data(form=form, codes=codes))


class TotpCodesView(LoginRequiredMixin, FreshRequiredMixin, TemplateView):
    """New recovery codes, shown once."""

    request: SignedInRequest
    template_name = "accounts/totp.html"
    http_method_names = ("post",)

    def post(self, request: SignedInRequest) -> HttpResponse:
        codes = totp.renew_recovery_codes(request.user)
        return self.render_to_response(self.get_context_data(is_on=True, codes=codes))


class TotpOffView(LoginRequiredMixin, FreshRequiredMixin, View):
    request: SignedInRequest

    def post(self, request: SignedInRequest) -> HttpResponse:
        """Turn the second factor off."""
        totp.turn_off(actor=request.user, user=request.user)
        messages.success(request, _("Signing in no longer asks for a code."))
        return redirect("accounts:security")


class ApiTokensView(LoginRequiredMixin, FreshRequiredMixin, RefusableFormView):
    """Keys for programs: the list, and a form for another one, whose key is shown once."""

    request: SignedInRequest
    template_name = "accounts/api_tokens.html"
    form_class = ApiTokenForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tokens = [_shown(token) for token in tokens_of(self.request.user)]
        return super().get_context_data(tokens=tokens, **kwargs)

    def act(self, form: ApiTokenForm) -> HttpResponse:
        made = create_token(user=self.request.user, **form.values())
        return self.render_to_response(self.get_context_data(made=made))


def _shown(token: ApiToken) -> dict[str, Any]:
    ends_at = token.expires_at
    return {
        "row": token,
        "rights": scope_labels(token.scopes),
        "has_expired": ends_at is not None and ends_at <= timezone.now(),
    }


class ApiTokenEndView(LoginRequiredMixin, View):
    def post(self, request: SignedInRequest, token_id: uuid.UUID) -> HttpResponse:
        """End a token."""
        revoke_token(actor=request.user, token_id=token_id)
        messages.success(request, _("The token has ended."))
        return redirect("accounts:api-tokens")


class DeleteView(LoginRequiredMixin, FreshRequiredMixin, RefusableFormView):
    """The end of an account, confirmed by typing out which."""

    request: SignedInRequest
    template_name = "accounts/delete.html"
    form_class = DeleteForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(typed_name=typed_name(self.request.user), **kwargs)

    def act(self, form: DeleteForm) -> HttpResponse:
        require_typed(self.request.user, form.cleaned_data["confirm"])
        delete_account(self.request.user)
        sign_out(self.request)
        messages.success(self.request, _("Your account is deleted."))
        return redirect("accounts:landing")
