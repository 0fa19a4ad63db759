import uuid

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
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
    MessageIn,
    MessagePageOut,
    MessageQueuedOut,
    MetricsOut,
)
from dialogs.models import Dialog
from dialogs.permissions import IsStaff
from dialogs.selectors.dialogs import get_dialog_for, list_dialogs, list_messages
from dialogs.selectors.documents import dialog_document, message_document
from dialogs.selectors.figures import relay_figures
from dialogs.services.dialogs import Assignee, update_dialog
from dialogs.services.messages import send_message

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
            OpenApiParameter("status", OpenApiTypes.STR, enum=Dialog.Status.values),
            *PAGE_PARAMETERS,
        ],
        responses=DialogPageOut,
    )
    def get(self, request: AuthedRequest) -> Response:
        """List an organization's dialogs, the one that spoke last first."""
        cursor, limit = read_page_query(request)
        page = list_dialogs(
            membership_of(request).organization,
            status=request.query_params.get("status"),
            cursor=cursor,
            limit=limit,
        )
        return Response(page_document(request, page, [dialog_document(row) for row in page.rows]))


class DialogView(APIView):
    @extend_schema(responses=DialogOut)
    def get(self, request: AuthedRequest, dialog_id: uuid.UUID) -> Response:
        """Return one dialog."""
        return Response(dialog_document(get_dialog_for(request.user, dialog_id)))

    @extend_schema(request=DialogChangesIn, responses=DialogOut)
    def patch(self, request: AuthedRequest, dialog_id: uuid.UUID) -> Response:
        """Change status and assignee (a member's id, or null)."""
        dialog = get_dialog_for(request.user, dialog_id)
        body = DialogChangesIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        changed = update_dialog(
            dialog=dialog,
            status=given.get("status"),
            assignee=Assignee(given["assignee"]) if "assignee" in given else None,
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
        parameters=[IDEMPOTENCY_KEY], request=MessageIn, responses={202: MessageQueuedOut}
    )
    @idempotent
    def post(self, request: AuthedRequest, dialog_id: uuid.UUID) -> Response:
        """Say something to the contact."""
        dialog = get_dialog_for(request.user, dialog_id)
        body = MessageIn(data=request.data)
        body.is_valid(raise_exception=True)
        message = send_message(actor=request.user, dialog=dialog, text=body.validated_data["text"])
        answer = {"id": message.pk, "status": message.status}
        return Response(answer, status=status.HTTP_202_ACCEPTED)


class MetricsView(APIView):
    permission_classes = [IsAuthenticated, IsStaff]

    @extend_schema(responses=MetricsOut)
    def get(self, request: AuthedRequest) -> Response:
        """Return figures of the relay, for the staff."""
        return Response(relay_figures())
