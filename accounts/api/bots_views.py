"""/auth: the same sign-in for the clients of the bots' console, in camelCase."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.access import HEADER, membership_of
from accounts.api.auth_views import PublicView
from accounts.api.serializers import (
    BotsLoginIn,
    BotsRefreshIn,
    BotsRegisterIn,
    BotsSignedInOut,
    BotsUserOut,
)
from accounts.api.sign_in import SignIn, sign_in
from accounts.limits import limit_sign_in
from accounts.models import User
from accounts.services.lockout import authenticate_person
from accounts.services.registration import NewPerson, register
from accounts.services.sessions import refresh
from accounts.services.totp import require_second_factor
from config.lib.drf import AuthedRequest


class BotsRegisterView(PublicView):
    @extend_schema(request=BotsRegisterIn, responses={201: BotsSignedInOut})
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Make a person who owns an organization, and sign them in."""
        form = BotsRegisterIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        person = NewPerson(
            email=data["email"],
            password=data["password"],
            first_name=data["firstName"],
            last_name=data["lastName"],
        )
        user = register(person, organization_name="")
        return Response(_signed_in(sign_in(request, user)), status=status.HTTP_201_CREATED)


class BotsLoginView(PublicView):
    @extend_schema(request=BotsLoginIn, responses=BotsSignedInOut)
    @limit_sign_in
    def post(self, request: Request) -> Response:
        """Sign in by e-mail address."""
        form = BotsLoginIn(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        user = authenticate_person(request._request, login=data["email"], password=data["password"])
        require_second_factor(user, data["otp"])
        return Response(_signed_in(sign_in(request, user)))


class BotsRefreshView(PublicView):
    @extend_schema(request=BotsRefreshIn, responses=BotsSignedInOut)
    def post(self, request: Request) -> Response:
        """Swap a refresh token for a new pair."""
        form = BotsRefreshIn(data=request.data)
        form.is_valid(raise_exception=True)
        tokens = refresh(form.validated_data["refreshToken"])
        user = User.objects.get(pk=tokens.user_id)
        return Response(_signed_in(SignIn(tokens, user)))


class BotsMeView(APIView):
    @extend_schema(responses=BotsUserOut)
    def get(self, request: AuthedRequest) -> Response:
        """Who the bearer is, with the role in the organization of ``X-Organization``."""
        context = {}
        if request.headers.get(HEADER):
            context["organization_id"] = membership_of(request).organization_id
        return Response(BotsUserOut(request.user, context=context).data)


def _signed_in(result: SignIn) -> dict[str, object]:
    return {
        "accessToken": result.tokens.access_token,
        "refreshToken": result.tokens.refresh_token,
        "user": BotsUserOut(result.user).data,
    }
