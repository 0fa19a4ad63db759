"""/api/backend/v1: tariffs, countries, promo codes, gifts, referrals."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent
from config.lib.drf import AuthedRequest
from config.lib.pagination import page_document, paginate, read_page_query
from vpnconfigs.api.config_views import idempotency_key, read_body
from vpnconfigs.api.documents import (
    config_document,
    gift_document,
    tariff_document,
    terms_document,
)
from vpnconfigs.api.parameters import IDEMPOTENCY_KEY, PAGE
from vpnconfigs.api.serializers import (
    ConfigOut,
    GiftIn,
    GiftOut,
    GiftPageOut,
    PromoCodeIn,
    RedeemIn,
    ReferralIn,
    ReferralOut,
    TariffOut,
    TermsOut,
)
from vpnconfigs.selectors.configs import get_config_for
from vpnconfigs.selectors.gifts import NEWEST_FIRST, gifts_of
from vpnconfigs.selectors.inbounds import countries_on_sale
from vpnconfigs.selectors.referrals import referral_figures
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.selectors.tariffs import find_offered, offered_tariffs
from vpnconfigs.services.gifts import buy_gift, redeem_gift
from vpnconfigs.services.promo_codes import check_promo_code
from vpnconfigs.services.referrals import note_referral, referral_code_of


class TariffListView(APIView):
    @extend_schema(responses=TariffOut(many=True))
    def get(self, request: AuthedRequest) -> Response:
        """List what the caller may have."""
        return Response([tariff_document(tariff) for tariff in offered_tariffs(request.user)])


class CountryListView(APIView):
    @extend_schema(responses={200: {"type": "array", "items": {"type": "string"}}})
    def get(self, request: AuthedRequest) -> Response:
        """List the countries that there is room in; none where the shop chooses."""
        has_choice = get_shop_settings().has_country_choice
        return Response(countries_on_sale() if has_choice else [])


class PromoCodeCheckView(APIView):
    @extend_schema(request=PromoCodeIn, responses=TermsOut)
    def post(self, request: AuthedRequest) -> Response:
        """Say what a tariff costs with a code. Nothing is used up."""
        given = read_body(request, PromoCodeIn)
        terms = check_promo_code(
            user=request.user, code=given["code"], tariff=find_offered(given["tariff"])
        )
        return Response(terms_document(terms))


class GiftListView(APIView):
    @extend_schema(parameters=PAGE, responses=GiftPageOut)
    def get(self, request: AuthedRequest) -> Response:
        """List the gifts that the caller has bought."""
        cursor, limit = read_page_query(request)
        page = paginate(gifts_of(request.user), order=NEWEST_FIRST, cursor=cursor, limit=limit)
        return Response(page_document(request, page, [gift_document(row) for row in page.rows]))

    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=GiftIn, responses={201: GiftOut})
    @idempotent
    def post(self, request: AuthedRequest) -> Response:
        """Buy a gift; its code is given on to whoever shall have it."""
        tariff = find_offered(read_body(request, GiftIn)["tariff"])
        gift = buy_gift(user=request.user, tariff=tariff, idempotency_key=idempotency_key(request))
        return Response(gift_document(gift), status=status.HTTP_201_CREATED)


class GiftRedeemView(APIView):
    @extend_schema(parameters=[IDEMPOTENCY_KEY], request=RedeemIn, responses={201: ConfigOut})
    @idempotent
    def post(self, request: AuthedRequest) -> Response:
        """Take a gift: as a new config, or as a renewal of one's own."""
        given = read_body(request, RedeemIn)
        wanted = given.pop("config", None)
        config = get_config_for(request.user, wanted) if wanted else None
        taken = redeem_gift(user=request.user, config=config, **given)
        document = config_document(get_config_for(request.user, taken.pk))
        return Response(document, status=status.HTTP_201_CREATED)


class ReferralView(APIView):
    @extend_schema(responses=ReferralOut)
    def get(self, request: AuthedRequest) -> Response:
        """Return the caller's code, and what has come of it."""
        code = referral_code_of(request.user).code
        return Response({"code": code, **referral_figures(request.user)})

    @extend_schema(request=ReferralIn, responses={204: None})
    def post(self, request: AuthedRequest) -> Response:
        """Say who has brought the caller, who has had nothing here yet."""
        note_referral(newcomer=request.user, code=read_body(request, ReferralIn)["code"])
        return Response(status=status.HTTP_204_NO_CONTENT)
