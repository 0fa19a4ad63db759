"""/api/auth/v1/tokens: keys for programs."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fresh import require_fresh_caller
from accounts.api.security_serializers import (
    ApiTokenIn,
    ApiTokenOut,
    NewApiTokenOut,
    ScopeOut,
)
from accounts.scopes import scope_choices
from accounts.selectors.api_tokens import tokens_of
from accounts.services.api_tokens import create_token, revoke_token
from config.lib.drf import AuthedRequest


class ApiTokenListView(APIView):
    @extend_schema(responses=ApiTokenOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """The caller's tokens, without their keys."""
        return Response(ApiTokenOut(tokens_of(request.user), many=True).data)

    @extend_schema(request=ApiTokenIn, responses={201: NewApiTokenOut})
    def post(self, request: AuthedRequest) -> Response:
        """Make a token; its key is in this answer and nowhere else. Needs step-up.

        It honours no ``Idempotency-Key``: the answer would have to be kept, and the key in it.
        """
        require_fresh_caller(request)
        form = ApiTokenIn(data=request.data)
        form.is_valid(raise_exception=True)
        made = create_token(user=request.user, **form.validated_data)
        body = {**ApiTokenOut(made.token).data, "key": made.key}
        return Response(body, status=status.HTTP_201_CREATED)


class ApiTokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest, token_id: uuid.UUID) -> Response:
        """End a token; it is refused within a second."""
        revoke_token(actor=request.user, token_id=token_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ScopeListView(APIView):
    @extend_schema(responses=ScopeOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """What a token may be allowed."""
        return Response(
            [{"scope": value, "label": str(label)} for value, label, _right in scope_choices()]
        )
