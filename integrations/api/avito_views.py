"""/api/avito/accounts."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.access import membership_of
from accounts.api.idempotency import idempotent_outside
from accounts.models import User
from accounts.selectors.organizations import may_manage
from config.lib.drf import AuthedRequest
from config.lib.errors import ForbiddenError
from config.lib.pagination import page_document, paginate, read_page_query
from integrations.api.bot_views import ORDER, PAGE_PARAMETERS
from integrations.api.serializers import (
    AvitoAccountChangesIn,
    AvitoAccountIn,
    AvitoAccountOut,
    AvitoAccountPageOut,
)
from integrations.models import Bot
from integrations.selectors.avito_accounts import get_avito_account_for, list_avito_accounts
from integrations.selectors.bots import get_bot_for
from integrations.services import avito_accounts as service
from integrations.services.avito_accounts import AvitoAccountChanges


class AvitoAccountListView(APIView):
    @extend_schema(responses=AvitoAccountPageOut, parameters=PAGE_PARAMETERS)
    def get(self, request: AuthedRequest) -> Response:
        """The organization's Avito accounts, the newest first."""
        accounts = list_avito_accounts(membership_of(request).organization)
        cursor, limit = read_page_query(request)
        page = paginate(accounts, order=ORDER, cursor=cursor, limit=limit)
        return Response(page_document(request, page, AvitoAccountOut(page.rows, many=True).data))

    @extend_schema(request=AvitoAccountIn, responses={201: AvitoAccountOut})
    @idempotent_outside
    def post(self, request: AuthedRequest) -> Response:
        """Connect an account by its keys; its messages start to come."""
        membership = membership_of(request)
        if not may_manage(membership):
            raise ForbiddenError
        form = AvitoAccountIn(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        account = service.create_avito_account(
            actor=request.user,
            organization=membership.organization,
            name=given.get("name", ""),
            api_client_id=given["api_client_id"],
            api_client_secret=given["api_client_secret"],
            bot=_bot(request.user, given.get("bot_id")),
        )
        return Response(AvitoAccountOut(account).data, status=status.HTTP_201_CREATED)


class AvitoAccountView(APIView):
    @extend_schema(responses=AvitoAccountOut)
    def get(self, request: AuthedRequest, account_id: uuid.UUID) -> Response:
        """One account; never its secret."""
        return Response(AvitoAccountOut(get_avito_account_for(request.user, account_id)).data)

    @extend_schema(request=AvitoAccountChangesIn, responses=AvitoAccountOut)
    def patch(self, request: AuthedRequest, account_id: uuid.UUID) -> Response:
        """Change what is given; new keys must be the same account's."""
        account = get_avito_account_for(request.user, account_id, can_manage=True)
        form = AvitoAccountChangesIn(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        account = service.update_avito_account(
            actor=request.user, account=account, changes=_changes(request.user, form.validated_data)
        )
        return Response(AvitoAccountOut(account).data)

    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest, account_id: uuid.UUID) -> Response:
        """Disconnect an account."""
        account = get_avito_account_for(request.user, account_id, can_manage=True)
        service.delete_avito_account(actor=request.user, account=account)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _bot(actor: User, bot_id: uuid.UUID | None) -> Bot | None:
    return get_bot_for(actor, bot_id) if bot_id else None


def _changes(actor: User, given: dict[str, Any]) -> AvitoAccountChanges:
    bot = _bot(actor, given.get("bot_id"))
    rest = {name: value for name, value in given.items() if name != "bot_id"}
    return AvitoAccountChanges(bot=bot, no_bot="bot_id" in given and bot is None, **rest)
