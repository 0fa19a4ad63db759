"""/api/auth/v1: step-up, the second factor, the end of an account."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fresh import require_fresh_caller, session_id_of
from accounts.api.security_serializers import (
    DeleteIn,
    OtpIn,
    ReauthenticateIn,
    RecoveryCodesOut,
    TotpOut,
    TotpSetupOut,
)
from accounts.limits import limit_sign_in
from accounts.services import totp
from accounts.services.account_deletion import delete_account, require_typed
from accounts.services.lockout import confirm_identity
from accounts.services.step_up import mark_fresh
from config.lib.drf import AuthedRequest


class ReauthenticateView(APIView):
    @extend_schema(request=ReauthenticateIn, responses={204: None})
    @limit_sign_in
    def post(self, request: AuthedRequest) -> Response:
        """Prove once more who is asking, by password or by a code, for the next ten minutes."""
        form = ReauthenticateIn(data=request.data)
        form.is_valid(raise_exception=True)
        confirm_identity(request._request, user=request.user, **form.validated_data)
        session_id = session_id_of(request)
        if session_id is not None:
            mark_fresh(session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TotpView(APIView):
    @extend_schema(responses=TotpOut)
    def get(self, request: AuthedRequest) -> Response:
        """Whether signing in with a password asks for a code as well."""
        return Response(
            TotpOut(
                {
                    "is_on": totp.has_second_factor(request.user),
                    "recovery_codes_left": totp.count_recovery_codes(request.user),
                }
            ).data
        )

    @extend_schema(request=None, responses=TotpSetupOut)
    def post(self, request: AuthedRequest) -> Response:
        """Begin setting up; the secret is the same until it is confirmed. Needs step-up."""
        require_fresh_caller(request)
        return Response(TotpSetupOut(totp.begin_setup(request.user)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest) -> Response:
        """Turn the second factor off. Needs step-up."""
        require_fresh_caller(request)
        totp.turn_off(actor=request.user, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TotpConfirmView(APIView):
    @extend_schema(request=OtpIn, responses=RecoveryCodesOut)
    @limit_sign_in
    def post(self, request: AuthedRequest) -> Response:
        """Turn the second factor on by its first code; the recovery codes are shown this once."""
        require_fresh_caller(request)
        form = OtpIn(data=request.data)
        form.is_valid(raise_exception=True)
        codes = totp.confirm_setup(user=request.user, code=form.validated_data["otp"])
        return Response({"recovery_codes": codes})


class RecoveryCodesView(APIView):
    @extend_schema(request=None, responses=RecoveryCodesOut)
    def post(self, request: AuthedRequest) -> Response:
        """Make new recovery codes; the old ones are worth nothing. Needs step-up."""
        require_fresh_caller(request)
        return Response({"recovery_codes": totp.renew_recovery_codes(request.user)})


class AccountDeleteView(APIView):
    @extend_schema(request=DeleteIn, responses={204: None})
    @limit_sign_in
    def post(self, request: AuthedRequest) -> Response:
        """Delete the caller's account for good. Needs step-up."""
        require_fresh_caller(request)
        form = DeleteIn(data=request.data)
        form.is_valid(raise_exception=True)
        require_typed(request.user, form.validated_data["confirm"])
        delete_account(request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
