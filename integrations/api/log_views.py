"""/api/v1/telegram/logs and /stats/errors: the log in the shape that its clients know."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.access import membership_of
from config.lib.drf import AuthedRequest
from integrations.models import IntegrationLog
from integrations.selectors.log import (
    SOURCES,
    LogFilter,
    account_names,
    count_log,
    list_log,
    text_of,
    title_of,
)

# What the clients call our levels; what ended neither well nor badly is "pending" to them.
STATUSES = {
    IntegrationLog.Level.INFO: "success",
    IntegrationLog.Level.ERROR: "error",
    IntegrationLog.Level.WARNING: "pending",
}
_LEVELS = {status: level for level, status in STATUSES.items()}
_MOST_DAYS = 3650
_MOST_PAGES = 10_000


class LogQueryIn(serializers.Serializer[Any]):
    integration_type = serializers.ChoiceField(list(SOURCES), default="telegram")
    log_status = serializers.ChoiceField(list(_LEVELS), required=False)
    days_back = serializers.IntegerField(min_value=1, max_value=_MOST_DAYS, default=30)
    page = serializers.IntegerField(min_value=1, max_value=_MOST_PAGES, default=1)
    size = serializers.IntegerField(min_value=1, max_value=100, default=20)


class LogDetailsOut(serializers.Serializer[Any]):
    level = serializers.ChoiceField(IntegrationLog.Level.choices)
    title = serializers.CharField(help_text="What happened, in the reader's language.")
    text = serializers.CharField()
    account_id = serializers.UUIDField(allow_null=True)
    account = serializers.CharField(help_text="Its name; empty once it is gone.")
    correlation_id = serializers.CharField()


class LogOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    integration_type = serializers.CharField()
    action = serializers.CharField()
    status = serializers.ChoiceField(list(_LEVELS))
    details = LogDetailsOut()
    error_message = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class LogPageOut(serializers.Serializer[Any]):
    items = LogOut(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    size = serializers.IntegerField()
    pages = serializers.IntegerField()


class ErrorStatsIn(serializers.Serializer[Any]):
    integration_type = serializers.ChoiceField(list(SOURCES), default="telegram")
    days_back = serializers.IntegerField(min_value=1, max_value=_MOST_DAYS, default=7)


class ErrorStatsOut(serializers.Serializer[Any]):
    total_actions = serializers.IntegerField()
    error_count = serializers.IntegerField()
    success_count = serializers.IntegerField()
    error_rate = serializers.FloatField(help_text="Percent.")
    period_days = serializers.IntegerField()


class LogListView(APIView):
    @extend_schema(parameters=[LogQueryIn], responses=LogPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """The organization's integration log, the newest line first."""
        query = LogQueryIn(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        organization = membership_of(request).organization
        wanted = LogFilter(
            source=given["integration_type"],
            level=_LEVELS.get(given.get("log_status"), ""),
            days=given["days_back"],
        )
        page, size = given["page"], given["size"]
        total = count_log(organization, wanted=wanted).total
        lines = list_log(organization, wanted=wanted).order_by("-pk")
        shown = lines[(page - 1) * size : page * size]
        names = account_names(organization)
        items = [_document(line, names) for line in shown]
        pages = -(-total // size)
        return Response(
            {"items": items, "total": total, "page": page, "size": size, "pages": pages}
        )


class ErrorStatsView(APIView):
    @extend_schema(parameters=[ErrorStatsIn], responses=ErrorStatsOut)
    def get(self, request: AuthedRequest) -> Response:
        """How many lines of the last days tell of errors."""
        query = ErrorStatsIn(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        wanted = LogFilter(source=given["integration_type"], days=given["days_back"])
        figures = count_log(membership_of(request).organization, wanted=wanted)
        return Response(
            {
                "total_actions": figures.total,
                "error_count": figures.errors,
                "success_count": figures.successes,
                "error_rate": figures.error_rate,
                "period_days": given["days_back"],
            }
        )


def _document(line: IntegrationLog, names: Mapping[UUID, str]) -> dict[str, Any]:
    is_error = line.level == IntegrationLog.Level.ERROR
    return {
        "id": line.pk,
        "integration_type": line.source,
        "action": line.event,
        "status": STATUSES[IntegrationLog.Level(line.level)],
        "details": {
            "level": line.level,
            "title": title_of(line),
            "text": text_of(line),
            "account_id": line.account_id,
            "account": names.get(line.account_id, "") if line.account_id else "",
            "correlation_id": line.correlation_id,
        },
        "error_message": (text_of(line) or title_of(line)) if is_error else None,
        "created_at": line.created_at,
        "updated_at": line.created_at,
    }
