"""Pages: signing in by a link from the bot or with Telegram, and linking Telegram."""

import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from accounts.bots import PLATFORM, get_bot
from accounts.limits import limit_sign_in
from accounts.models import Session, User
from accounts.services import telegram_linking, telegram_sign_in
from accounts.services.telegram_sign_in import Proof
from accounts.telegram import oidc
from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.person import TelegramPerson
from accounts.web.requests import SignedInRequest
from accounts.web.sign_in import current_session_id, next_url, sign_in
from accounts.web.telegram_forms import CodeForm, LinkForm
from accounts.web.views import LoginView, RefusableFormView
from config.lib.errors import NotSignedInError

# In the signed cookie: a sign-in at Telegram that has begun, or lacks the second factor.
LOGIN_KEY = "oidc"
PENDING_KEY = "oidc-pending"
PENDING_SECONDS = 300


def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """The page of ``/login``: with ``?token=`` the link from the bot, else the password.

    Opening a link uses nothing up: mail scanners and previews open links, too.
    """
    if request.method == "GET" and request.GET.get("token"):
        return LinkView.as_view()(request, *args, **kwargs)
    return LoginView.as_view()(request, *args, **kwargs)


class LinkView(RefusableFormView):
    """What a link from the bot opens. Context: ``person`` in Telegram, their ``known`` account."""

    template_name = "accounts/link.html"
    form_class = LinkForm

    @limit_sign_in
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {"token": self._token}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "known": self._read()[1]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person, known = self._read()
        return super().get_context_data(person=person, known=known, **kwargs)

    def act(self, form: LinkForm) -> HttpResponse:
        user = telegram_sign_in.exchange_link(**form.cleaned_data)
        sign_in(self.request, user, method=Session.Method.LINK)
        return redirect("accounts:home")

    @property
    def _token(self) -> str:
        return self.request.POST.get("token") or self.request.GET.get("token", "")

    def _read(self) -> tuple[TelegramPerson, User | None]:
        return telegram_sign_in.read_sign_in_link(self._token)


class OidcBeginView(View):
    @limit_sign_in
    def get(self, request: HttpRequest) -> HttpResponse:
        """Send the browser to Telegram; with ``?link=1``, to link the visitor's account.

        :raises NotFoundError: "Log in with Telegram" is switched off.
        """
        address, login = oidc.begin_login(redirect_uri=_callback())
        request.session[LOGIN_KEY] = {
            "login": login.as_dict(),
            "next": next_url(request),
            "link": bool(request.GET.get("link")),
        }
        return HttpResponseRedirect(address)


class OidcCallbackView(View):
    @limit_sign_in
    def get(self, request: HttpRequest) -> HttpResponse:
        """Take the browser back from Telegram.

        :raises TelegramRefusedError: ``telegram_login_failed``.
        """
        kept = request.session.pop(LOGIN_KEY, None)
        if not isinstance(kept, dict):
            raise TelegramRefusedError("telegram_login_failed")
        identity = oidc.finish_login(
            login=oidc.Login(**kept["login"]),
            state=request.GET.get("state", ""),
            code=request.GET.get("code", ""),
            redirect_uri=_callback(),
        )
        proof = _proof(identity.person, identity.auth_date)
        if kept["link"] and isinstance(request.user, User):
            return _link(request, request.user, proof)
        return _sign_in_or_ask(request, proof, kept["next"])


class OidcCodeView(RefusableFormView):
    """Asks who has come back from Telegram for the second factor."""

    template_name = "accounts/telegram_code.html"
    form_class = CodeForm

    @limit_sign_in
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def act(self, form: CodeForm) -> HttpResponse:
        kept = self.request.session.get(PENDING_KEY)
        if not isinstance(kept, dict) or time.time() - kept["at"] > PENDING_SECONDS:
            raise TelegramRefusedError("telegram_login_failed")
        proof = _proof(TelegramPerson(**kept["person"]), kept["at"])
        user = telegram_sign_in.admit(proof, otp=form.cleaned_data["otp"] or "-")
        sign_in(self.request, user, method=Session.Method.OIDC)
        return HttpResponseRedirect(kept["next"])


class TelegramIdentityPage(LoginRequiredMixin, TemplateView):
    """Linking with Telegram. Context: ``has_oidc``; after a POST ``bot_link``, to open in it."""

    request: SignedInRequest
    template_name = "accounts/telegram.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(has_oidc=oidc.is_configured(), **kwargs)

    def post(self, request: SignedInRequest) -> HttpResponse:
        """Make a link into the bot, or with ``unlink`` part the account from Telegram.

        :raises ForbiddenError: ``reauthentication_required``.
        :raises BusinessRuleError: ``last_way_in``.
        """
        session_id = current_session_id(request)
        if "unlink" in request.POST:
            telegram_linking.unlink_telegram(user_id=request.user.pk, session_id=session_id)
            messages.success(request, _("Telegram is no longer linked."))
            return redirect("accounts:telegram")
        bot = get_bot(PLATFORM)
        link = telegram_linking.make_linking_link(user=request.user, session_id=session_id)
        address = f"https://t.me/{bot.username}?start=link-{link.token}"
        return self.render_to_response(self.get_context_data(bot_link=address))


def _sign_in_or_ask(request: HttpRequest, proof: Proof, target: str) -> HttpResponse:
    try:
        user = telegram_sign_in.admit(proof)
    except NotSignedInError as error:
        if error.error_code != "otp_required":
            raise
        person = proof.person
        request.session[PENDING_KEY] = {
            "person": {
                "telegram_id": person.telegram_id,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "username": person.username,
            },
            "at": time.time(),
            "next": target,
        }
        return redirect("accounts:telegram-code")
    sign_in(request, user, method=Session.Method.OIDC)
    return HttpResponseRedirect(target)


def _link(request: HttpRequest, user: User, proof: Proof) -> HttpResponse:
    session_id = current_session_id(request)
    telegram_linking.link_telegram(user_id=user.pk, session_id=session_id, proof=proof)
    messages.success(request, _("Telegram is linked."))
    return redirect("accounts:telegram")


def _proof(person: TelegramPerson, auth_date: float) -> Proof:
    return Proof(person=person, method=Session.Method.OIDC, auth_date=auth_date)


def _callback() -> str:
    return f"{settings.SITE_URL}{reverse('accounts:telegram-callback')}"
