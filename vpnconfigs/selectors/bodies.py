"""What stands in a subscription's body: ways in, and a word on each config that has none now."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from vpnconfigs.links.share import LinkError, ShareLink, make_links
from vpnconfigs.links.subscription import Usage
from vpnconfigs.links.titles import DEFAULT_TEMPLATE, TitleFacts, clean_title, render_title
from vpnconfigs.models import Config
from vpnconfigs.selectors.links import client_of, host_in
from vpnconfigs.selectors.parsed_inbounds import ParsedInbound, find_parsed
from vpnconfigs.selectors.subscriptions import ShownConfig, ShownShop, Subscription

logger = logging.getLogger(__name__)

# Ended configs are spoken of for so long beside others that work.
TOLD_FOR = timedelta(days=30)
STOP = "⛔"
# Apps show the name, which is the message; the address leads nowhere, and fails at once.
NOWHERE = ShareLink(
    protocol="vless",
    secret=str(UUID(int=0)),
    host="0.0.0.0",  # noqa: S104
    port=1,
    params={"type": "tcp", "encryption": "none", "security": "none"},
)


@dataclass(frozen=True, slots=True)
class Way:
    """What the links of a config that works are made of."""

    config: ShownConfig
    parsed: ParsedInbound
    host: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One server in the list of an app; without a way its title is a message, and all of it."""

    title: str
    way: Way | None = None

    @property
    def facts(self) -> tuple[str, ...]:
        """What the links are made of, and nothing else."""
        if self.way is None:
            return (self.title,)
        config = self.way.config
        ours = (config.protocol, config.secret, config.flow, config.sub_id)
        return (self.title, self.way.host, self.way.parsed.digest, *ours)


def entries_of(subscription: Subscription, *, now: datetime) -> list[Entry]:
    """Return the entries in the reader's language: ways in first, then words on the others."""
    ways = _ways([config for config in subscription.configs if config.is_live(now)], now=now)
    words = [
        _word(config, shop=subscription.shop, now=now)
        for config in subscription.configs
        if not config.is_live(now) and not (ways and _is_long_over(config, now=now))
    ]
    if not ways and not words:
        words = [_("Nothing here yet: %(site)s") % {"site": site_host()}]
    return ways + [Entry(word) for word in words]


def too_many_devices(limit: int) -> Entry:
    """Return the only entry of a device that found no place."""
    text = _("Too many devices, at most %(limit)s: remove one at %(site)s")
    return Entry(f"{STOP} {text % {'limit': limit, 'site': site_host()}}")


def links_in(entries: Iterable[Entry]) -> Iterator[ShareLink]:
    """Make the links of entries; what an inbound's settings do not allow is logged and told."""
    for entry in entries:
        if entry.way is None:
            yield replace(NOWHERE, title=entry.title)
        else:
            yield from _links(entry.way, title=entry.title)


def digest_of(entries: Iterable[Entry], *, kind: str) -> str:
    """Return what changes with the body that the entries become; nothing is made for it."""
    facts = [kind, *(entry.facts for entry in entries)]
    return hashlib.blake2b(repr(facts).encode(), digest_size=15).hexdigest()


def usages_of(subscription: Subscription, *, now: datetime) -> list[Usage]:
    """Return the counters that an app adds up: of what works, else of what has ended."""
    live = [config for config in subscription.configs if config.is_live(now)]
    return [
        Usage(
            upload_bytes=config.used_up_bytes,
            download_bytes=config.used_down_bytes,
            total_bytes=config.traffic_limit_bytes,
            expires_at=config.valid_to,
        )
        for config in live or subscription.configs
    ]


def device_limit_of(subscription: Subscription, *, now: datetime) -> int:
    """Return how many devices may read, 0 for any number: what all that works allows together."""
    limits = [config.device_limit for config in subscription.configs if config.is_live(now)]
    if not subscription.shop.has_device_limits or not all(limits):
        return 0
    return sum(limits)


def site_host() -> str:
    """Return the site's address as people write it."""
    return str(urlsplit(settings.SITE_URL).netloc)


def _ways(live: Sequence[ShownConfig], *, now: datetime) -> list[Entry]:
    parsed = find_parsed({config.inbound_id: config.mirrored_at for config in live})
    shared = Counter(config.inbound_id for config in live)
    return [
        Entry(
            _title(config, is_alone=shared[config.inbound_id] == 1, now=now),
            Way(
                config,
                parsed[config.inbound_id],
                config.public_host or host_in(config.panel_url),
            ),
        )
        for config in live
        if config.inbound_id in parsed
    ]


def _title(config: ShownConfig, *, is_alone: bool, now: datetime) -> str:
    """Two configs on one inbound are told apart by their own names."""
    name = config.title if is_alone else f"{config.title} ({config.name})"
    facts = TitleFacts(name=name, country=config.country, expires_at=config.valid_to)
    return render_title(DEFAULT_TEMPLATE, facts=facts, now=now)


def _word(config: ShownConfig, *, shop: ShownShop, now: datetime) -> str:
    if config.state == Config.State.SUSPENDED:
        text = _("%(name)s: suspended, ask %(support)s")
    elif config.is_expired(now):
        text = _("%(name)s: time is over, renew at %(site)s")
    elif config.is_depleted:
        text = _("%(name)s: traffic is used up, renew at %(site)s")
    else:
        return _closed(config, support=shop.support_contact)
    support = shop.support_contact or site_host()
    names = {"name": config.title, "site": site_host(), "support": support}
    return clean_title(f"{STOP} {text % names}")


def _closed(config: ShownConfig, *, support: str = "") -> str:
    text = _("%(name)s: closed for now, ask %(support)s")
    return clean_title(f"{STOP} {text % {'name': config.title, 'support': support or site_host()}}")


def _is_long_over(config: ShownConfig, *, now: datetime) -> bool:
    return config.valid_to is not None and config.valid_to < now - TOLD_FOR


def _links(way: Way, *, title: str) -> Sequence[ShareLink]:
    config = way.config
    client = client_of(
        protocol=config.protocol, secret=config.secret, flow=config.flow, sub_id=config.sub_id
    )
    try:
        return make_links(way.parsed.inbound, client=client, host=way.host, title=title)
    except LinkError as error:
        logger.warning("no link", extra={"config_id": str(config.id), "error": str(error)})
        return (replace(NOWHERE, title=_closed(config)),)
