"""/api/admin/v1/configs: everybody's configs, and what is done to many at once."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent
from accounts.api.user_admin_views import IsStaff
from accounts.services.jobs import cancel_job_as_staff
from config.lib.drf import AuthedRequest
from config.lib.errors import NotFoundError
from config.lib.pagination import page_document, paginate, read_page_query
from vpnconfigs.api.config_views import read_body
from vpnconfigs.api.parameters import IDEMPOTENCY_KEY, PAGE
from vpnconfigs.api.staff_documents import config_row, mass_action_document, mass_row_document
from vpnconfigs.api.staff_serializers import (
    ConfigQuery,
    MassActionIn,
    MassActionOut,
    MassActionPageOut,
    StaffConfigOut,
    StaffConfigPageOut,
)
from vpnconfigs.selectors.mass_actions import IN_ORDER, get_mass_action, rows_of
from vpnconfigs.selectors.staff_configs import SORTS, find_configs, get_rows, list_keys
from vpnconfigs.services.mass_actions import start_mass_action


class StaffConfigListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=[ConfigQuery], responses=StaffConfigPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """Configs, filtered, sorted, by pages."""
        query = ConfigQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        filters = query.validated_data
        cursor, limit = read_page_query(request)
        sort = filters["sort"]
        page = paginate(
            list_keys(filters, sort=sort), order=SORTS[sort], cursor=cursor, limit=limit
        )
        rows = get_rows([key.id for key in page.rows])
        return Response(page_document(request, page, [config_row(row) for row in rows]))


class StaffConfigView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(responses=StaffConfigOut)
    def get(self, request: AuthedRequest, config_id: uuid.UUID) -> Response:
        """Return one config, deleted or not. Its links are its person's alone."""
        rows = get_rows([config_id])
        if not rows:
            raise NotFoundError
        return Response(config_row(rows[0]))


class MassActionListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=MassActionIn, responses={202: MassActionOut}
    )
    @idempotent
    def post(self, request: AuthedRequest) -> Response:
        """Do one thing to many configs: give days, suspend, resume, move, delete, reset traffic."""
        given = read_body(request, MassActionIn)
        wanted = given.get("ids")
        if wanted is None:
            wanted = find_configs(given["filter"]).values_list("pk", flat=True)
        mass = start_mass_action(
            actor=request.user,
            action=given["action"],
            config_ids=wanted,
            days=given["days"],
            inbound=given.get("inbound"),
            reason=given["reason"],
        )
        document = mass_action_document(get_mass_action(mass.job_id))
        return Response(document, status=status.HTTP_202_ACCEPTED)


class MassActionView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=PAGE, responses=MassActionPageOut)
    def get(self, request: AuthedRequest, job_id: uuid.UUID) -> Response:
        """Say how far a mass action is, and what came of each config, by pages."""
        mass = get_mass_action(job_id)
        cursor, limit = read_page_query(request)
        page = paginate(rows_of(mass), order=IN_ORDER, cursor=cursor, limit=limit)
        rows = [mass_row_document(row) for row in page.rows]
        return Response(mass_action_document(mass) | page_document(request, page, rows))


class MassActionCancelView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=None, responses=MassActionOut)
    def post(self, request: AuthedRequest, job_id: uuid.UUID) -> Response:
        """Stop a mass action before its next config."""
        get_mass_action(job_id)
        cancel_job_as_staff(actor=request.user, job_id=job_id)
        return Response(mass_action_document(get_mass_action(job_id)))
