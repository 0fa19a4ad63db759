"""The site's routes and some that only go wrong."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from config.lib.correlation import note, peek_correlation_id
from config.lib.errors import BusinessRuleError, ConflictError, FieldError
from config.lib.ratelimit import limited
from config.urls import handler400, handler403, handler404, handler500  # noqa: F401


def echo(request: HttpRequest) -> JsonResponse:
    note(user_id=7)
    body = {"path": request.path, "id": peek_correlation_id(), "body": request.POST.dict()}
    return JsonResponse(body)


def refuse(request: HttpRequest) -> HttpResponse:
    raise ConflictError("Somebody was faster.", fields=[FieldError("name", "taken", "Taken.")])


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours")


def forbid(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def suspect(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


@limited("letters", "2/m")
def letters(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sent")


@method_decorator(limited("class", lambda: "1/10s"), name="dispatch")
class LimitedPage(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("page")


class LimitedApi(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []

    @method_decorator(limited("api", "1/m", key="user"))
    def post(self, request) -> Response:
        return Response({"done": True})


class Line(serializers.Serializer):
    amount = serializers.IntegerField(min_value=1)


class Body(serializers.Serializer):
    name = serializers.CharField()
    lines = Line(many=True)

    def validate(self, attrs):
        if attrs["name"] == "nobody":
            raise serializers.ValidationError("Nobody is no name.", code="nobody")
        return attrs


class Check(APIView):
    permission_classes = [AllowAny]
    authentication_classes = []

    def post(self, request) -> Response:
        serializer = Body(data=request.data)
        serializer.is_valid(raise_exception=True)
        raise BusinessRuleError(code="insufficient_balance", price_kopecks=200)


urlpatterns = [
    path("", include("config.urls")),
    path("api/probe/echo", echo),
    path("api/probe/items/<int:pk>", lambda request, pk: HttpResponse(pk)),
    path("api/probe/refuse", refuse),
    path("api/probe/fail", fail),
    path("api/probe/forbid", forbid),
    path("api/probe/suspect", suspect),
    path("api/probe/letters", letters),
    path("api/probe/class", LimitedPage.as_view()),
    path("api/probe/api", LimitedApi.as_view()),
    path("api/probe/check", Check.as_view()),
    path("probe/echo", echo),
    path("probe/refuse", refuse),
    path("probe/fail", fail),
    path("probe/forbid", forbid),
    path("probe/suspect", suspect),
]
