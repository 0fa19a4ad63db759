"""/api/clients: organizations, under the name that the dialogs' clients know."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent
from accounts.api.serializers import (
    ClientChangesIn,
    ClientIn,
    ClientOut,
    OrganizationRefOut,
    organization_ref,
)
from accounts.models import Membership
from accounts.organization_settings import read_fields
from accounts.selectors.organizations import membership_in, memberships_of
from accounts.services.organizations import open_organization, update_organization
from config.lib.drf import AuthedRequest


class ClientListView(APIView):
    @extend_schema(responses=OrganizationRefOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """The caller's organizations, by name."""
        return Response([organization_ref(item) for item in memberships_of(request.user)])

    @extend_schema(request=ClientIn, responses={201: OrganizationRefOut})
    @idempotent
    def post(self, request: AuthedRequest) -> Response:
        """Open an organization of one's own."""
        form = ClientIn(data=request.data)
        form.is_valid(raise_exception=True)
        membership = open_organization(owner=request.user, name=form.validated_data["name"])
        return Response(organization_ref(membership), status=status.HTTP_201_CREATED)


class ClientView(APIView):
    @extend_schema(responses=ClientOut)
    def get(self, request: AuthedRequest, organization_id: uuid.UUID) -> Response:
        """One organization of the caller's."""
        return Response(_client(membership_in(request.user, organization_id)))

    @extend_schema(request=ClientChangesIn, responses=ClientOut)
    def patch(self, request: AuthedRequest, organization_id: uuid.UUID) -> Response:
        """Rename it, change its settings; owners and admins may."""
        form = ClientChangesIn(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        membership = membership_in(request.user, organization_id)
        if form.validated_data:
            membership.organization = update_organization(
                actor=request.user,
                organization_id=organization_id,
                changes=form.validated_data,
            )
        return Response(_client(membership))


def _client(membership: Membership) -> dict[str, object]:
    values = {**organization_ref(membership), **read_fields(membership.organization)}
    return dict(ClientOut(values).data)
