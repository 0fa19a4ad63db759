"""/api/clients/{id}/members: who works in an organization."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Membership
from accounts.selectors.members import get_member_for, list_members_for
from accounts.selectors.principals import Principal
from accounts.services import members
from accounts.services.ownership import transfer_ownership
from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, paginate, read_page_query


class MemberOut(serializers.ModelSerializer[Membership]):
    """A member as other members see one."""

    name = serializers.CharField(source="user.display_name")
    email = serializers.EmailField(source="user.email", allow_null=True)
    telegram_username = serializers.CharField(source="user.telegram_username")

    class Meta:
        model = Membership
        fields = ("id", "user_id", "name", "email", "telegram_username", "role", "created_at")


class MemberPageOut(serializers.Serializer[Any]):
    results = MemberOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class MemberIn(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class TransferIn(serializers.Serializer[Any]):
    member_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class MemberListView(APIView):
    @extend_schema(responses=MemberPageOut)
    def get(self, request: AuthedRequest, organization_id: uuid.UUID) -> Response:
        """The members, who came first first."""
        cursor, limit = read_page_query(request._request)
        rows = list_members_for(request.user, organization_id)
        page = paginate(rows, order=("id",), cursor=cursor, limit=limit)
        results = MemberOut(page.rows, many=True).data
        return Response(page_document(request._request, page, results))


class MemberView(APIView):
    @extend_schema(responses=MemberOut)
    def get(self, request: AuthedRequest, organization_id: uuid.UUID, member_id: int) -> Response:
        """One member."""
        return Response(MemberOut(get_member_for(request.user, organization_id, member_id)).data)

    @extend_schema(request=MemberIn, responses=MemberOut)
    def patch(self, request: AuthedRequest, organization_id: uuid.UUID, member_id: int) -> Response:
        """Give another role: an owner to admins and managers. Owners are made by a transfer."""
        get_member_for(request.user, organization_id, member_id)
        form = MemberIn(data=request.data)
        form.is_valid(raise_exception=True)
        member = members.change_role_of(
            actor=request.user,
            organization_id=organization_id,
            member_id=member_id,
            role=form.validated_data["role"],
        )
        return Response(MemberOut(member).data)

    @extend_schema(responses={204: None})
    def delete(
        self, request: AuthedRequest, organization_id: uuid.UUID, member_id: int
    ) -> Response:
        """Take a member out; one's own place: leave."""
        members.remove(actor=request.user, organization_id=organization_id, member_id=member_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class OwnershipView(APIView):
    @extend_schema(request=TransferIn, responses=MemberOut)
    def post(self, request: AuthedRequest, organization_id: uuid.UUID) -> Response:
        """Make another member the owner; needs a sign-in of the last ten minutes."""
        list_members_for(request.user, organization_id)
        form = TransferIn(data=request.data)
        form.is_valid(raise_exception=True)
        session_id = request.auth.session_id if isinstance(request.auth, Principal) else None
        heir = transfer_ownership(
            actor=request.user,
            session_id=session_id,
            organization_id=organization_id,
            member_id=form.validated_data["member_id"],
        )
        return Response(MemberOut(heir).data)
