"""All that one reading of a subscription needs, in one query."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from psycopg import Cursor
from psycopg.rows import namedtuple_row

from vpnconfigs.models import Config, ShopSettings

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,43}")

# Who reads again within the hour is not noted again.
_STATEMENT = """
SELECT link.id, link.user_id, coalesce(person.lang_code, '') AS language,
       (link.last_read_at IS NULL OR link.last_read_at < now() - interval '1 hour') AS is_note_due,
       shop.title AS shop_title, shop.update_hours, shop.has_device_limits, shop.support_contact,
       device.id AS device_id, device.last_seen_at < now() - interval '1 hour' AS is_device_due,
       config.id AS config_id, config.name, config.state, config.protocol, config.secret,
       config.flow, config.sub_id, config.valid_to, config.traffic_limit_bytes,
       config.device_limit, config.used_up_bytes, config.used_down_bytes,
       inbound.id AS inbound_id, inbound.mirrored_at, inbound.title AS inbound_title,
       inbound.remark, inbound.port, inbound.is_enabled AND NOT inbound.is_gone AS is_open,
       panel.country, panel.public_host, panel.url AS panel_url
  FROM vpnconfigs_subscriptionlink link
  LEFT JOIN accounts_user person ON person.id = link.user_id
  LEFT JOIN vpnconfigs_shopsettings shop ON shop.id = 1
  LEFT JOIN vpnconfigs_device device
         ON device.subscription_id = link.id AND device.hwid = %(hwid)s
  LEFT JOIN vpnconfigs_config config
         ON config.subscription_id = link.id AND config.inbound_id IS NOT NULL
        AND config.state NOT IN ('requested', 'deleted')
  LEFT JOIN vpnconfigs_inbound inbound ON inbound.id = config.inbound_id
  LEFT JOIN vpnconfigs_panel panel ON panel.id = inbound.panel_id
 WHERE link.token = %(token)s AND person.is_active IS NOT FALSE
 ORDER BY config.created_at, config.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownConfig:
    """A config in a subscription. ``mirrored_at`` says which state of its inbound is meant."""

    id: UUID
    name: str
    state: str
    protocol: str
    secret: str
    flow: str
    sub_id: str
    valid_to: datetime | None
    traffic_limit_bytes: int
    device_limit: int
    used_up_bytes: int
    used_down_bytes: int
    inbound_id: int
    mirrored_at: datetime
    title: str
    is_open: bool
    country: str
    public_host: str
    panel_url: str

    def is_expired(self, now: datetime) -> bool:
        """Tell whether its time is over, whether or not anybody has noted it."""
        is_over = self.valid_to is not None and self.valid_to <= now
        return self.state == Config.State.EXPIRED or is_over

    @property
    def is_depleted(self) -> bool:
        used, limit = self.used_up_bytes + self.used_down_bytes, self.traffic_limit_bytes
        return self.state == Config.State.DEPLETED or 0 < limit <= used

    def is_live(self, now: datetime) -> bool:
        """Tell whether its panel lets it in."""
        is_over = self.is_expired(now) or self.is_depleted
        return self.is_open and self.state in Config.LIVE and not is_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as it is read. ``language`` is its person's own, maybe empty.

    :param device_id: the device that reads, if it is a known one.
    """

    id: int
    user_id: int | None
    language: str
    is_note_due: bool
    shop: ShopSettings
    device_id: int | None
    is_device_due: bool
    configs: Sequence[ShownConfig]


def find_subscription(token: str, *, hwid: str = "") -> Subscription | None:
    """Return the subscription of a token with what stands in it, or ``None``.

    That of a person who may not sign in any more is not there either.
    """
    if not TOKEN.fullmatch(token):
        return None
    rows = _execute(_STATEMENT, {"token": token, "hwid": hwid})
    if not rows:
        return None
    first = rows[0]
    return Subscription(
        id=first.id,
        user_id=first.user_id,
        language=first.language,
        is_note_due=first.is_note_due,
        shop=_shop(first),
        device_id=first.device_id,
        is_device_due=bool(first.is_device_due),
        configs=[_config(row) for row in rows if row.config_id is not None],
    )


def _shop(row: Any) -> ShopSettings:
    if row.shop_title is None:
        return ShopSettings()
    return ShopSettings(
        title=row.shop_title,
        update_hours=row.update_hours,
        has_device_limits=row.has_device_limits,
        support_contact=row.support_contact,
    )


def _config(row: Any) -> ShownConfig:
    return ShownConfig(
        id=row.config_id,
        name=row.name,
        state=row.state,
        protocol=row.protocol,
        secret=row.secret,
        flow=row.flow,
        sub_id=row.sub_id,
        valid_to=row.valid_to,
        traffic_limit_bytes=row.traffic_limit_bytes,
        device_limit=row.device_limit,
        used_up_bytes=row.used_up_bytes,
        used_down_bytes=row.used_down_bytes,
        inbound_id=row.inbound_id,
        mirrored_at=row.mirrored_at,
        title=row.inbound_title or row.remark or f"{row.protocol} {row.port}",
        is_open=row.is_open,
        country=row.country,
        public_host=row.public_host,
        panel_url=row.panel_url,
    )


def _execute(statement: str, parameters: Mapping[str, str]) -> list[Any]:
    """Run the statement; on a connection that turns out dead, once more on a new one.

    The usual look whether a kept connection is alive would be a second round trip for each
    request.
    """
    was_open = connection.connection is not None
    connection.health_check_done = True  # type: ignore[attr-defined]  # missing in the stubs
    try:
        return _fetch(statement, parameters)
    except (OperationalError, InterfaceError):
        if not was_open or connection.in_atomic_block:
            raise
        connection.close()
    return _fetch(statement, parameters)


def _fetch(statement: str, parameters: Mapping[str, str]) -> list[Any]:
    """Run the statement as a prepared one: planning a join of six tables costs more than it."""
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, Cursor(raw, row_factory=namedtuple_row) as cursor:
        return cursor.execute(statement, parameters, prepare=True).fetchall()
