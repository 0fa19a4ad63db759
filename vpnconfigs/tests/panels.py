"""Panels of the sandbox that the shop sells from, and configs on them.

``may_stand(sandbox, settings)``, then ``ShopPanel(sandbox, "g3b")``; the fixtures in
``conftest.py`` do both: ``shop_panel("g3b")``, and ``panel``, one of each generation in turn.
With several panels at a time the services use threads, and tests need ``transactional_db``.
"""

import uuid
from datetime import timedelta

from django.utils import timezone

from config.lib.queue import ring_on_commit
from integrations.tests import panels as outside
from integrations.tests.panels import GENERATIONS, TROJAN, VLESS
from integrations.xui.client import panel_client
from integrations.xui.probe import connect
from integrations.xui.wire import Wire
from vpnconfigs.models import Config, Inbound, Panel, Removal, SubscriptionLink
from vpnconfigs.selectors.inbounds import flow_for
from vpnconfigs.services import panel_health, panels, reconciling, syncing
from vpnconfigs.services.desired import SYNC, mark_changed

__all__ = [
    "GENERATIONS",
    "TROJAN",
    "VLESS",
    "ShopPanel",
    "change",
    "delete",
    "make_config",
    "may_stand",
]


def may_stand(sandbox, settings, *, seconds: float = 0.5) -> None:
    """Let panels stand in the sandbox, and let no call of them last long."""
    settings.XUI_ALLOWED_HOSTS = [f"127.0.0.1:{sandbox.port}"]
    settings.XUI_TIMEOUT_SECONDS = seconds
    panel_client.cache_clear()


class ShopPanel(outside.Panel):
    """A panel of the sandbox with its row here: ``play``, ``show``, ``stored`` and ``calls``.

    All VLESS and TROJAN inbounds are sold. ``vless`` (REALITY over TCP) and ``trojan`` are two.
    """

    def __init__(self, sandbox, generation: str, *, by_token: bool = False, **fields) -> None:
        super().__init__(sandbox, generation, by_token=by_token)
        self.client.close()
        self.inbounds = {i["protocol"]: i["id"] for i in reversed(self.show()["inbounds"])}
        added = panels.add_panel(
            actor=None,
            name=fields.pop("name", self.name),
            url=self.url,
            username=self.credentials.username,
            password=self.credentials.password,
            token=self.credentials.token,
        )
        Panel.objects.filter(pk=added.pk).update(**fields)
        panel_health.look_at_panels()
        Inbound.objects.filter(panel=added).update(is_sold=True)
        self.pk = added.pk

    @property
    def row(self) -> Panel:
        return Panel.objects.get(pk=self.pk)

    @property
    def vless(self) -> Inbound:
        return Inbound.objects.get(panel=self.pk, external_id=self.inbounds[VLESS])

    @property
    def trojan(self) -> Inbound:
        return Inbound.objects.get(panel=self.pk, external_id=self.inbounds[TROJAN])

    def inbound_of(self, protocol: str) -> Inbound:
        return Inbound.objects.get(panel=self.pk, external_id=self.inbounds[protocol])

    def reconcile(self, **options):
        return reconciling.reconcile_panel(self.pk, **options)

    def tick(self) -> None:
        """Let beat ring all three bells once."""
        panel_health.look_at_panels()
        syncing.sync_due()
        reconciling.reconcile_due()

    def settle(self, *, ticks: int = 3) -> None:
        """Let beat ring until nothing of this panel is left to do, at most so often."""
        for _ in range(ticks):
            self.tick()
            if not self.unsynced():
                return

    def unsynced(self) -> int:
        """Return how much the panel is still to be told."""
        configs = Config.objects.filter(syncing.unsynced(), inbound__panel=self.pk)
        removals = Removal.objects.filter(inbound__panel=self.pk, done_at=None, is_disabled=False)
        return configs.count() + removals.count()

    def ours(self) -> dict[str, dict]:
        """Return the clients on the panel that are no anchors, by e-mail."""
        clients = self.show()["clients"]
        return {c["email"]: c for c in clients if not c["email"].startswith("anchor-")}

    def add_stranger(self, protocol: str = VLESS, **fields):
        """Let the panel's own admin add a client; return it."""
        stranger = outside.new_client(protocol, **fields)
        self.connect().add_client(self.inbounds[protocol], stranger)
        return stranger

    def write_by_hand(self, fields: dict) -> None:
        """Let the panel's own admin write a VLESS client as ``stored`` shows it, changed."""
        fields = {k: v for k, v in fields.items() if k not in ("inbound_id", "stats")}
        wire = Wire(self.url, self.credentials)
        if connect(wire).generation == "g3b":
            wire.call("POST", f"/panel/api/clients/update/{fields['email']}", json=fields)
        else:
            body = {"id": self.inbounds[VLESS], "settings": {"clients": [fields]}}
            wire.call("POST", f"/panel/api/inbounds/updateClient/{fields['id']}", json=body)
        wire.close()

    def remove_by_hand(self, email: str) -> None:
        """Let the panel's own admin remove a client."""
        (stored,) = self.stored(email)
        client = outside.new_client(email=email, sub_id=stored["subId"])
        self.connect().delete_client(stored["inbound_id"], client)

    def remove_anchor(self, protocol: str) -> None:
        """Let the panel's own client leave an inbound in which there is another."""
        clients = [c for c in self.show()["clients"] if c["inbound_id"] == self.inbounds[protocol]]
        self.remove_by_hand(next(c["email"] for c in clients if c["email"].startswith("anchor-")))


def make_config(panel, *, protocol: str = VLESS, user=None, **fields) -> Config:
    """Write a config as the shop writes a new one: wanted, with nothing on the panel yet."""
    known = uuid.uuid4().hex
    inbound = fields.pop("inbound", None) or panel.inbound_of(protocol)
    subscription = fields.pop("subscription", None) or _subscription(user)
    now = timezone.now()
    config = Config.objects.create(
        **{
            "user": user,
            "subscription": subscription,
            "name": f"config {known[:6]}",
            "protocol": protocol,
            "inbound": inbound,
            "email": f"d{known[:12]}",
            "secret": str(uuid.uuid4()) if protocol == VLESS else known,
            "sub_id": known[12:28],
            "flow": flow_for(inbound, protocol=protocol),
            "valid_from": now,
            "valid_to": now + timedelta(days=30),
            **fields,
        }
    )
    ring_on_commit(SYNC)
    return config


def change(config: Config, **fields) -> Config:
    """Change what is wanted of a config, as the shop does, and return it as it is then."""
    rows = Config.objects.filter(pk=config.pk)
    rows.update(**fields)
    mark_changed(rows)
    config.refresh_from_db()
    return config


def delete(config: Config) -> None:
    """Delete a config as the shop does: the row stays, its client shall leave."""
    rows = Config.objects.filter(pk=config.pk)
    rows.update(state=Config.State.DELETED, deleted_at=timezone.now())
    Removal.objects.create(
        inbound=config.inbound,
        config=config,
        protocol=config.protocol,
        email=config.email,
        secret=config.secret,
        sub_id=config.sub_id,
    )
    config.refresh_from_db()


def _subscription(user) -> SubscriptionLink:
    if user is None:
        return SubscriptionLink.objects.create(token=uuid.uuid4().hex)
    made, _is_new = SubscriptionLink.objects.get_or_create(
        user=user, defaults={"token": uuid.uuid4().hex}
    )
    return made
