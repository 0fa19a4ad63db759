"""Pages: signing in by a link from the bot or with Telegram, and linking Telegram.

Whatever is refused on the way leads to the sign-in page, where the other ways are.
"""

import secrets
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
from accounts.services.step_up import require_fresh
from accounts.services.telegram_people import find_by_telegram
from accounts.services.telegram_sign_in import Proof
from accounts.telegram import oidc
from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.person import TelegramPerson
from accounts.web.fresh import ask_to_confirm
from accounts.web.requests import SignedInRequest
from accounts.web.second_step import ask_for_code
from accounts.web.sign_in import current_session_id, next_url, sign_in
from accounts.web.telegram_forms import LinkForm
from accounts.web.telegram_ways import WIDGET_KEY, bot_url, platform_bot_name
from accounts.web.views import LoginView, RefusableFormView, show_other_ways
from config.lib.drf import problem_headers
from config.lib.errors import AppError, ForbiddenError, NotFoundError, NotSignedInError

# In the signed cookie: a sign-in at Telegram that has begun.
LOGIN_KEY = "oidc"


class OtherWaysMixin(View):
    """For a step of signing in with Telegram: its refusal is told where the other ways are."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotFoundError:
            raise
        except AppError as error:
            return show_other_ways(request, error)


def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """The page of ``/login``: with ``?token=`` the link from the bot, else the password.

    Opening a link uses nothing up: mail scanners and previews open links, too.
    """
    if request.method == "GET" and request.GET.get("token"):
        return LinkView.as_view()(request, *args, **kwargs)
    return LoginView.as_view()(request, *args, **kwargs)


class LinkView(OtherWaysMixin, RefusableFormView):
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


class OidcBeginView(OtherWaysMixin):
    @limit_sign_in
    def get(self, request: HttpRequest) -> HttpResponse:
        """Send the browser to Telegram; with ``?link=1``, to link the visitor's account.

        Who links must have shown a credential just now; else they do, and come back here.

        :raises NotFoundError: "Log in with Telegram" is switched off.
        """
        is_linking = bool(request.GET.get("link")) and isinstance(request.user, User)
        if is_linking and not _is_fresh(request):
            return ask_to_confirm(request)
        address, login = oidc.begin_login(redirect_uri=_callback())
        request.session[LOGIN_KEY] = {
            "login": login.as_dict(),
            "next": next_url(request),
            "link": is_linking,
        }
        return HttpResponseRedirect(address)


class OidcCallbackView(OtherWaysMixin):
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
        method = Session.Method.OIDC
        proof = Proof(person=identity.person, method=method, auth_date=identity.auth_date)
        if kept["link"] and isinstance(request.user, User):
            return _link(request, request.user, proof)
        return _sign_in_or_ask(request, proof, kept["next"])


class WidgetView(OtherWaysMixin):
    @limit_sign_in
    def get(self, request: HttpRequest) -> HttpResponse:
        """Take the browser back from the Login Widget, whose fields are in the query.

        :raises NotFoundError: the widget is switched off.
        :raises TelegramRefusedError: the fields prove nothing, or ``telegram_login_failed``: it
            was not this browser that pressed the widget.
        """
        if not settings.TELEGRAM_LOGIN_WIDGET:
            raise NotFoundError
        expected = str(request.session.pop(WIDGET_KEY, ""))
        given = request.GET.get("state", "")
        if not expected or not secrets.compare_digest(given.encode(), expected.encode()):
            raise TelegramRefusedError("telegram_login_failed")
        proof = telegram_sign_in.prove_by_widget(request.GET.dict())
        return _sign_in_or_ask(request, proof, next_url(request))


class TelegramIdentityPage(LoginRequiredMixin, TemplateView):
    """Linking with Telegram.

    Context: ``has_oidc``, ``bot_name``; after a POST ``bot_link``, to open in Telegram, or
    ``refusal``, why it was not done.
    """

    request: SignedInRequest
    template_name = "accounts/telegram.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        bot_name = platform_bot_name()
        return super().get_context_data(has_oidc=oidc.is_configured(), bot_name=bot_name, **kwargs)

    @limit_sign_in
    def post(self, request: SignedInRequest) -> HttpResponse:
        """Make a link into the bot, or with ``unlink`` part the account from Telegram.

        Who has shown no credential for long does so first, and comes back here.
        """
        if not _is_fresh(request):
            return ask_to_confirm(request, back=reverse("accounts:telegram"))
        try:
            return self._unlink() if "unlink" in request.POST else self._make_bot_link()
        except AppError as error:
            return _show_linking(request, error)

    def _unlink(self) -> HttpResponse:
        session_id = current_session_id(self.request)
        telegram_linking.unlink_telegram(user_id=self.request.user.pk, session_id=session_id)
        messages.success(self.request, _("Telegram is no longer linked."))
        return redirect("accounts:telegram")

    def _make_bot_link(self) -> HttpResponse:
        bot = get_bot(PLATFORM)
        link = telegram_linking.make_linking_link(
            user=self.request.user, session_id=current_session_id(self.request)
        )
        address = bot_url(bot.username, f"link-{link.token}")
        return self.render_to_response(self.get_context_data(bot_link=address))


def _sign_in_or_ask(request: HttpRequest, proof: Proof, target: str) -> HttpResponse:
    try:
        user = telegram_sign_in.admit(proof)
    except NotSignedInError as error:
        known = find_by_telegram(proof.person.telegram_id)
        if error.error_code != "otp_required" or known is None:
            raise
        return ask_for_code(request, known, target=target, method=proof.method)
    sign_in(request, user, method=proof.method)
    return HttpResponseRedirect(target)


def _link(request: HttpRequest, user: User, proof: Proof) -> HttpResponse:
    session_id = current_session_id(request)
    try:
        telegram_linking.link_telegram(user_id=user.pk, session_id=session_id, proof=proof)
    except AppError as error:
        if error.error_code == "reauthentication_required":
            return ask_to_confirm(request, back=reverse("accounts:telegram"))
        return _show_linking(request, error)
    messages.success(request, _("Telegram is linked."))
    return redirect("accounts:telegram")


def _show_linking(request: HttpRequest, refusal: AppError) -> HttpResponse:
    page = TelegramIdentityPage()
    page.setup(request)
    context = page.get_context_data(refusal=refusal.detail)
    shown = page.render_to_response(context, status=refusal.status)
    for name, value in problem_headers(refusal).items():
        shown.headers[name] = value
    return shown


def _is_fresh(request: HttpRequest) -> bool:
    try:
        require_fresh(current_session_id(request))
    except ForbiddenError:
        return False
    return True


def _callback() -> str:
    return f"{settings.SITE_URL}{reverse('accounts:telegram-callback')}"
