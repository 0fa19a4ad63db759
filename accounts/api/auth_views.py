"""/api/auth/v1: sign-in, the person, their sessions."""

import uuid
from collections.abc import Sequence

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.serializers import (
    LoginIn,
    LogoutIn,
    MeIn,
    MeOut,
    RefreshIn,
    RegisterIn,
    SessionOut,
    SignedInOut,
    TokensOut,
)
from accounts.api.sign_in import SignIn, sign_in
from accounts.limits import limit_sign_in
from accounts.selectors.principals import Principal
from accounts.selectors.sessions import live_sessions_of
from accounts.services.lockout import authenticate_person
from accounts.services.people import update_profile
from accounts.services.registration import NewPerson, register
from accounts.services.sessions import refresh, revoke_by_token, revoke_session, revoke_session_of
from accounts.services.totp import require_second_factor
from config.lib.drf import AuthedRequest


class PublicView(APIView):
    """Open to everybody; a stale bearer must not keep anybody from signing in."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes = (AllowAny,)


class RegisterView(PublicView):
    @extend_schema(request=RegisterIn, responses={201: SignedInOut})
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Make a person and sign them in."""
        form = RegisterIn(data=request.data)
        form.is_valid(raise_exception=True)
        user = register(NewPerson(**form.validated_data))
        return Response(_signed_in(sign_in(request, user)), status=status.HTTP_201_CREATED)


class LoginView(PublicView):
    @extend_schema(request=LoginIn, responses=SignedInOut)
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Sign in by e-mail address or user name, and by a code where the person asks for one."""
        form = LoginIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        user = authenticate_person(request._request, login=data["login"], password=data["password"])
        require_second_factor(user, data["otp"])
        return Response(_signed_in(sign_in(request, user)))


class RefreshView(PublicView):
    @extend_schema(request=RefreshIn, responses=TokensOut)
    def post(self, request: Request) -> Response:
        """Swap a refresh token for a new pair."""
        form = RefreshIn(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(TokensOut(refresh(form.validated_data["refresh_token"])).data)


class LogoutView(PublicView):
    authentication_classes = APIView.authentication_classes

    @extend_schema(request=LogoutIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session of the bearer, or of the refresh token in the body."""
        form = LogoutIn(data=request.data)
        form.is_valid(raise_exception=True)
        if isinstance(request.auth, Principal):
            revoke_session(session_id=request.auth.session_id)
        elif token := form.validated_data.get("refresh_token"):
            revoke_by_token(token)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    @extend_schema(responses=MeOut)
    def get(self, request: AuthedRequest) -> Response:
        """Who the bearer is."""
        return Response(MeOut(request.user).data)

    @extend_schema(request=MeIn, responses=MeOut)
    def patch(self, request: AuthedRequest) -> Response:
        """Change names, language, time zone or theme."""
        form = MeIn(data=request.data)
        form.is_valid(raise_exception=True)
        update_profile(user=request.user, changes=form.validated_data)
        return Response(MeOut(request.user).data)


class SessionListView(APIView):
    @extend_schema(responses=SessionOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """Where the bearer's person is signed in."""
        context = {"principal": request.auth}
        return Response(SessionOut(live_sessions_of(request.user), many=True, context=context).data)


class SessionView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest, session_id: uuid.UUID) -> Response:
        """End one session."""
        revoke_session_of(actor=request.user, session_id=session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _signed_in(result: SignIn) -> dict[str, object]:
    return {**TokensOut(result.tokens).data, "user": MeOut(result.user).data}
