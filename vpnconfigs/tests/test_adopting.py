"""A shop moves in with a panel that is full of clients."""

import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from config.lib.errors import ConflictError, ForbiddenError, NotFoundError, OutsideWorldError
from integrations.tests.panels import GENERATIONS, WRITES, Panel, new_client
from integrations.xui.types import read_inbound
from vpnconfigs import models
from vpnconfigs.links.parse import parse_link
from vpnconfigs.models import Config, SubscriptionLink
from vpnconfigs.selectors.links import links_of
from vpnconfigs.services import adopting
from vpnconfigs.services.adopting import adopt, preview_adoption
from vpnconfigs.services.adoption_rules import candidates_in
from vpnconfigs.services.first_use import wanted_expiry_ms
from vpnconfigs.services.panel_clients import seal_credentials
from vpnconfigs.services.reconciling import reconcile_panel
from vpnconfigs.services.subscriptions import subscription_of
from vpnconfigs.services.turns import panel_turn
from vpnconfigs.tests.panels import may_stand

pytestmark = pytest.mark.django_db

MONTH_MS = 30 * 86_400_000
GB = 2**30
END_MS = 1_900_000_000_123
PAST_MS = 1_500_000_000_000


class Full:
    """A panel of the sandbox with clients of somebody's, and our row of it."""

    def __init__(self, outside) -> None:
        self.outside = outside
        row = models.Panel(
            pk=uuid.uuid4(), name=outside.name, url=outside.url, public_host="vpn.example"
        )
        seal_credentials(row, outside.credentials)
        row.save()
        self.row = row

    def add(self, protocol="vless", **fields):
        client = new_client(protocol, **fields)
        self.outside.client.add_client(self.outside.inbounds[protocol], client)
        return client

    def held(self):
        """All that the panel holds, and what it has been told to change so far."""
        return self.outside.show()["clients"], [len(self.outside.calls(n)) for n in WRITES]


@pytest.fixture(params=GENERATIONS)
def full(request, sandbox, settings):
    may_stand(sandbox, settings, seconds=5)
    made = Full(Panel(sandbox, request.param))
    yield made
    made.outside.client.close()


@pytest.fixture
def one(sandbox, settings):
    may_stand(sandbox, settings, seconds=5)
    made = Full(Panel(sandbox, "g2"))
    yield made
    made.outside.client.close()


def test_all_stays_as_it_is_and_is_in_step_at_once(full, staff):
    plain = full.add(expiry_ms=END_MS, total_bytes=50 * GB, ip_limit=2)
    trojan = full.add("trojan", expiry_ms=0, total_bytes=0, ip_limit=0)
    waiting = full.add(expiry_ms=-MONTH_MS)
    off = full.add(enabled=False)
    over = full.add(expiry_ms=PAST_MS)
    full.outside.play("traffic", email=plain.email, up=300, down=800)
    full.outside.play("tick")
    full.outside.play("clock", frozen=True)
    before = full.held()

    seen = preview_adoption(actor=staff, panel_id=full.row.pk)
    assert (Config.objects.count(), full.row.inbounds.count()) == (0, 0)
    done = adopt(actor=staff, panel_id=full.row.pk)

    assert full.held() == before
    assert {c.email for c in seen.adopted} == {c.email for c in done.adopted}
    found = {config.email: config for config in Config.objects.all()}
    for client in (plain, trojan, waiting, off, over):
        config = found[client.email]
        assert (config.secret, config.sub_id, config.flow) == (
            client.secret,
            client.sub_id,
            client.flow,
        )
        assert (config.traffic_limit_bytes, config.ip_limit, wanted_expiry_ms(config)) == (
            client.total_bytes,
            client.ip_limit,
            client.expiry_ms,
        )
        assert (config.is_adopted, config.is_synced, config.user) == (True, True, None)
    states = [found[client.email].state for client in (plain, trojan, waiting, off, over)]
    assert states == ["active", "active", "active", "suspended", "expired"]
    assert (found[plain.email].used_up_bytes, found[plain.email].used_down_bytes) == (300, 800)
    assert found[waiting.email].valid_to is None
    assert AuditEvent.objects.get(action="vpn_panel.adopted").actor == staff


