"""/api/clients/{id}/invitations and /api/invitations/accept."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent
from accounts.api.serializers import OrganizationRefOut, organization_ref
from accounts.limits import limit_invitations
from accounts.models import Invitation, Membership
from accounts.selectors.invitations import get_invitation_for, list_invitations_for
from accounts.services import invitations
from accounts.services.invitations import invitation_url
from config.lib.drf import AuthedRequest
from config.lib.errors import NotFoundError
from config.lib.pagination import page_document, paginate, read_page_query

_OFFERED = [(role.value, role.label) for role in (Membership.Role.ADMIN, Membership.Role.MANAGER)]


class InvitationIn(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=_OFFERED)
    email = serializers.CharField(max_length=254, allow_blank=True, default="")


class StoredInvitationOut(serializers.ModelSerializer[Invitation]):
    """An invitation without its link: what may be kept as the answer to a key."""

    invited_by = serializers.SerializerMethodField()

    class Meta:
        model = Invitation
        fields: tuple[str, ...] = (
            "id",
            "email",
            "role",
            "invited_by",
            "created_at",
            "expires_at",
        )

    def get_invited_by(self, invitation: Invitation) -> str:
        return invitation.invited_by.display_name if invitation.invited_by else ""


class InvitationOut(StoredInvitationOut):
    """An invitation with its link, for those who may invite."""

    url = serializers.SerializerMethodField()

    class Meta(StoredInvitationOut.Meta):
        fields = (*StoredInvitationOut.Meta.fields, "url")

    def get_url(self, invitation: Invitation) -> str | None:
        try:
            return invitation_url(invitation)
        except NotFoundError:
            return None


class InvitationPageOut(serializers.Serializer[Any]):
    results = InvitationOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class AcceptIn(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=256)


class InvitationListView(APIView):
    @extend_schema(responses=InvitationPageOut)
    def get(self, request: AuthedRequest, organization_id: uuid.UUID) -> Response:
        """The open invitations, the newest first, for owners and admins."""
        cursor, limit = read_page_query(request._request)
        rows = list_invitations_for(request.user, organization_id)
        page = paginate(rows, order=("-created_at", "-id"), cursor=cursor, limit=limit)
        results = InvitationOut(page.rows, many=True).data
        return Response(page_document(request._request, page, results))

    @extend_schema(request=InvitationIn, responses={201: InvitationOut})
    @limit_invitations
    def post(self, request: AuthedRequest, organization_id: uuid.UUID) -> Response:
        """Offer a place; with an address the link is mailed there."""
        answer = self._invite(request, organization_id)
        made = get_invitation_for(request.user, organization_id, answer.data["id"])
        # The answer kept for a repeated key holds no link; it is added again each time.
        answer.data = {**answer.data, "url": InvitationOut(made).data["url"]}
        return answer

    @idempotent
    def _invite(self, request: AuthedRequest, organization_id: uuid.UUID) -> Response:
        list_invitations_for(request.user, organization_id)
        form = InvitationIn(data=request.data)
        form.is_valid(raise_exception=True)
        invitation = invitations.invite(
            actor=request.user, organization_id=organization_id, **form.validated_data
        )
        return Response(StoredInvitationOut(invitation).data, status=status.HTTP_201_CREATED)


class InvitationView(APIView):
    @extend_schema(responses=InvitationOut)
    def get(
        self, request: AuthedRequest, organization_id: uuid.UUID, invitation_id: uuid.UUID
    ) -> Response:
        """One open invitation."""
        invitation = get_invitation_for(request.user, organization_id, invitation_id)
        return Response(InvitationOut(invitation).data)

    @extend_schema(responses={204: None})
    def delete(
        self, request: AuthedRequest, organization_id: uuid.UUID, invitation_id: uuid.UUID
    ) -> Response:
        """Withdraw it: its link opens nothing any more."""
        invitations.withdraw(
            actor=request.user, organization_id=organization_id, invitation_id=invitation_id
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationAcceptView(APIView):
    @extend_schema(request=AcceptIn, responses=OrganizationRefOut)
    def post(self, request: AuthedRequest) -> Response:
        """Take the place that a link's token offers."""
        form = AcceptIn(data=request.data)
        form.is_valid(raise_exception=True)
        membership = invitations.accept(user=request.user, token=form.validated_data["token"])
        return Response(organization_ref(membership))
