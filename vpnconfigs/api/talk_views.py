"""/api/backend/v1/news and /requests: what customers read, and what they ask."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent
from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, paginate, read_page_query
from vpnconfigs.api.config_views import read_body, wanted_tariff
from vpnconfigs.api.documents import message_document, news_document, request_document
from vpnconfigs.api.parameters import IDEMPOTENCY_KEY, PAGE
from vpnconfigs.api.serializers import (
    NewsPageOut,
    RequestIn,
    RequestMessageIn,
    RequestMessageOut,
    RequestMessagePageOut,
    RequestOut,
    RequestPageOut,
)
from vpnconfigs.models import Request
from vpnconfigs.selectors.configs import get_config_for
from vpnconfigs.selectors.news import PUBLISHED_ORDER, published_news
from vpnconfigs.selectors.requests import (
    NEWEST_FIRST,
    OLDEST_MESSAGE_FIRST,
    get_request_for,
    messages_of,
    requests_of,
)
from vpnconfigs.services import requests
from vpnconfigs.services.news import mark_read


class NewsListView(APIView):
    @extend_schema(parameters=PAGE, responses=NewsPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """List the news, pinned ones first, then the newest."""
        cursor, limit = read_page_query(request)
        rows = published_news(request.user)
        page = paginate(rows, order=PUBLISHED_ORDER, cursor=cursor, limit=limit)
        # ``is_read`` is annotated by the selector.
        results = [news_document(piece, is_read=vars(piece)["is_read"]) for piece in page.rows]
        return Response(page_document(request, page, results))


class NewsReadView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: AuthedRequest, news_id: uuid.UUID) -> Response:
        """Note that the caller has read it."""
        mark_read(user=request.user, news_id=news_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RequestListView(APIView):
    @extend_schema(parameters=PAGE, responses=RequestPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """List what the caller has asked for, the newest first."""
        cursor, limit = read_page_query(request)
        page = paginate(requests_of(request.user), order=NEWEST_FIRST, cursor=cursor, limit=limit)
        return Response(page_document(request, page, [_document(row) for row in page.rows]))

    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=RequestIn, responses={201: RequestOut})
    @idempotent
    def post(self, request: AuthedRequest) -> Response:
        """Ask the staff for a config, a renewal or help."""
        given = read_body(request, RequestIn)
        wanted = given.pop("config", None)
        config = get_config_for(request.user, wanted) if wanted else None
        given["tariff"] = wanted_tariff(given, config)
        asked = requests.ask(user=request.user, config=config, **given)
        return Response(_document(asked), status=status.HTTP_201_CREATED)


class RequestView(APIView):
    @extend_schema(responses=RequestOut)
    def get(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Return a request."""
        return Response(_document(get_request_for(request.user, request_id)))


class RequestWithdrawView(APIView):
    @extend_schema(request=None, responses=RequestOut)
    def post(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Take a request back that is not decided yet."""
        asked = get_request_for(request.user, request_id)
        return Response(_document(requests.withdraw(user=request.user, request=asked)))


class RequestReadView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Note that the caller has read the conversation."""
        asked = get_request_for(request.user, request_id)
        requests.mark_read(reader=request.user, request=asked)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RequestMessageListView(APIView):
    @extend_schema(parameters=PAGE, responses=RequestMessagePageOut)
    def get(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """List the conversation, the oldest message first."""
        cursor, limit = read_page_query(request)
        rows = messages_of(get_request_for(request.user, request_id))
        page = paginate(rows, order=OLDEST_MESSAGE_FIRST, cursor=cursor, limit=limit)
        return Response(page_document(request, page, [message_document(row) for row in page.rows]))

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=RequestMessageIn, responses={201: RequestMessageOut}
    )
    @idempotent
    def post(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Write to the staff."""
        asked = get_request_for(request.user, request_id)
        text = read_body(request, RequestMessageIn)["text"]
        message = requests.say(author=request.user, request=asked, text=text)
        return Response(message_document(message), status=status.HTTP_201_CREATED)


def _document(asked: Request) -> dict[str, object]:
    return request_document(asked, is_unread=asked.is_unread_by_user)