def test_the_next_comparison_finds_no_difference_and_writes_nothing(full, staff):
    for fields in (
        {},
        {"expiry_ms": END_MS, "total_bytes": 5 * GB},
        {"enabled": False},
        {"expiry_ms": -MONTH_MS},
        {"flow": "xtls-rprx-vision"},
    ):
        full.add(**fields)
    email = full.add(total_bytes=7 * GB).email
    full.outside.play("traffic", email=email, up=300, down=800)
    full.outside.play("tick")
    full.outside.play("clock", frozen=True)
    adopt(actor=staff, panel_id=full.row.pk)
    before = full.held()

    report = reconcile_panel(full.row.pk)

    assert (report.findings, report.drift_count, report.strangers_count) == ([], 0, 0)
    assert full.held() == before


def test_the_links_lead_where_the_panels_own_did(full, staff):
    client = full.add("trojan")
    adopt(actor=staff, panel_id=full.row.pk)

    [link] = map(parse_link, links_of(Config.objects.get(email=client.email)))

    assert (link.protocol, link.secret, link.host) == ("trojan", client.secret, "vpn.example")


def test_again_takes_only_those_that_came_since(one, staff):
    one.add()
    first = adopt(actor=staff, panel_id=one.row.pk)
    late = one.add()

    again = adopt(actor=staff, panel_id=one.row.pk)

    assert [config.email for config in again.adopted] == [late.email]
    assert again.skipped == {"ours": len(first.adopted)}


def test_chosen_clients_go_to_their_owner(one, staff, owner):
    mine, other = one.add(email="Ivan@Home"), one.add()

    done = adopt(actor=staff, panel_id=one.row.pk, emails=["ivan@home"], owner=owner)

    [config] = done.adopted
    assert (config.email, config.user) == (mine.email, owner)
    assert Config.objects.get().subscription == subscription_of(owner)
    assert not Config.objects.filter(email=other.email).exists()
    chosen = preview_adoption(
        actor=staff, panel_id=one.row.pk, inbound_numbers=[one.outside.inbounds["trojan"]]
    )
    assert {config.protocol for config in chosen.adopted} == {"trojan"}


def test_clients_of_one_sub_id_share_a_link_and_later_ones_join(one, staff):
    for protocol, fields in (
        ("vless", {"sub_id": "family-1234"}),
        ("trojan", {"sub_id": "family-1234"}),
        ("vless", {}),
    ):
        one.add(protocol, **fields)
    adopt(actor=staff, panel_id=one.row.pk)
    one.add(sub_id="family-1234")
    adopt(actor=staff, panel_id=one.row.pk)

    [link] = SubscriptionLink.objects.filter(configs__sub_id="family-1234").distinct()

    assert link.configs.count() == 3
    assert SubscriptionLink.objects.filter(user=None).count() == Config.objects.count() - 2


def found_inbound(protocol="vless", **client):
    """An inbound as a panel might send it, whatever it thinks of its own fields."""
    fields = {"email": "e", "subId": "s", "id": "u", "password": "p", "enable": True}
    return read_inbound(
        {
            "id": 1,
            "protocol": protocol,
            "port": 443,
            "enable": True,
            "settings": {"clients": [{**fields, **client}]},
            "streamSettings": {},
            "sniffing": {},
        }
    )


