"""``/configs/<id>``: one config, with its links and all that its person does with it."""

import uuid
from http import HTTPStatus

from django.contrib import messages as notes
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.web.forms import add_refusal
from accounts.web.framed import framed
from accounts.web.requests import SignedInRequest
from config.lib.errors import AppError
from vpnconfigs.links.qr import svg_data_uri
from vpnconfigs.models import Config, Tariff
from vpnconfigs.selectors.configs import get_config_for
from vpnconfigs.selectors.inbounds import countries_on_sale
from vpnconfigs.selectors.links import links_of
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.selectors.tariffs import offered_tariffs
from vpnconfigs.services import requests as request_service
from vpnconfigs.services.configs import delete_config, rename_config
from vpnconfigs.services.purchases import renew_config
from vpnconfigs.services.subscriptions import subscription_url
from vpnconfigs.services.upkeep import move_own_config
from vpnconfigs.web.forms import CODE_LENGTH, CountryForm, DeletionForm, NameForm, RenewalForm
from vpnconfigs.web.import_links import platforms_for
from vpnconfigs.web.offers import balance_of, quote_for, renewable_tariffs
from vpnconfigs.web.shown import build_card, digest_of

NOTHING_NEW = 204
MOST_PURCHASES = 50


@require_safe
@framed
def show_config(request: SignedInRequest, config_id: uuid.UUID) -> HttpResponse:
    return _render(request, get_config_for(request.user, config_id))


@require_safe
@framed
def refresh_config(request: SignedInRequest, config_id: uuid.UUID) -> HttpResponse:
    """Return the state anew, or nothing when it would look the same."""
    context = _live_context(request, get_config_for(request.user, config_id))
    if request.GET.get("version") == context["version"]:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "vpnconfigs/partials/status.html", context)


@require_POST
@framed
def rename(request: SignedInRequest, config_id: uuid.UUID) -> HttpResponse:
    config = get_config_for(request.user, config_id)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _render(request, config, name_form=form, status=HTTPStatus.BAD_REQUEST)
    try:
        rename_config(actor=request.user, config=config, name=form.cleaned_data["name"])
    except AppError as error:
        return _refuse(request, config, error, name_form=form)
    notes.success(request, _("Saved."))
    return redirect("vpnconfigs:config-detail", config.pk)


@require_POST
@framed
def renew(request: SignedInRequest, config_id: uuid.UUID) -> HttpResponse:
    """Renew at once, or ask the staff for it where the tariff wants that."""
    config = get_config_for(request.user, config_id)
    form = RenewalForm(request.POST, tariffs=_renewal_tariffs(request, config))
    if not form.is_valid():
        return _render(request, config, renewal_form=form, status=HTTPStatus.BAD_REQUEST)
    try:
        return _renew(request, config, form)
    except AppError as error:
        return _refuse(request, config, error, renewal_form=form)


@require_safe
@framed
def show_renewal_price(request: SignedInRequest, config_id: uuid.UUID) -> HttpResponse:
    """Return what a renewal would cost; for scripts."""
    config = get_config_for(request.user, config_id)
    tariff = _chosen(_renewal_tariffs(request, config), request.GET.get("tariff", ""))
    code = request.GET.get("promo_code", "")[:CODE_LENGTH]
    quote = quote_for(request.user, tariff, code=code) if tariff else None
    return render(request, "vpnconfigs/partials/price.html", {"quote": quote})


@require_POST
@framed
def move(request: SignedInRequest, config_id: uuid.UUID) -> HttpResponse:
    """Put a config into another country; its links change with it."""
    config = get_config_for(request.user, config_id)
    form = CountryForm(request.POST, countries=_countries_for(config))
    if not form.is_valid():
        return _render(request, config, country_form=form, status=HTTPStatus.BAD_REQUEST)
    try:
        move_own_config(actor=request.user, config=config, country=form.cleaned_data["country"])
    except AppError as error:
        return _refuse(request, config, error, country_form=form)
    notes.success(request, _("It moves. Apps with your subscription follow by themselves."))
    return redirect("vpnconfigs:config-detail", config.pk)


