"""All that one reading of a subscription needs, in one query."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from config.lib.prepared import fetch_prepared
from vpnconfigs.models import Config, ShopSettings

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,43}")

# Who reads again within the hour is not noted again. From the config's id on the columns are the
# fields of ``ShownConfig``, before it those of ``ShownShop``.
_STATEMENT = """
SELECT link.id, link.user_id, coalesce(person.lang_code, ''),
       (link.last_read_at IS NULL OR link.last_read_at < now() - interval '1 hour'),
       device.id, coalesce(device.last_seen_at < now() - interval '1 hour', false),
       shop.title, shop.update_hours, shop.has_device_limits, shop.support_contact,
       config.id, config.name, config.state, config.protocol, config.secret, config.flow,
       config.sub_id, config.valid_to, config.traffic_limit_bytes, config.device_limit,
       config.used_up_bytes, config.used_down_bytes, inbound.id, inbound.mirrored_at,
       coalesce(nullif(inbound.title, ''), nullif(inbound.remark, ''),
                config.protocol || ' ' || inbound.port),
       inbound.is_enabled AND NOT inbound.is_gone, panel.country, panel.public_host, panel.url
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
_SHOP = slice(6, 10)
_CONFIG = slice(10, None)


class ShownShop(NamedTuple):
    """What a subscription says of the shop."""

    title: str
    update_hours: int
    has_device_limits: bool
    support_contact: str


class ShownConfig(NamedTuple):
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
    shop: ShownShop
    device_id: int | None
    is_device_due: bool
    configs: Sequence[ShownConfig]


def find_subscription(token: str, *, hwid: str = "") -> Subscription | None:
    """Return the subscription of a token with what stands in it, or ``None``.

    That of a person who may not sign in any more is not there either.
    """
    if not TOKEN.fullmatch(token):
        return None
    rows = fetch_prepared(_STATEMENT, {"token": token, "hwid": hwid})
    if not rows:
        return None
    link_id, user_id, language, is_note_due, device_id, is_device_due = rows[0][: _SHOP.start]
    return Subscription(
        id=link_id,
        user_id=user_id,
        language=language,
        is_note_due=is_note_due,
        shop=_shop(rows[0][_SHOP]),
        device_id=device_id,
        is_device_due=is_device_due,
        configs=[ShownConfig._make(row[_CONFIG]) for row in rows if row[_CONFIG.start] is not None],
    )


def _shop(columns: Sequence[Any]) -> ShownShop:
    return _untouched_shop() if columns[0] is None else ShownShop._make(columns)


@cache
def _untouched_shop() -> ShownShop:
    """The shop of a site whose staff has set nothing yet."""
    row = ShopSettings()
    return ShownShop(*(getattr(row, name) for name in ShownShop._fields))
