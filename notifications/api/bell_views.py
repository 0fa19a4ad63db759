"""/api/notifications: what the caller was told, and has seen."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, paginate, read_page_query
from notifications.api.serializers import (
    NotificationOut,
    NotificationPageOut,
    ReadAllOut,
    UnreadCountOut,
)
from notifications.selectors.bell import count_unread, notices_of
from notifications.services.bell import mark_all_read, mark_read, show

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="As `next` and `previous` hold it."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, 20 by default."),
]


class NotificationListView(APIView):
    @extend_schema(parameters=PAGE_PARAMETERS, responses=NotificationPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """What the caller was told, the newest first, in the language of the answer."""
        cursor, limit = read_page_query(request)
        notices = notices_of(request.user)
        page = paginate(notices, order=("-id",), cursor=cursor, limit=limit)
        shown = NotificationOut(show(request.user, page.rows), many=True).data
        return Response(page_document(request, page, shown))


class UnreadCountView(APIView):
    @extend_schema(responses=UnreadCountOut)
    def get(self, request: AuthedRequest) -> Response:
        """How many of them the caller has not seen."""
        return Response({"unread": count_unread(request.user)})


class NotificationReadView(APIView):
    @extend_schema(request=None, responses=NotificationOut)
    def post(self, request: AuthedRequest, notification_id: int) -> Response:
        """One of them was seen."""
        notice = mark_read(user=request.user, notification_id=notification_id)
        return Response(NotificationOut(show(request.user, [notice])[0]).data)


class ReadAllView(APIView):
    @extend_schema(request=None, responses=ReadAllOut)
    def post(self, request: AuthedRequest) -> Response:
        """All of them were seen."""
        return Response({"read": mark_all_read(request.user)})
