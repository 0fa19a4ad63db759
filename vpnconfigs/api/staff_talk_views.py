"""/api/admin/v1/requests and /news: what staff decide, answer and write."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent
from accounts.api.user_admin_views import IsStaff
from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, paginate, read_page_query
from vpnconfigs.api.config_views import read_body
from vpnconfigs.api.documents import message_document
from vpnconfigs.api.parameters import IDEMPOTENCY_KEY, PAGE
from vpnconfigs.api.serializers import RequestMessageIn, RequestMessageOut, RequestMessagePageOut
from vpnconfigs.api.staff_documents import staff_news_document, staff_request_document
from vpnconfigs.api.staff_serializers import (
    DecisionIn,
    NewsIn,
    PublishIn,
    RequestQuery,
    StaffNewsOut,
    StaffNewsPageOut,
    StaffRequestOut,
    StaffRequestPageOut,
)
from vpnconfigs.models import News
from vpnconfigs.selectors.news import STAFF_ORDER, get_news
from vpnconfigs.selectors.requests import (
    OLDEST_MESSAGE_FIRST,
    SORTS,
    find_requests,
    get_request,
    messages_of,
)
from vpnconfigs.selectors.tariffs import find_tariff
from vpnconfigs.services import news, requests


class StaffRequestListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=[RequestQuery], responses=StaffRequestPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """Requests, filtered, sorted, by pages."""
        query = RequestQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        filters = query.validated_data
        cursor, limit = read_page_query(request)
        page = paginate(
            find_requests(filters), order=SORTS[filters["sort"]], cursor=cursor, limit=limit
        )
        rows = [staff_request_document(row) for row in page.rows]
        return Response(page_document(request, page, rows))


class StaffRequestView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(responses=StaffRequestOut)
    def get(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Return one request."""
        return Response(staff_request_document(get_request(request_id)))


class StaffRequestDecideView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=DecisionIn, responses=StaffRequestOut)
    @idempotent
    def post(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Approve (which provisions or renews), refuse, or close a call for help."""
        asked = get_request(request_id)
        given = read_body(request, DecisionIn)
        match given["decision"]:
            case "approve":
                requests.approve(
                    actor=request.user,
                    request=asked,
                    tariff=find_tariff(given["tariff"]) if given.get("tariff") else None,
                    comment=given["comment"],
                    is_free=given["is_free"],
                )
            case "refuse":
                requests.refuse(actor=request.user, request=asked, comment=given["comment"])
            case _:
                requests.close(actor=request.user, request=asked)
        return Response(staff_request_document(get_request(request_id)))


class StaffRequestReadView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=None, responses={204: None})
    def post(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Note that the staff have read the conversation."""
        requests.mark_read(reader=request.user, request=get_request(request_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class StaffMessageListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=PAGE, responses=RequestMessagePageOut)
    def get(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """List the conversation, the oldest message first."""
        cursor, limit = read_page_query(request)
        rows = messages_of(get_request(request_id))
        page = paginate(rows, order=OLDEST_MESSAGE_FIRST, cursor=cursor, limit=limit)
        return Response(page_document(request, page, [message_document(row) for row in page.rows]))

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=RequestMessageIn, responses={201: RequestMessageOut}
    )
    @idempotent
    def post(self, request: AuthedRequest, request_id: uuid.UUID) -> Response:
        """Answer the customer."""
        asked = get_request(request_id)
        text = read_body(request, RequestMessageIn)["text"]
        message = requests.say(author=request.user, request=asked, text=text)
        return Response(message_document(message), status=status.HTTP_201_CREATED)


class StaffNewsListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=PAGE, responses=StaffNewsPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """List news at every stage, the newest first."""
        cursor, limit = read_page_query(request)
        page = paginate(News.objects.all(), order=STAFF_ORDER, cursor=cursor, limit=limit)
        rows = [staff_news_document(piece) for piece in page.rows]
        return Response(page_document(request, page, rows))

    @extend_schema(request=NewsIn, responses={201: StaffNewsOut})
    def post(self, request: AuthedRequest) -> Response:
        """Write a draft."""
        piece = news.write_news(actor=request.user, fields=read_body(request, NewsIn))
        return Response(staff_news_document(piece), status=status.HTTP_201_CREATED)


class StaffNewsView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(responses=StaffNewsOut)
    def get(self, request: AuthedRequest, news_id: uuid.UUID) -> Response:
        """Return one piece of news."""
        return Response(staff_news_document(get_news(news_id)))

    @extend_schema(request=NewsIn(partial=True), responses=StaffNewsOut)
    def patch(self, request: AuthedRequest, news_id: uuid.UUID) -> Response:
        """Change what it says."""
        get_news(news_id)
        form = NewsIn(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        piece = news.change_news(actor=request.user, news_id=news_id, fields=form.validated_data)
        return Response(staff_news_document(piece))

    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest, news_id: uuid.UUID) -> Response:
        """Delete it."""
        news.delete_news(actor=request.user, news_id=news_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StaffNewsPublishView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=PublishIn, responses=StaffNewsOut)
    def post(self, request: AuthedRequest, news_id: uuid.UUID) -> Response:
        """Publish it now, or at a moment to come."""
        get_news(news_id)
        publish_at = read_body(request, PublishIn).get("publish_at")
        if publish_at is None:
            piece = news.publish_news(actor=request.user, news_id=news_id)
        else:
            piece = news.schedule_news(actor=request.user, news_id=news_id, publish_at=publish_at)
        return Response(staff_news_document(piece))


class StaffNewsWithdrawView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=None, responses=StaffNewsOut)
    def post(self, request: AuthedRequest, news_id: uuid.UUID) -> Response:
        """Make a draft of it again."""
        return Response(
            staff_news_document(news.withdraw_news(actor=request.user, news_id=news_id))
        )
