"""Signing in with Telegram, and with what its bots hand out."""

import hmac
import uuid
from collections.abc import Mapping
from http import HTTPStatus

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.auth_views import PublicView
from accounts.api.client import bot_name_of, client_of
from accounts.api.serializers import MeOut, SignedInOut, TokensOut
from accounts.api.telegram_serializers import (
    AdminLoginIn,
    ExchangeIn,
    InitDataIn,
    MasterLinkIn,
    MasterLinkOut,
    TelegramLinkIn,
    WidgetIn,
)
from accounts.limits import limit_sign_in
from accounts.models import Session, User
from accounts.selectors.principals import Principal
from accounts.services import telegram_linking, telegram_sign_in
from accounts.services.lockout import authenticate_person
from accounts.services.sessions import issue_tokens, open_session
from accounts.services.telegram_sign_in import Opened, Proof
from accounts.services.totp import require_second_factor
from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.person import TelegramPerson
from config.lib.drf import AuthedRequest
from config.lib.errors import ForbiddenError, InputError, NotFoundError, NotSignedInError

_UNSIGNED = OpenApiResponse(description="The data proves nobody's identity; `code` says why.")


class TelegramLoginView(PublicView):
    @extend_schema(request=InitDataIn, responses={200: SignedInOut, 401: _UNSIGNED})
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Sign in by a Mini App's initData; the same string finds the same session again."""
        form = InitDataIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        proof = telegram_sign_in.prove_by_init_data(
            data["init_data"], bot_name=data["bot"] or bot_name_of(request)
        )
        opened = telegram_sign_in.sign_in(proof, client=client_of(request), otp=data["otp"])
        return Response(_signed_in(opened))


class WidgetLoginView(PublicView):
    @extend_schema(request=WidgetIn, responses={200: SignedInOut, 401: _UNSIGNED})
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Sign in by the Login Widget's fields. The access token lives as long as `JWT_EXPIRES`."""
        body = _object(request)
        proof = telegram_sign_in.prove_by_widget(body)
        otp = str(body.get("otp") or "")
        opened = telegram_sign_in.sign_in(proof, client=client_of(request), otp=otp)
        return Response(_signed_in(opened, ttl_seconds=settings.JWT_EXPIRES_SECONDS))


class AdminLoginView(PublicView):
    @extend_schema(request=AdminLoginIn, responses=SignedInOut)
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Sign staff in. The access token lives as long as `JWT_EXPIRES` says."""
        form = AdminLoginIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        user = authenticate_person(request._request, login=data["login"], password=data["password"])
        if not user.is_staff:
            raise ForbiddenError
        require_second_factor(user, data["otp"])
        return Response(_open(request, user, method=Session.Method.PASSWORD))


class MasterLinkView(PublicView):
    @extend_schema(request=MasterLinkIn, responses={201: MasterLinkOut})
    def post(self, request: Request) -> Response:
        """Make a sign-in link for a person in Telegram. The bearer is `MASTER_SERVICE_TOKEN`."""
        _check_service_token(request)
        form = MasterLinkIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        person = TelegramPerson(
            telegram_id=data["telegram_user_id"],
            username=data.get("username") or "",
            first_name=data.get("first_name") or "",
        )
        link = telegram_sign_in.make_sign_in_link(person)
        body = {"link_token": link.token, "url": link.url, "expires_at": link.expires_at}
        return Response(MasterLinkOut(body).data, status=HTTPStatus.CREATED)


class MasterExchangeView(PublicView):
    @extend_schema(request=ExchangeIn, responses={200: SignedInOut, 401: _UNSIGNED})
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Swap a sign-in link for an access token. A new person becomes an organization's owner."""
        form = ExchangeIn(data=request.data)
        form.is_valid(raise_exception=True)
        user = telegram_sign_in.exchange_link(**form.validated_data)
        return Response(_open(request, user, method=Session.Method.LINK))


class TelegramIdentityView(APIView):
    @extend_schema(request=TelegramLinkIn, responses=MeOut)
    def post(self, request: AuthedRequest) -> Response:
        """Link the bearer's account with a person in Telegram; both sides freshly proven."""
        form = TelegramLinkIn(data=request.data)
        form.is_valid(raise_exception=True)
        proof = _proof_of(form.validated_data)
        user = telegram_linking.link_telegram(
            user_id=request.user.pk, session_id=_session_id(request), proof=proof
        )
        return Response(MeOut(user).data)

    @extend_schema(responses=MeOut)
    def delete(self, request: AuthedRequest) -> Response:
        """Take the link to Telegram away, if another way in remains."""
        user = telegram_linking.unlink_telegram(
            user_id=request.user.pk, session_id=_session_id(request)
        )
        return Response(MeOut(user).data)


def _proof_of(data: Mapping[str, object]) -> Proof:
    if data.get("init_data"):
        return telegram_sign_in.prove_by_init_data(str(data["init_data"]))
    widget = data.get("widget")
    if isinstance(widget, Mapping):
        return telegram_sign_in.prove_by_widget(widget)
    raise InputError


def _session_id(request: AuthedRequest) -> uuid.UUID | None:
    return request.auth.session_id if isinstance(request.auth, Principal) else None


def _object(request: Request) -> Mapping[str, object]:
    """Return the body as it came: the widget's values are signed as they are."""
    if not isinstance(request.data, Mapping):
        raise TelegramRefusedError("telegram_data_malformed")
    return request.data


def _check_service_token(request: Request) -> None:
    expected = settings.MASTER_SERVICE_TOKEN
    if not expected:
        raise NotFoundError
    scheme, _separator, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), expected.encode())
    if scheme.lower() != "bearer" or not is_right:
        raise NotSignedInError(_("This is not the service token."), code="token_invalid")


def _open(request: Request, user: User, *, method: str) -> dict[str, object]:
    client = client_of(request)
    session = open_session(user=user, method=method, ip=client.ip, user_agent=client.user_agent)
    opened = Opened(session, session.created_at)
    return _signed_in(opened, ttl_seconds=settings.JWT_EXPIRES_SECONDS)


def _signed_in(opened: Opened, *, ttl_seconds: int | None = None) -> dict[str, object]:
    tokens = issue_tokens(opened.session, now=opened.now, ttl_seconds=ttl_seconds)
    return {**TokensOut(tokens).data, "user": MeOut(opened.session.user).data}
