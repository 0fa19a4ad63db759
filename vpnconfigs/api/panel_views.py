"""/api/admin/v1/panels: where configs stand, and how that is. A SUPERUSER changes, staff look."""

import uuid
from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.user_admin_views import IsStaff
from accounts.models import User
from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, paginate, read_page_query
from vpnconfigs.api.config_views import read_body
from vpnconfigs.api.panel_serializers import (
    InboundChangesIn,
    InboundOut,
    PanelChangesIn,
    PanelIn,
    PanelOut,
    PanelTestOut,
    ReconcileIn,
    ReportOut,
    ReportPageOut,
)
from vpnconfigs.api.parameters import PAGE
from vpnconfigs.api.staff_documents import inbound_document, panel_document, report_document
from vpnconfigs.selectors.panels import (
    NEWEST_REPORT_FIRST,
    get_inbound,
    get_panel,
    inbounds_of,
    list_panels,
    reports_of,
)
from vpnconfigs.services import panels
from vpnconfigs.services.reconciling import reconcile_panel


class IsSuperuserToWrite(IsStaff):
    """Staff look; what holds credentials is changed by a SUPERUSER."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        is_superuser = isinstance(request.user, User) and request.user.role == User.Role.SUPERUSER
        return request.method in ("GET", "HEAD", "OPTIONS") or is_superuser


class PanelListView(APIView):
    permission_classes: tuple[type[BasePermission], ...] = (IsSuperuserToWrite,)

    @extend_schema(responses=PanelOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """List the panels with their states."""
        return Response([panel_document(panel) for panel in list_panels()])

    @extend_schema(request=PanelIn, responses={201: PanelOut})
    def post(self, request: AuthedRequest) -> Response:
        """Add a panel; it is looked at right away, and nothing is sold from it yet."""
        panel = panels.add_panel(actor=request.user, **read_body(request, PanelIn))
        return Response(panel_document(get_panel(panel.pk)), status=status.HTTP_201_CREATED)


class PanelView(APIView):
    permission_classes: tuple[type[BasePermission], ...] = (IsSuperuserToWrite,)

    @extend_schema(responses=PanelOut)
    def get(self, request: AuthedRequest, panel_id: uuid.UUID) -> Response:
        """Return one panel."""
        return Response(panel_document(get_panel(panel_id)))

    @extend_schema(request=PanelChangesIn(partial=True), responses=PanelOut)
    def patch(self, request: AuthedRequest, panel_id: uuid.UUID) -> Response:
        """Change a panel; another address wants the credentials anew."""
        get_panel(panel_id)
        form = PanelChangesIn(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changes = panels.PanelChanges(**form.validated_data)
        panels.change_panel(actor=request.user, panel_id=panel_id, changes=changes)
        return Response(panel_document(get_panel(panel_id)))

    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest, panel_id: uuid.UUID) -> Response:
        """Forget a panel on which no config stands."""
        panels.delete_panel(actor=request.user, panel_id=panel_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PanelTestView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=None, responses=PanelTestOut)
    def post(self, request: AuthedRequest, panel_id: uuid.UUID) -> Response:
        """Sign in to a panel now, and say what came of it."""
        return Response(asdict(panels.test_panel(actor=request.user, panel_id=panel_id)))


class PanelReconcileView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=ReconcileIn, responses=ReportOut)
    def post(self, request: AuthedRequest, panel_id: uuid.UUID) -> Response:
        """Compare a panel with our configs now, and repair what is ours unless only looking."""
        get_panel(panel_id)
        dry_run = read_body(request, ReconcileIn)["dry_run"]
        report = reconcile_panel(panel_id, dry_run=dry_run, actor=request.user)
        return Response(report_document(report))


class PanelReportListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=PAGE, responses=ReportPageOut)
    def get(self, request: AuthedRequest, panel_id: uuid.UUID) -> Response:
        """List what comparisons have found, the latest first."""
        cursor, limit = read_page_query(request)
        rows = reports_of(get_panel(panel_id))
        page = paginate(rows, order=NEWEST_REPORT_FIRST, cursor=cursor, limit=limit)
        return Response(page_document(request, page, [report_document(row) for row in page.rows]))


class InboundListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(responses=InboundOut(many=True))
    def get(self, request: AuthedRequest, panel_id: uuid.UUID) -> Response:
        """List a panel's inbounds."""
        rows = inbounds_of(get_panel(panel_id))
        return Response([inbound_document(row) for row in rows])


class InboundView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=InboundChangesIn, responses=InboundOut)
    def patch(self, request: AuthedRequest, panel_id: uuid.UUID, inbound_id: int) -> Response:
        """Say what is sold from an inbound, how many configs fit, and what customers call it."""
        inbound = get_inbound(get_panel(panel_id), inbound_id)
        changes = panels.InboundChanges(**read_body(request, InboundChangesIn))
        panels.change_inbound(actor=request.user, inbound_id=inbound.pk, changes=changes)
        fresh = get_inbound(get_panel(panel_id), inbound_id)
        return Response(inbound_document(fresh))
