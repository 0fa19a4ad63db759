"""/api/admin/v1: tariffs, promo codes, switches."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.user_admin_views import IsStaff
from accounts.models import User
from accounts.selectors.settings import get_site_settings
from accounts.services.settings import update_site_settings
from config.lib.drf import AuthedRequest
from config.lib.errors import ForbiddenError, NotFoundError
from config.lib.pagination import page_document, paginate, read_page_query
from vpnconfigs.api.config_views import read_body
from vpnconfigs.api.parameters import PAGE
from vpnconfigs.api.staff_documents import (
    promo_code_document,
    shop_settings_document,
    staff_tariff_document,
)
from vpnconfigs.api.staff_serializers import (
    PromoCodeOut,
    PromoCodePageOut,
    SettingsIn,
    SettingsOut,
    StaffPromoCodeIn,
    StaffTariffOut,
    TariffIn,
)
from vpnconfigs.models import PromoCode, Tariff
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.services.catalogue import save_promo_code, save_tariff
from vpnconfigs.services.shop_settings import update_shop_settings

SITE_SETTINGS = ("site_name", "is_registration_open", "support_contact")


class StaffTariffListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(responses=StaffTariffOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """List all tariffs, shown or not."""
        tariffs = Tariff.objects.prefetch_related("inbounds")
        return Response([staff_tariff_document(tariff) for tariff in tariffs])

    @extend_schema(request=TariffIn, responses={201: StaffTariffOut})
    def post(self, request: AuthedRequest) -> Response:
        """Make a tariff."""
        tariff = save_tariff(actor=request.user, fields=read_body(request, TariffIn))
        return Response(staff_tariff_document(tariff), status=status.HTTP_201_CREATED)


class StaffTariffView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=TariffIn(partial=True), responses=StaffTariffOut)
    def patch(self, request: AuthedRequest, tariff_id: uuid.UUID) -> Response:
        """Change a tariff; who has it keeps what they have until they renew."""
        if not Tariff.objects.filter(pk=tariff_id).exists():
            raise NotFoundError
        form = TariffIn(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        fields: dict[str, Any] = form.validated_data
        tariff = save_tariff(actor=request.user, fields=fields, tariff_id=tariff_id)
        return Response(staff_tariff_document(tariff))


class StaffPromoCodeListView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(parameters=PAGE, responses=PromoCodePageOut)
    def get(self, request: AuthedRequest) -> Response:
        """List promo codes, the newest first."""
        cursor, limit = read_page_query(request)
        rows = PromoCode.objects.prefetch_related("tariffs")
        page = paginate(rows, order=("-created_at", "id"), cursor=cursor, limit=limit)
        results = [promo_code_document(promo) for promo in page.rows]
        return Response(page_document(request, page, results))

    @extend_schema(request=StaffPromoCodeIn, responses={201: PromoCodeOut})
    def post(self, request: AuthedRequest) -> Response:
        """Make a promo code."""
        promo = save_promo_code(actor=request.user, fields=read_body(request, StaffPromoCodeIn))
        return Response(promo_code_document(promo), status=status.HTTP_201_CREATED)


class StaffPromoCodeView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(request=StaffPromoCodeIn(partial=True), responses=PromoCodeOut)
    def patch(self, request: AuthedRequest, promo_id: uuid.UUID) -> Response:
        """Change a promo code; uses that were counted stay."""
        if not PromoCode.objects.filter(pk=promo_id).exists():
            raise NotFoundError
        form = StaffPromoCodeIn(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        fields: dict[str, Any] = form.validated_data
        promo = save_promo_code(actor=request.user, fields=fields, promo_id=promo_id)
        return Response(promo_code_document(promo))


class SettingsView(APIView):
    permission_classes = (IsStaff,)

    @extend_schema(responses=SettingsOut)
    def get(self, request: AuthedRequest) -> Response:
        """Return the switches of the site, and under ``vpn`` those of the shop."""
        return Response(_settings_document())

    @extend_schema(request=SettingsIn, responses=SettingsOut)
    def patch(self, request: AuthedRequest) -> Response:
        """Change switches; only a SUPERUSER may."""
        if request.user.role != User.Role.SUPERUSER:
            raise ForbiddenError
        given = read_body(request, SettingsIn)
        shop = given.pop("vpn", None)
        site = update_site_settings(actor=request.user, changes=given) if given else None
        row = update_shop_settings(actor=request.user, changes=shop) if shop else None
        return Response(_settings_document(site=site, shop=row))


def _settings_document(*, site: Any = None, shop: Any = None) -> dict[str, Any]:
    site, shop = site or get_site_settings(), shop or get_shop_settings()
    switches = {name: getattr(site, name) for name in SITE_SETTINGS}
    return {**switches, "vpn": shop_settings_document(shop)}