@pytest.mark.parametrize(
    ("protocol", "client", "reason"),
    [
        ("vmess", {}, "protocol"),
        ("shadowsocks", {}, "protocol"),
        ("wireguard", {}, "protocol"),
        ("vless", {"email": ""}, "no_email"),
        ("vless", {"id": ""}, "no_secret"),
        ("trojan", {"password": None}, "no_secret"),
        ("vless", {"email": "E" * 129}, "unfit"),
        ("vless", {"email": "a\0b"}, "unfit"),
        ("trojan", {"password": "x" * 129}, "unfit"),
        ("vless", {"subId": "x" * 65}, "unfit"),
        ("vless", {"totalGB": -1}, "unfit"),
        ("vless", {"totalGB": 2**70}, "unfit"),
        ("vless", {"expiryTime": 2**70}, "unfit"),
        ("vless", {"expiryTime": -(2**70)}, "unfit"),
        ("vless", {"limitIp": 40_000}, "unfit"),
        ("vless", {"email": "OURS"}, "ours"),
        ("vless", {}, None),
        ("trojan", {"email": "o'neil/№1 <b>"}, None),
    ],
)
def test_what_cannot_be_kept_whole_is_left_alone(protocol, client, reason):
    [candidate] = candidates_in(
        found_inbound(protocol, **client), traffic={}, ours={"ours"}, now=timezone.now()
    )

    assert candidate.skip == reason
    assert (candidate.config is None) == (reason is not None)


def test_the_end_of_who_begins_at_first_use_is_taken_over_once_the_panel_says_it(full, staff):
    client, idle, renewed = (full.add(expiry_ms=-MONTH_MS) for _ in range(3))
    adopt(actor=staff, panel_id=full.row.pk)
    reconcile_panel(full.row.pk)
    waiting = Config.objects.filter(first_use_ms=MONTH_MS)
    assert waiting.count() == 3
    # Prolonged while the panel, not told yet, lets its time begin.
    prolonged = waiting.filter(email=renewed.email)
    prolonged.update(first_use_ms=2 * MONTH_MS, revision=2)

    for email in (client.email, renewed.email):
        full.outside.play("traffic", email=email, up=1, down=1)
    full.outside.play("tick")
    reconcile_panel(full.row.pk)

    found = {config.email: config for config in Config.objects.all()}
    ends = {stored["email"]: stored["expiryTime"] for stored in full.outside.show()["clients"]}
    for email, months in ((client.email, 1), (renewed.email, 2)):
        assert (found[email].first_use_ms, found[email].is_synced) == (0, True)
        assert wanted_expiry_ms(found[email]) == ends[email]
        left = found[email].valid_to - timezone.now()
        assert abs(left.total_seconds() - months * MONTH_MS / 1000) < 300
    assert (found[idle.email].first_use_ms, ends[idle.email]) == (MONTH_MS, -MONTH_MS)


def test_only_staff_adopt(one, owner, staff):
    one.add()
    for call in (preview_adoption, adopt):
        with pytest.raises(ForbiddenError):
            call(actor=owner, panel_id=one.row.pk)
        with pytest.raises(NotFoundError):
            call(actor=staff, panel_id=uuid.uuid4())
    assert not Config.objects.exists()


def test_a_panel_that_is_down_changes_nothing(one, staff):
    one.add()
    one.outside.sandbox.fault("xui.*", "status", status=502)
    try:
        for call in (preview_adoption, adopt):
            with pytest.raises(OutsideWorldError):
                call(actor=staff, panel_id=one.row.pk)
    finally:
        one.outside.sandbox.clear_faults()
    assert (Config.objects.count(), models.Inbound.objects.count()) == (0, 0)


def test_who_has_the_panels_turn_is_waited_for_and_not_for_ever(
    transactional_db, one, staff, monkeypatch
):
    monkeypatch.setattr(adopting, "WAIT_SECONDS", 0.2)
    held, done = threading.Event(), threading.Event()

    def hold():
        with panel_turn(one.row.pk):
            held.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(ConflictError) as refused:
            adopt(actor=staff, panel_id=one.row.pk)
    finally:
        done.set()
        thread.join()
    assert refused.value.error_code == "panel_busy"
    assert not Config.objects.exists()
