"""``/configs``: all that a person has, and the way to one more."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.web.forms import add_refusal, drop_autofocus
from accounts.web.framed import framed
from accounts.web.requests import SignedInRequest
from config.lib.errors import AppError
from vpnconfigs.links.qr import svg_data_uri
from vpnconfigs.models import Config, Tariff
from vpnconfigs.selectors.configs import configs_of
from vpnconfigs.selectors.devices import devices_of
from vpnconfigs.selectors.inbounds import countries_on_sale, open_inbounds
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.selectors.tariffs import offered_tariffs
from vpnconfigs.services.configs import create_config
from vpnconfigs.services.devices import remove_device
from vpnconfigs.services.subscriptions import renew_token, subscription_of, subscription_url
from vpnconfigs.web.forms import CODE_LENGTH, OrderForm
from vpnconfigs.web.import_links import platforms_for
from vpnconfigs.web.offers import balance_of, quote_for
from vpnconfigs.web.shown import Card, build_card, digest_of

NOTHING_NEW = 204


@require_safe
@framed
def list_configs(request: SignedInRequest) -> HttpResponse:
    """Show what a person has: cards, the address for apps, the devices that read it."""
    user = request.user
    cards = _cards_of(user)
    shop = get_shop_settings()
    context: dict[str, object] = {
        "shop": shop,
        "is_full": len(cards) >= shop.configs_per_person,
        **_live_context(cards),
    }
    # Before that there is nothing for an app to read.
    if _are_any_placed(cards):
        link = subscription_of(user)
        url = subscription_url(link)
        context |= {
            "link": link,
            "subscription_url": url,
            "subscription_qr": svg_data_uri(url),
            "platforms": platforms_for(url, title=shop.title),
            "devices": devices_of(user),
        }
    return render(request, "vpnconfigs/configs.html", context)


@require_safe
@framed
def refresh_configs(request: SignedInRequest) -> HttpResponse:
    """Return the cards anew, or nothing when they would look the same.

    With the first config that stands somewhere the page has more to show: all of it comes anew.
    """
    cards = _cards_of(request.user)
    context = _live_context(cards)
    if request.GET.get("bare") and _are_any_placed(cards):
        return HttpResponse(headers={"HX-Refresh": "true"})
    if request.GET.get("version") == context["version"]:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "vpnconfigs/partials/cards.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def order_config(request: SignedInRequest) -> HttpResponse:
    """Show what is on offer; a POST takes it, or asks the staff for it."""
    offer = _Offer.of(request.user)
    if request.method != "POST":
        return _render_order(request, offer, offer.form({"key": uuid.uuid4().hex}))
    form = offer.form(data=request.POST)
    if not form.is_valid():
        return _render_order(request, offer, form, status=HTTPStatus.BAD_REQUEST)
    given = form.cleaned_data
    try:
        config = create_config(
            user=request.user,
            protocol=given.get("protocol") or offer.first_protocol,
            tariff=offer.tariff(given["tariff"]),
            name=given["name"],
            country=given.get("country", ""),
            promo_code=given.get("promo_code", ""),
            idempotency_key=given["key"],
        )
    except AppError as error:
        add_refusal(form, error)
        return _render_order(request, offer, form, status=error.status)
    return _after_order(request, config)


@require_safe
@framed
def show_price(request: SignedInRequest) -> HttpResponse:
    """Return what would be paid for what is chosen so far; for scripts."""
    offer = _Offer.of(request.user)
    context = _price_context(request, offer, chosen=request.GET)
    return render(request, "vpnconfigs/partials/price.html", context)


@require_POST
@framed
def renew_address(request: SignedInRequest) -> HttpResponse:
    """Give the subscription a new address; apps must be told it."""
    renew_token(actor=request.user, user=request.user)
    notes.success(request, _("Your subscription has a new address. Add it to your apps anew."))
    return redirect("vpnconfigs:config-list")


@require_POST
@framed
def forget_device(request: SignedInRequest, device_id: int) -> HttpResponse:
    """Free the place of a device."""
    remove_device(actor=request.user, device_id=device_id)
    notes.success(request, _("The device is removed."))
    return redirect("vpnconfigs:config-list")


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a person may choose from."""

    tariffs: Sequence[Tariff]
    countries: Sequence[str]
    protocols: Sequence[str]
    has_promo_codes: bool

    @classmethod
    def of(cls, user: User) -> "_Offer":
        shop = get_shop_settings()
        on_sale = set(open_inbounds().values_list("protocol", flat=True).order_by())
        return cls(
            tariffs=list(offered_tariffs(user)),
            countries=countries_on_sale() if shop.has_country_choice else [],
            protocols=[code for code in Config.Protocol.values if code in on_sale],
            has_promo_codes=shop.has_promo_codes,
        )

    @property
    def first_protocol(self) -> str:
        return self.protocols[0] if self.protocols else Config.Protocol.VLESS

    def form(self, initial: dict[str, str] | None = None, *, data: object = None) -> OrderForm:
        first = {"tariff": str(self.tariffs[0].pk)} if self.tariffs else {}
        return OrderForm(
            data,
            initial=first | (initial or {}),
            tariffs=self.tariffs,
            countries=self.countries,
            protocols=self.protocols,
            has_promo_codes=self.has_promo_codes,
        )

    def tariff(self, wanted: str) -> Tariff | None:
        return next((each for each in self.tariffs if str(each.pk) == wanted), None)


def _after_order(request: SignedInRequest, config: Config) -> HttpResponse:
    if config.state == Config.State.REQUESTED:
        notes.success(request, _("Your request is sent. We tell you as soon as it is decided."))
        return redirect("vpnconfigs:config-list")
    notes.success(request, _("Your config is being set up. Meanwhile, prepare your device."))
    return redirect("vpnconfigs:config-detail", config.pk)


def _render_order(
    request: SignedInRequest, offer: _Offer, form: OrderForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    drop_autofocus(form)
    chosen = form.data if form.is_bound else form.initial
    context = {
        "form": form,
        "tariffs": offer.tariffs,
        "chosen_tariff": chosen.get("tariff"),
        "more_fields": [form[name] for name in form.fields if name not in ("key", "tariff")],
        **_price_context(request, offer, chosen=chosen),
    }
    return render(request, "vpnconfigs/order.html", context, status=status)


def _price_context(
    request: SignedInRequest, offer: _Offer, *, chosen: Mapping[str, Any]
) -> dict[str, object]:
    tariff = offer.tariff(str(chosen.get("tariff") or ""))
    code = str(chosen.get("promo_code") or "")[:CODE_LENGTH]
    return {"quote": quote_for(request.user, tariff, code=code) if tariff else None}


def _cards_of(user: User) -> list[Card]:
    now, balance = timezone.now(), balance_of(user)
    configs = configs_of(user).order_by("created_at", "id")
    return [build_card(config, now=now, balance_kopecks=balance) for config in configs]


def _are_any_placed(cards: Sequence[Card]) -> bool:
    return any(card.is_placed for card in cards)


def _live_context(cards: Sequence[Card]) -> dict[str, object]:
    return {
        "cards": cards,
        "version": digest_of(cards),
        "is_bare": not _are_any_placed(cards),
        "is_waiting": any(card.is_waiting for card in cards),
    }
