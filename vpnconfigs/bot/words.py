"""Configs and tariffs in the bot's words, in the active language."""

from datetime import datetime
from html import escape

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.lib.money import format_kopecks
from vpnconfigs.links.titles import country_flag, days_left
from vpnconfigs.models import Config, Tariff
from vpnconfigs.selectors.conditions import notice_of
from vpnconfigs.selectors.countries import country_name
from vpnconfigs.selectors.states import shown_state


def said(text: str) -> str:
    """Return a text that stands for itself in the Bot API's HTML."""
    return escape(text, quote=False)


def country_of(code: str) -> str:
    """Return a country's flag and name."""
    return f"{country_flag(code)} {country_name(code)}".strip()


def describe_config(config: Config, now: datetime) -> str:
    """Return all that a person wants to know of a config at a glance, as HTML."""
    state = shown_state(config, now)
    place = country_of(config.inbound.panel.country) if config.inbound else ""
    protocol = config.get_protocol_display()
    # Who has given it no name of its own sees the protocol once.
    kind = "" if config.name == protocol else protocol
    lines = [
        " · ".join(filter(None, (f"<b>{said(config.name)}</b>", place, kind))),
        _("State: %(state)s") % {"state": state.label},
    ]
    if config.inbound:
        lines += [time_of(config, now), traffic_of(config)]
    if config.tariff:
        lines.append(_("Tariff: %(name)s") % {"name": said(config.tariff.name)})
    notice = notice_of(config, state)
    # Of what is only asked for the state says enough.
    if notice and state != Config.State.REQUESTED:
        lines += ["", said(notice.text)]
    return "\n".join(lines)


def label_of(config: Config, now: datetime) -> str:
    """Return what stands on a config's button."""
    state = shown_state(config, now)
    flag = country_flag(config.inbound.panel.country) if config.inbound else ""
    is_counted = state in Config.LIVE and config.valid_to is not None
    rest = days_of(config.valid_to, now) if is_counted else state.label
    return f"{flag} {config.name}: {rest}".strip()


def days_of(end: datetime | None, now: datetime) -> str:
    """Return how many days are left."""
    if end is None:
        return _("without end")
    days = days_left(end, now=now)
    return ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}


def time_of(config: Config, now: datetime) -> str:
    """Return until when a config is valid."""
    if config.valid_to is None:
        return _("Time: without end")
    end = date_format(timezone.localtime(config.valid_to), "DATE_FORMAT")
    return _("Time: %(left)s, until %(end)s") % {"left": days_of(config.valid_to, now), "end": end}


def traffic_of(config: Config) -> str:
    """Return how much of its traffic a config has used up."""
    used = filesizeformat(config.used_bytes)
    if not config.traffic_limit_bytes:
        return _("Traffic: %(used)s, without limit") % {"used": used}
    limit = filesizeformat(config.traffic_limit_bytes)
    return _("Traffic: %(used)s of %(limit)s") % {"used": used, "limit": limit}


def describe_tariff(tariff: Tariff) -> str:
    """Return a tariff with its terms, as HTML."""
    terms = [
        ngettext("%(days)s day", "%(days)s days", tariff.days) % {"days": tariff.days}
        if tariff.days
        else _("without end"),
        filesizeformat(tariff.traffic_limit_bytes)
        if tariff.traffic_limit_bytes
        else _("traffic without limit"),
    ]
    if tariff.device_limit:
        count = tariff.device_limit
        terms.append(ngettext("%(count)s device", "%(count)s devices", count) % {"count": count})
    lines = [f"<b>{said(tariff.name)}</b>", said(tariff.description), ", ".join(terms)]
    return "\n".join(filter(None, lines))


def price_of(tariff: Tariff) -> str:
    """Return what a tariff costs."""
    return format_kopecks(tariff.price_kopecks) if tariff.price_kopecks else _("free")
