import uuid
from collections.abc import Iterable

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.access import membership_of
from accounts.api.idempotency import idempotent
from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, read_page_query
from dialogs.api.serializers import (
    DialogChangesIn,
    DialogOut,
    DialogPageOut,
    DialogQueryIn,
    MessageIn,
    MessagePageOut,
    MessageQueuedOut,
    MessageWithImageIn,
    MetricsOut,
)
from dialogs.models import Dialog, Message
from dialogs.permissions import IsStaff
from dialogs.selectors.dialogs import (
    DialogFilter,
    get_attached_file_for,
    get_dialog_for,
    list_dialogs,
    list_messages,
)
from dialogs.selectors.documents import dialog_document, message_document
from dialogs.selectors.figures import relay_figures
from dialogs.services.dialogs import Assignee, update_dialog
from dialogs.services.messages import send_message
from dialogs.services.uploads import keep_picture
from integrations.web.files import file_response

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="As `next` and `previous` hold it."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, 20 by default."),
]
ORGANIZATION = OpenApiParameter(
    "X-Organization",
    OpenApiTypes.UUID,
    OpenApiParameter.HEADER,
    description="Which organization, for members of several.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A repeat with the same key gets the first answer and sends nothing.",
)


class DialogListView(APIView):
    @extend_schema(
        parameters=[
            ORGANIZATION,
            DialogQueryIn,
            *PAGE_PARAMETERS,
        ],
        responses=DialogPageOut,
    )
    def get(self, request: AuthedRequest) -> Response:
        """List an organization's dialogs, the one that spoke last first."""
        cursor, limit = read_page_query(request)
        organization = membership_of(request).organization
        page = list_dialogs(organization, wanted=_read_filter(request), cursor=cursor, limit=limit)
        return Response(page_document(request, page, [dialog_document(row) for row in page.rows]))


class DialogView(APIView):
    @extend_schema(responses=DialogOut)
    def get(self, request: AuthedRequest, dialog_id: uuid.UUID) -> Response:
        """Return one dialog."""
        return Response(dialog_document(get_dialog_for(request.user, dialog_id)))

    @extend_schema(request=DialogChangesIn, responses=DialogOut)
    def patch(self, request: AuthedRequest, dialog_id: uuid.UUID) -> Response:
        """Change status, assignee (a member's id, or null) and tags (all of them)."""
        dialog = get_dialog_for(request.user, dialog_id)
        body = DialogChangesIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        changed = update_dialog(
            dialog=dialog,
            status=given.get("status"),
            assignee=Assignee(given["assignee"]) if "assignee" in given else None,
            tags=given.get("tags"),
        )
        return Response(dialog_document(changed))


class MessageListView(APIView):
    @extend_schema(parameters=PAGE_PARAMETERS, responses=MessagePageOut)
    def get(self, request: AuthedRequest, dialog_id: uuid.UUID) -> Response:
        """List a dialog's messages, the newest first."""
        cursor, limit = read_page_query(request)
        dialog = get_dialog_for(request.user, dialog_id)
        page = list_messages(dialog, cursor=cursor, limit=limit)
        rows = [message_document(row, contact=dialog.contact) for row in page.rows]
        return Response(page_document(request, page, rows))

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": MessageIn, "multipart/form-data": MessageWithImageIn},
        responses={202: MessageQueuedOut},
    )
    @idempotent
    def post(self, request: AuthedRequest, dialog_id: uuid.UUID) -> Response:
        """Say something to the contact, or show a picture: JSON, or multipart with ``image``."""
        message = _send(request, get_dialog_for(request.user, dialog_id))
        answer = {"id": message.pk, "status": message.status}
        return Response(answer, status=status.HTTP_202_ACCEPTED)


class _AnyAccept(DefaultContentNegotiation):
    """Whatever a client says it takes: a content has one form alone, and refusals are JSON."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, str(first.media_type)


class MessageAttachmentView(APIView):
    content_negotiation_class = _AnyAccept

    @extend_schema(responses={(200, "image/jpeg"): bytes, (200, "audio/ogg"): bytes})
    def get(self, request: AuthedRequest, dialog_id: uuid.UUID, attachment_id: int) -> HttpResponse:
        """Return a picture or a voice message; parts of it by ``Range``."""
        stored, name = get_attached_file_for(
            request.user, dialog_id=dialog_id, attachment_id=attachment_id
        )
        return file_response(request, stored, name=name)


class MetricsView(APIView):
    permission_classes = [IsAuthenticated, IsStaff]

    @extend_schema(responses=MetricsOut)
    def get(self, request: AuthedRequest) -> Response:
        """Return figures of the relay, for the staff."""
        return Response(relay_figures())


def _read_filter(request: AuthedRequest) -> DialogFilter:
    query = DialogQueryIn(data=request.query_params)
    query.is_valid(raise_exception=True)
    given = query.validated_data
    assignee = given.get("assignee", "")
    return DialogFilter(
        status=given.get("status", ""),
        assignee_id=request.user.pk if assignee == "me" else _number(assignee),
        is_unassigned=assignee == "none",
        tag=given.get("tag", ""),
        is_unread=given.get("unread", False),
        search=given.get("q", ""),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _send(request: AuthedRequest, dialog: Dialog) -> Message:
    has_image = "image" in request.data
    body = (MessageWithImageIn if has_image else MessageIn)(data=request.data)
    body.is_valid(raise_exception=True)
    given = body.validated_data
    return send_message(
        actor=request.user,
        dialog=dialog,
        text=given.get("text", ""),
        image=keep_picture(dialog=dialog, upload=given["image"]) if has_image else None,
    )
