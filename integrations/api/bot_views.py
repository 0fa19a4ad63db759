"""Bots on three wires: /api/bots, /bots in camelCase, /api/v1/telegram/bots with settings."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.access import membership_of
from accounts.api.idempotency import idempotent_outside
from accounts.selectors.organizations import may_manage
from config.lib.drf import AuthedRequest
from config.lib.errors import ForbiddenError
from config.lib.pagination import page_document, paginate, read_page_query
from integrations.api import serializers as shapes
from integrations.models import Bot
from integrations.selectors.bots import get_bot_for, list_bots
from integrations.services import bots as service
from integrations.services.bots import BotChanges

V = TypeVar("V", bound=type[APIView])

ORDER = ("-created_at", "id")
PAGE_PARAMETERS = [
    OpenApiParameter("limit", int, description="1 to 100"),
    OpenApiParameter("cursor", str, description="as `next` and `previous` hold it"),
]


class _Wire(APIView):
    shape_in: ClassVar[type[serializers.Serializer[Any]]] = shapes.BotIn
    shape_out: ClassVar[type[serializers.ModelSerializer[Bot]]] = shapes.BotOut

    def render(self, bots: Sequence[Bot]) -> list[dict[str, Any]]:
        """Return the wire shapes of ``bots``."""
        context = shapes.with_totals(bots)
        return [dict(self.shape_out(bot, context=context).data) for bot in bots]

    def answer(self, bot: Bot, *, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.render([bot])[0], status=code)

    def read(self, request: AuthedRequest, *, partial: bool = False) -> dict[str, Any]:
        form = self.shape_in(data=request.data, partial=partial)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)


class _BotList(_Wire):
    def get(self, request: AuthedRequest) -> Response:
        """The organization's bots, the newest first."""
        bots = list_bots(membership_of(request).organization)
        cursor, limit = read_page_query(request)
        page = paginate(bots, order=ORDER, cursor=cursor, limit=limit)
        return Response(page_document(request, page, self.render(page.rows)))

    @idempotent_outside
    def post(self, request: AuthedRequest) -> Response:
        """Connect a bot by its token; its webhook is set."""
        membership = membership_of(request)
        if not may_manage(membership):
            raise ForbiddenError
        given = self.read(request)
        bot = service.create_bot(
            actor=request.user,
            organization=membership.organization,
            **{"name": "", **given},
        )
        return self.answer(bot, code=status.HTTP_201_CREATED)


class _BotDetail(_Wire):
    def get(self, request: AuthedRequest, bot_id: uuid.UUID) -> Response:
        """One bot."""
        return self.answer(get_bot_for(request.user, bot_id))

    def patch(self, request: AuthedRequest, bot_id: uuid.UUID) -> Response:
        """Change what is given; a token must be the same bot's."""
        bot = get_bot_for(request.user, bot_id, can_manage=True)
        given = self.read(request, partial=True)
        if "group_chat_id" in given:
            given["group_chat_id"] = given["group_chat_id"] or 0
        changes = BotChanges(**given)
        return self.answer(service.update_bot(actor=request.user, bot=bot, changes=changes))

    def delete(self, request: AuthedRequest, bot_id: uuid.UUID) -> Response:
        """Remove a bot and what hangs on it."""
        bot = get_bot_for(request.user, bot_id, can_manage=True)
        service.delete_bot(actor=request.user, bot=bot)
        return Response(status=status.HTTP_204_NO_CONTENT)


class _Activation(_Wire):
    def post(self, request: AuthedRequest, bot_id: uuid.UUID) -> Response:
        """Switch a bot on; what waited for it goes out."""
        bot = get_bot_for(request.user, bot_id, can_manage=True)
        return self.answer(service.activate_bot(actor=request.user, bot=bot))

    patch = post


class _Deactivation(_Wire):
    def post(self, request: AuthedRequest, bot_id: uuid.UUID) -> Response:
        """Switch a bot off; what is to go out waits."""
        bot = get_bot_for(request.user, bot_id, can_manage=True)
        return self.answer(service.deactivate_bot(actor=request.user, bot=bot))

    patch = post


class _Camel(_Wire):
    shape_in = shapes.CamelBotIn
    shape_out = shapes.CamelBotOut


class _Integration(_Wire):
    shape_in = shapes.IntegrationBotIn
    shape_out = shapes.IntegrationBotOut


def _list_schema(wire: type[_Wire], page_out: Any) -> Callable[[V], V]:
    return extend_schema_view(
        get=extend_schema(responses=page_out, parameters=PAGE_PARAMETERS),
        post=extend_schema(request=wire.shape_in, responses={201: wire.shape_out}),
    )


def _detail_schema(wire: type[_Wire]) -> Callable[[V], V]:
    return extend_schema_view(
        get=extend_schema(responses=wire.shape_out),
        patch=extend_schema(request=wire.shape_in, responses=wire.shape_out),
        delete=extend_schema(responses={204: None}),
    )


def _switch_schema(wire: type[_Wire]) -> Callable[[V], V]:
    switched = extend_schema(request=None, responses=wire.shape_out)
    return extend_schema_view(post=switched, patch=switched)


@_list_schema(_Wire, shapes.BotPageOut)
class BotListView(_BotList):
    pass


@_detail_schema(_Wire)
class BotView(_BotDetail):
    pass


@_switch_schema(_Wire)
class BotActivationView(_Activation):
    pass


@_switch_schema(_Wire)
class BotDeactivationView(_Deactivation):
    pass


@_list_schema(_Camel, shapes.CamelBotPageOut)
class CamelBotListView(_Camel, _BotList):
    pass


@_detail_schema(_Camel)
class CamelBotView(_Camel, _BotDetail):
    pass


@_switch_schema(_Camel)
class CamelBotActivationView(_Camel, _Activation):
    pass


@_switch_schema(_Camel)
class CamelBotDeactivationView(_Camel, _Deactivation):
    pass


@_list_schema(_Integration, shapes.IntegrationBotPageOut)
class IntegrationBotListView(_Integration, _BotList):
    pass


@_detail_schema(_Integration)
class IntegrationBotView(_Integration, _BotDetail):
    pass
