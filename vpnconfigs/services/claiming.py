"""How a customer of old comes by the configs that were adopted: by the link that they use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from accounts.services.retries import retry_lock_conflicts
from config.lib.errors import BusinessRuleError, InputError
from vpnconfigs.links.parse import parse_links
from vpnconfigs.links.share import LinkError
from vpnconfigs.models import Config, SubscriptionLink
from vpnconfigs.selectors.links import host_in
from vpnconfigs.selectors.locks import lock_subscription
from vpnconfigs.services.subscriptions import subscription_of

# Staff give such names by hand (`ivan`, `1`); what a panel makes up has sixteen characters.
SHORTEST_SUB_ID = 8
MOST_CHARACTERS = 1_000_000
MOST_LINKS = 200
_ADDRESS = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a pasted text knows: secrets, and addresses of a panel's subscriptions."""

    secrets: frozenset[tuple[str, str]]
    addresses: tuple[tuple[str, str], ...]


@retry_lock_conflicts
@transaction.atomic
def claim(*, user: User, text: str) -> list[Config]:
    """Give a person the adopted configs whose link or subscription they bring.

    All that stands under the same ``subId`` comes with it. Nothing changes on the panel.

    :param text: ``vless://`` or ``trojan://`` links, the panel's own ``/sub/<subId>`` address, or
        the whole body of that, base64 or plain.
    :raises InputError: ``unreadable``: there is no link in it.
    :raises BusinessRuleError: ``claim_refused``: no such config, or it is somebody's already; the
        answer is the same, and nothing has changed.
    """
    proof = read_proof(text)
    own = subscription_of(user)
    link_ids = _matching(proof)
    held = {pk: lock_subscription(pk) for pk in sorted({*link_ids, own.pk})}
    orphans = [pk for pk in link_ids if (link := held[pk]) is not None and link.user_id is None]
    config_ids = list(_free(orphans).order_by("pk").values_list("pk", flat=True))
    if not config_ids:
        raise BusinessRuleError(
            _("We know no free config of this link. Ask support if it is yours."),
            code="claim_refused",
        )
    Config.objects.filter(pk__in=config_ids).update(user=user, subscription=own)
    SubscriptionLink.objects.filter(pk__in=orphans, configs=None).delete()
    record_audit(
        actor=user,
        action="vpn_config.claimed",
        target=f"user:{user.pk}",
        details={"configs": [str(pk) for pk in config_ids]},
    )
    claimed = Config.objects.select_related("tariff", "inbound__panel", "subscription")
    return list(claimed.filter(pk__in=config_ids).order_by("created_at", "pk"))


def read_proof(text: str) -> Proof:
    """Return what a pasted text proves.

    :raises InputError: ``unreadable``.
    """
    text = text.strip().replace("\0", "")
    addresses = tuple(filter(None, map(_sub_id, _ADDRESS.findall(text[:MOST_CHARACTERS]))))
    try:
        links = parse_links(text)
    except LinkError:
        links = ()
    if not links and not addresses:
        raise InputError(
            _("There is no link in it. Copy it from your VPN app or from the message you got."),
            code="unreadable",
        )
    return Proof(
        secrets=frozenset((link.protocol, link.secret) for link in links[:MOST_LINKS]),
        addresses=addresses[:MOST_LINKS],
    )


def _free(orphans: Iterable[int]) -> QuerySet[Config]:
    """What stands under these links and is nobody's, locked."""
    rows = Config.objects.filter(subscription__in=orphans, user=None, is_adopted=True)
    return rows.exclude(state=Config.State.DELETED).select_for_update(no_key=True)


def _sub_id(address: str) -> tuple[str, str] | None:
    """The host and the ``subId`` of a subscription's address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    sub_id = unquote(parts.path.rstrip("/").rpartition("/")[2])
    return (host, sub_id) if len(sub_id) >= SHORTEST_SUB_ID else None


def _matching(proof: Proof) -> list[int]:
    """The links, still nobody's, that hold what the text proves."""
    free = Config.objects.filter(is_adopted=True, user=None, subscription__user=None)
    free = free.exclude(state=Config.State.DELETED).select_related("inbound__panel")
    found: set[int] = set()
    secrets = {secret for _protocol, secret in proof.secrets}
    for config in free.filter(secret__in=secrets) if secrets else ():
        if (config.protocol, config.secret) in proof.secrets:
            found.add(config.subscription_id)
    sub_ids = {sub_id for _host, sub_id in proof.addresses}
    rows = list(free.filter(sub_id__in=sub_ids)) if sub_ids else []
    for host, sub_id in proof.addresses:
        found |= _on_one_panel([row for row in rows if row.sub_id == sub_id], host=host)
    return sorted(found)


def _on_one_panel(configs: Iterable[Config], *, host: str) -> set[int]:
    """The links of configs on the panel of that host, else on the only panel that has such.

    Panels may listen for subscriptions under another name, and two may use a ``subId`` twice.
    """
    by_panel: dict[object, set[int]] = {}
    named: set[int] = set()
    for config in configs:
        panel = config.inbound.panel if config.inbound is not None else None
        if panel is None:
            continue
        by_panel.setdefault(panel.pk, set()).add(config.subscription_id)
        if host and host in (panel.public_host, host_in(panel.url)):
            named.add(config.subscription_id)
    if named or len(by_panel) != 1:
        return named
    return next(iter(by_panel.values()))
