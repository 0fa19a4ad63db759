"""/api/auth/v1: the e-mail address and the password."""

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.auth_views import PublicView
from accounts.api.fresh import require_fresh_caller, session_id_of
from accounts.api.security_serializers import (
    AccessTokenOut,
    EmailIn,
    EmailOut,
    LinkTokenIn,
    PasswordChangeIn,
    ResetConfirmIn,
)
from accounts.limits import limit_mail, limit_sign_in
from accounts.models import User
from accounts.services import email_links, password_reset
from accounts.services.lockout import confirm_password
from accounts.tokens import Claims, encode_access_token
from config.lib.drf import AuthedRequest
from config.lib.errors import InputError


class EmailVerifyView(PublicView):
    @extend_schema(request=LinkTokenIn, responses=EmailOut)
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Use a link from a mail: it proves an address, or changes it to the one it went to."""
        form = LinkTokenIn(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(EmailOut(_verify_or_change(form.validated_data["token"])).data)


class EmailResendView(APIView):
    @extend_schema(request=None, responses={202: None})
    @limit_mail
    def post(self, request: AuthedRequest) -> Response:
        """Mail the link that proves the caller's address once more."""
        email_links.ask_to_verify(User.objects.get(pk=request.user.pk))
        return Response(status=status.HTTP_202_ACCEPTED)


class EmailChangeView(APIView):
    @extend_schema(request=EmailIn, responses={202: None})
    @limit_mail
    def post(self, request: AuthedRequest) -> Response:
        """Mail a link to a new address, which counts once the link is used. Needs step-up."""
        require_fresh_caller(request)
        form = EmailIn(data=request.data)
        form.is_valid(raise_exception=True)
        email_links.ask_to_change(user=request.user, email=form.validated_data["email"])
        return Response(status=status.HTTP_202_ACCEPTED)


class PasswordResetView(PublicView):
    @extend_schema(request=EmailIn, responses={202: None})
    @limit_mail
    def post(self, request: Request) -> Response:
        """Mail a link to set a new password; the answer is the same for an unknown address."""
        form = EmailIn(data=request.data)
        form.is_valid(raise_exception=True)
        password_reset.ask_for_reset(form.validated_data["email"])
        return Response(status=status.HTTP_202_ACCEPTED)


class PasswordResetConfirmView(PublicView):
    @extend_schema(request=ResetConfirmIn, responses={204: None})
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Set a new password by a link; everything that was signed in ends."""
        form = ResetConfirmIn(data=request.data)
        form.is_valid(raise_exception=True)
        password_reset.reset_password(**form.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordChangeView(APIView):
    @extend_schema(request=PasswordChangeIn, responses=AccessTokenOut)
    @limit_sign_in
    def post(self, request: AuthedRequest) -> Response:
        """Replace the password; other sessions end, and this one gets a new access token."""
        form = PasswordChangeIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        if request.user.has_usable_password():
            confirm_password(request._request, user=request.user, password=data["current_password"])
        else:
            require_fresh_caller(request)
        session_id = session_id_of(request)
        user = password_reset.change_password(
            user_id=request.user.pk, password=data["password"], keep=session_id
        )
        if session_id is None:
            raise TypeError("Programs cannot reach this view.")
        token = encode_access_token(
            Claims(user.pk, session_id, user.token_version), now=timezone.now()
        )
        seconds = settings.ACCESS_TOKEN_TTL_SECONDS
        return Response(AccessTokenOut({"access_token": token, "expires_in": seconds}).data)


def _verify_or_change(token: str) -> User:
    try:
        return email_links.verify_email(token)
    except InputError:
        return email_links.change_email(token)
