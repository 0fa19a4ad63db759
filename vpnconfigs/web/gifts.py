"""``/gifts``: days that are bought for somebody else, and taken by a code."""

import uuid
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.web.forms import add_refusal
from accounts.web.framed import framed
from accounts.web.requests import SignedInRequest
from config.lib.errors import AppError, NotFoundError
from vpnconfigs.models import Config, Gift, Tariff
from vpnconfigs.selectors.codes import find_open_gift
from vpnconfigs.selectors.configs import configs_of
from vpnconfigs.selectors.gifts import NEWEST_FIRST, gifts_of
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.selectors.states import State
from vpnconfigs.selectors.tariffs import offered_tariffs
from vpnconfigs.services.gifts import buy_gift, redeem_gift
from vpnconfigs.web.forms import GiftCodeForm, GiftForm, RedeemForm
from vpnconfigs.web.offers import balance_of

MOST_GIFTS = 100


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def list_or_buy(request: SignedInRequest) -> HttpResponse:
    """Show the gifts that a person has bought; a POST buys one."""
    _require_gifts()
    tariffs = _giveable(request.user)
    if request.method != "POST":
        return _render_gifts(request, tariffs)
    form = GiftForm(request.POST, tariffs=tariffs)
    if not form.is_valid():
        return _render_gifts(request, tariffs, form=form, status=HTTPStatus.BAD_REQUEST)
    tariff = next(each for each in tariffs if str(each.pk) == form.cleaned_data["tariff"])
    try:
        buy_gift(user=request.user, tariff=tariff, idempotency_key=form.cleaned_data["key"])
    except AppError as error:
        add_refusal(form, error)
        return _render_gifts(request, tariffs, form=form, status=error.status)
    notes.success(request, _("The gift is yours to give: send its link."))
    return redirect("vpnconfigs:gift-list")


@require_POST
@framed
def enter_code(request: SignedInRequest) -> HttpResponse:
    """Go to the gift of a code."""
    _require_gifts()
    form = GiftCodeForm(request.POST)
    if not form.is_valid():
        tariffs = _giveable(request.user)
        return _render_gifts(request, tariffs, code_form=form, status=HTTPStatus.BAD_REQUEST)
    code = "".join(form.cleaned_data["code"].split()).replace("-", "").replace("/", "")
    return redirect("vpnconfigs:gift-detail", code or "-")


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def show_or_take(request: SignedInRequest, gift_code: str) -> HttpResponse:
    """Show what a code gives; a POST takes it."""
    _require_gifts()
    gift = find_open_gift(gift_code)
    configs = _renewable(request.user)
    if request.method != "POST" or gift is None:
        status = HTTPStatus.OK if gift is not None else HTTPStatus.NOT_FOUND
        return _render_gift(request, gift, RedeemForm(configs=configs), status=status)
    form = RedeemForm(request.POST, configs=configs)
    if not form.is_valid():
        return _render_gift(request, gift, form, status=HTTPStatus.BAD_REQUEST)
    wanted = form.cleaned_data["config"]
    try:
        config = redeem_gift(
            user=request.user,
            code=gift_code,
            config=next((each for each in configs if str(each.pk) == wanted), None),
        )
    except AppError as error:
        add_refusal(form, error)
        return _render_gift(request, gift, form, status=error.status)
    notes.success(request, _("The gift is yours."))
    return redirect("vpnconfigs:config-detail", config.pk)


def _require_gifts() -> None:
    if not get_shop_settings().has_gifts:
        raise NotFoundError


def _giveable(user: User) -> list[Tariff]:
    rows = offered_tariffs(user).filter(is_self_service=True, price_kopecks__gt=0, is_trial=False)
    return list(rows)


def _renewable(user: User) -> list[Config]:
    """A person's configs that a gift may prolong."""
    rows = configs_of(user).exclude(state__in=[State.SUSPENDED, State.REQUESTED])
    return list(rows.exclude(valid_to=None).order_by("created_at", "id"))


def _render_gifts(
    request: SignedInRequest,
    tariffs: list[Tariff],
    *,
    form: GiftForm | None = None,
    code_form: GiftCodeForm | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    first = {"tariff": str(tariffs[0].pk)} if tariffs else {}
    fresh = GiftForm(initial=first | {"key": uuid.uuid4().hex}, tariffs=tariffs)
    shown = form or fresh
    bought = gifts_of(request.user).order_by(*NEWEST_FIRST)[:MOST_GIFTS]
    gifts = [{"gift": gift, "url": _url_of(gift)} for gift in bought]
    context = {
        "tariffs": tariffs,
        "form": shown,
        "chosen_tariff": (shown.data if shown.is_bound else shown.initial).get("tariff"),
        "code_form": code_form or GiftCodeForm(),
        "gifts": gifts,
        "balance_kopecks": balance_of(request.user),
    }
    return render(request, "vpnconfigs/gifts.html", context, status=status)


def _render_gift(
    request: SignedInRequest, gift: Gift | None, form: RedeemForm, *, status: int
) -> HttpResponse:
    return render(request, "vpnconfigs/gift.html", {"gift": gift, "form": form}, status=status)


def _url_of(gift: Gift) -> str:
    return f"{settings.SITE_URL}{reverse('vpnconfigs:gift-detail', args=[gift.code])}"