@require_POST
@framed
def delete(request: SignedInRequest, config_id: uuid.UUID) -> HttpResponse:
    """Delete a config once its name has been typed."""
    config = get_config_for(request.user, config_id)
    form = DeletionForm(request.POST, expected=config.name)
    if not form.is_valid():
        return _render(request, config, deletion=form, status=HTTPStatus.BAD_REQUEST)
    delete_config(actor=request.user, config=config)
    notes.success(request, _("“%(name)s” is deleted.") % {"name": config.name})
    return redirect("vpnconfigs:config-list")


def _renew(request: SignedInRequest, config: Config, form: RenewalForm) -> HttpResponse:
    given = form.cleaned_data
    tariff = _chosen(_renewal_tariffs(request, config), given["tariff"])
    if tariff is not None and not tariff.is_self_service:
        asked = request_service.ask(
            user=request.user, kind=request_service.Kind.RENEWAL, config=config, tariff=tariff
        )
        notes.success(request, _("Your request is sent. We tell you as soon as it is decided."))
        return redirect("vpnconfigs:request-detail", asked.pk)
    renew_config(
        actor=request.user,
        config=config,
        tariff=tariff,
        promo_code=given["promo_code"],
        idempotency_key=given["key"],
    )
    notes.success(request, _("“%(name)s” is renewed.") % {"name": config.name})
    return redirect("vpnconfigs:config-detail", config.pk)


def _renewal_tariffs(request: SignedInRequest, config: Config) -> list[Tariff]:
    return renewable_tariffs(list(offered_tariffs(request.user)), config)


def _chosen(tariffs: list[Tariff], wanted: str) -> Tariff | None:
    """Return the tariff that is meant; without a word the config's own, which is the first."""
    if not wanted:
        return tariffs[0] if tariffs else None
    return next((each for each in tariffs if str(each.pk) == wanted), None)


def _refuse(
    request: SignedInRequest, config: Config, error: AppError, **forms: Form
) -> HttpResponse:
    """Show the page with a refusal on the form that caused it."""
    for form in forms.values():
        add_refusal(form, error)
    fresh = get_config_for(request.user, config.pk)
    return _render(request, fresh, status=error.status, **forms)


def _render(
    request: SignedInRequest, config: Config, *, status: int = HTTPStatus.OK, **forms: Form
) -> HttpResponse:
    shop = get_shop_settings()
    links = links_of(config)
    url = subscription_url(config.subscription)
    countries = _countries_for(config)
    tariffs = _renewal_tariffs(request, config)
    context = {
        "shop": shop,
        "links": links,
        "qr": svg_data_uri(links[0]) if links else "",
        "subscription_url": url,
        "platforms": platforms_for(url, title=shop.title),
        "tariffs": tariffs,
        "name_form": NameForm(initial={"name": config.name}),
        "renewal_form": RenewalForm(tariffs=tariffs),
        "country_form": CountryForm(countries=countries) if countries else None,
        "deletion": DeletionForm(expected=config.name),
        "purchases": config.purchases.select_related("tariff", "promo_code").order_by("-id")[
            :MOST_PURCHASES
        ],
        **_live_context(request, config),
        **forms,
    }
    if tariffs:
        context["quote"] = quote_for(request.user, tariffs[0])
    return render(request, "vpnconfigs/config.html", context, status=status)


def _live_context(request: SignedInRequest, config: Config) -> dict[str, object]:
    card = build_card(config, now=timezone.now(), balance_kopecks=balance_of(request.user))
    return {"card": card, "config": config, "version": digest_of([card])}


def _countries_for(config: Config) -> list[str]:
    """Where a config may move to: other countries that have room for it."""
    is_placed = config.inbound is not None and config.state in Config.PLACED
    if not is_placed or not get_shop_settings().has_country_choice:
        return []
    here = config.inbound.panel.country if config.inbound else ""
    found = countries_on_sale(protocol=config.protocol, tariff=config.tariff)
    return [code for code in found if code != here]
