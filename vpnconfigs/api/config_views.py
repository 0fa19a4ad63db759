"""/api/backend/v1/configs: a person's configs."""

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import HEADER, idempotent
from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, paginate, read_page_query
from vpnconfigs.api.documents import config_document, config_documents
from vpnconfigs.api.etags import tagged
from vpnconfigs.api.parameters import IDEMPOTENCY_KEY, PAGE
from vpnconfigs.api.serializers import (
    ConfigChangesIn,
    ConfigIn,
    ConfigOut,
    ConfigPageOut,
    MoveIn,
    RenewIn,
)
from vpnconfigs.models import Config, Tariff
from vpnconfigs.selectors.configs import NEWEST_FIRST, configs_of, get_config_for
from vpnconfigs.selectors.tariffs import find_offered
from vpnconfigs.services.configs import create_config, delete_config, rename_config
from vpnconfigs.services.purchases import renew_config
from vpnconfigs.services.upkeep import move_own_config


def read_body(request: AuthedRequest, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """Return what a request holds, checked."""
    body = form(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def wanted_tariff(given: dict[str, Any], config: Config | None = None) -> Tariff | None:
    """Return the tariff that a request names, if it names one."""
    wanted = given.get("tariff")
    return find_offered(wanted, config=config) if wanted else None


def idempotency_key(request: AuthedRequest) -> str:
    return request.headers.get(HEADER, "")


class ConfigListView(APIView):
    @extend_schema(parameters=PAGE, responses=ConfigPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """List the caller's configs, the newest first."""
        cursor, limit = read_page_query(request)
        page = paginate(configs_of(request.user), order=NEWEST_FIRST, cursor=cursor, limit=limit)
        return Response(page_document(request, page, config_documents(page.rows)))

    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=ConfigIn, responses={201: ConfigOut})
    @idempotent
    def post(self, request: AuthedRequest) -> Response:
        """Get a config: bought, had for nothing, or (`requested`) asked for."""
        given = read_body(request, ConfigIn)
        config = create_config(
            user=request.user,
            protocol=given["protocol"],
            tariff=wanted_tariff(given),
            name=given["name"],
            country=given["country"],
            promo_code=given["promo_code"],
            idempotency_key=idempotency_key(request),
        )
        return Response(config_document(config), status=status.HTTP_201_CREATED)


class ConfigView(APIView):
    @extend_schema(responses=ConfigOut)
    def get(self, request: AuthedRequest, config_id: uuid.UUID) -> HttpResponse:
        """Return a config, or 304 to who has it as it is."""
        return tagged(request, config_document(get_config_for(request.user, config_id)))

    @extend_schema(request=ConfigChangesIn, responses=ConfigOut)
    def patch(self, request: AuthedRequest, config_id: uuid.UUID) -> Response:
        """Give a config another name."""
        config = get_config_for(request.user, config_id)
        name = read_body(request, ConfigChangesIn)["name"]
        rename_config(actor=request.user, config=config, name=name)
        return Response(config_document(get_config_for(request.user, config_id)))

    @extend_schema(responses={204: None})
    def delete(self, request: AuthedRequest, config_id: uuid.UUID) -> Response:
        """Delete a config; what is left of its time is lost."""
        delete_config(actor=request.user, config=get_config_for(request.user, config_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConfigRenewView(APIView):
    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=RenewIn, responses=ConfigOut)
    @idempotent
    def post(self, request: AuthedRequest, config_id: uuid.UUID) -> Response:
        """Buy further days; limits and usage begin anew."""
        config = get_config_for(request.user, config_id)
        given = read_body(request, RenewIn)
        renew_config(
            actor=request.user,
            config=config,
            tariff=wanted_tariff(given, config),
            promo_code=given["promo_code"],
            idempotency_key=idempotency_key(request),
        )
        return Response(config_document(get_config_for(request.user, config_id)))


class ConfigMoveView(APIView):
    @extend_schema(request=MoveIn, responses=ConfigOut)
    def post(self, request: AuthedRequest, config_id: uuid.UUID) -> Response:
        """Put a config into another country; its link is another one then."""
        config = get_config_for(request.user, config_id)
        country = read_body(request, MoveIn)["country"]
        move_own_config(actor=request.user, config=config, country=country)
        return Response(config_document(get_config_for(request.user, config_id)))
