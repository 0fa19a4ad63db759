"""What the site says of itself: health, metrics, and its API's description."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.health import Health, Report, check_health, draft_document, report_document
from config.lib.metrics import (
    CONTENT_TYPE_PLAIN_0_0_4,
    has_metrics_token,
    may_read_metrics,
    render_metrics,
)
from config.lib.ratelimit import limited


class DraftRenderer(JSONRenderer):
    """The other shape of a health report, for who asks for it by ``Accept``."""

    media_type = "application/health+json"
    format = "health"


class PublicView(APIView):
    """A view for anybody. What it says is true now, so nothing may keep it."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response["Cache-Control"] = "no-store"
        return super().finalize_response(request, response, *args, **kwargs)


@method_decorator(limited("health", "60/m"), name="dispatch")
class HealthView(PublicView):
    @extend_schema(summary="The site answers", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Return name and version; asks neither the database nor anything else."""
        return Response(_identity())


class LivenessView(PublicView):
    renderer_classes = [JSONRenderer, DraftRenderer]

    @extend_schema(summary="The process answers", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Return at once: a lost database is no reason to start the process again."""
        if _wants_draft(request):
            return Response({"status": "pass"})
        return Response(_identity())


class ReadinessView(PublicView):
    renderer_classes = [JSONRenderer, DraftRenderer]

    @extend_schema(
        summary="The site can answer requests",
        responses={200: OpenApiTypes.OBJECT, 503: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> Response:
        """Return 200, or 503 without a database that fits; a lost Redis is only reported."""
        return _report_response(request, check_health(readiness_only=True), is_full=False)


class DetailedHealthView(APIView):
    """Every part of the site. Statuses for anybody, reasons for staff and the metrics' token."""

    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer, DraftRenderer]

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Leave out the sign-in where the bearer is the metrics' token, which it would refuse."""
        # There is none while the API's description is made.
        request: HttpRequest | None = self.request
        if request and has_metrics_token(request):
            return []
        return super().get_authenticators()

    @extend_schema(
        summary="Every part of the site",
        responses={200: OpenApiTypes.OBJECT, 503: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> Response:
        """Return all components, at most five seconds old."""
        is_full = has_metrics_token(request._request) or bool(
            getattr(request.user, "is_staff", False)
        )
        return _report_response(request, check_health(), is_full=is_full)


class StatusView(PublicView):
    @extend_schema(summary="What the site depends on", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Return one word for each dependency, with 200 whatever they are."""
        report = check_health()
        words = {component.name: component.status for component in report.components}
        return Response({"status": report.status, **words})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics; whoever may not read them learns nothing of the page."""
    if not may_read_metrics(request):
        raise Http404
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


@require_safe
@cache_control(public=True, max_age=300)
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the API's description; the same for everybody, so it is made once."""
    return HttpResponse(_openapi_document(), content_type="application/json")


class DocsView(SpectacularSwaggerSplitView):
    """The API's description to read and try. Served whole from here, under the site's policy."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes = [AllowAny]
    url_name = "openapi"
    template_name = "config/docs.html"
    title = settings.APP_NAME


@cache
def _openapi_document() -> bytes:
    with translation.override("en"):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        document: bytes = OpenApiJsonRenderer2().render(schema, renderer_context={})
        return document


def _identity() -> dict[str, str]:
    return {
        "status": Health.HEALTHY,
        "service": settings.APP_NAME,
        "version": settings.VERSION,
    }


def _report_response(request: Request, report: Report, *, is_full: bool) -> Response:
    document = draft_document if _wants_draft(request) else report_document
    return Response(
        document(report, is_full=is_full),
        status=503 if report.status == Health.UNHEALTHY else 200,
        headers={"Cache-Control": "no-store"},
    )


def _wants_draft(request: Request) -> bool:
    return isinstance(request.accepted_renderer, DraftRenderer)
