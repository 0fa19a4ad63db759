"""Share links of configs: always made of what is mirrored, so a panel that is down changes none."""

import logging
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.utils import timezone

from vpnconfigs.links.share import Client, LinkError, ShareLink, make_links
from vpnconfigs.links.titles import DEFAULT_TEMPLATE, TitleFacts, render_title
from vpnconfigs.models import Config, Panel
from vpnconfigs.selectors.parsed_inbounds import parse_inbound

logger = logging.getLogger(__name__)


def links_of(config: Config) -> list[str]:
    """Return a config's links: one, or one for each way in that its inbound names.

    None while it has no place on a panel, and where its inbound has no links (logged). Reads
    ``inbound.panel``: whoever asks for many selects them, or calls ``links_of_many``.
    """
    return [str(link) for link in share_links_of(config, now=timezone.now())]


def links_of_many(configs: Iterable[Config]) -> dict[UUID, list[str]]:
    """Return the links of many configs by id, with one query for all that is still to be read."""
    rows = list(configs)
    prefetch_related_objects(rows, "inbound__panel")
    return {row.pk: links_of(row) for row in rows}


def share_links_of(config: Config, *, now: datetime) -> tuple[ShareLink, ...]:
    """Return the links as values, for QR codes and bodies."""
    inbound = config.inbound
    if inbound is None or config.state not in Config.PLACED:
        return ()
    facts = TitleFacts(
        name=inbound.shown_title, country=inbound.panel.country, expires_at=config.valid_to
    )
    try:
        return make_links(
            parse_inbound(inbound).inbound,
            client=client_of(
                protocol=config.protocol,
                secret=config.secret,
                flow=config.flow,
                sub_id=config.sub_id,
            ),
            host=host_of(inbound.panel),
            title=render_title(DEFAULT_TEMPLATE, facts=facts, now=now),
        )
    except LinkError as error:
        logger.warning("no link", extra={"config_id": str(config.pk), "error": str(error)})
        return ()


def client_of(*, protocol: str, secret: str, flow: str, sub_id: str) -> Client:
    """Return whom a link lets in."""
    if protocol == Config.Protocol.TROJAN:
        return Client(password=secret, seed=sub_id)
    return Client(uuid=secret, flow=flow, seed=sub_id)


def host_of(panel: Panel) -> str:
    """Return the host that links of a panel name, unless an inbound knows better."""
    return panel.public_host or host_in(panel.url)


def host_in(url: str) -> str:
    """Return the host of an address, or nothing for what is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
