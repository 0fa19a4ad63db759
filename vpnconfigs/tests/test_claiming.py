"""Customers of old claim what was adopted, by the link that they use."""

import base64
import threading

import pytest
from django.db import connection

from accounts.models import AuditEvent
from config.lib.errors import BusinessRuleError
from conftest import make_user
from vpnconfigs.models import Config, SubscriptionLink
from vpnconfigs.selectors.links import links_of
from vpnconfigs.services import claiming
from vpnconfigs.services.claiming import claim
from vpnconfigs.services.subscriptions import new_token, subscription_of
from vpnconfigs.tests.mirrored import make_config, make_inbound

pytestmark = pytest.mark.django_db

PATH = "/api/backend/v1/configs/claim"


def orphan(inbound, *, link=None, **fields):
    """An adopted config that nobody has claimed yet."""
    link = link or SubscriptionLink.objects.create(token=new_token())
    return make_config(None, inbound, subscription=link, is_adopted=True, **fields)


@pytest.fixture
def family():
    """Two configs of one ``subId`` on one panel, and one of somebody else there."""
    first = make_inbound("de")
    second = make_inbound(panel=first.panel, number=2, protocol="trojan")
    ours = orphan(first, sub_id="q7w8e9r0t1y2u3i4")
    also = orphan(second, sub_id="q7w8e9r0t1y2u3i4", link=ours.subscription)
    return ours, also, orphan(first)


def body_of(*configs):
    return "".join(f"{links_of(config)[0]}\n" for config in configs)


@pytest.mark.parametrize(
    "paste",
    [
        lambda ours, also: links_of(ours)[0],
        lambda ours, also: f"  \n{links_of(also)[0]}\n",
        lambda ours, also: f"hello, this is mine:\n{links_of(ours)[0]}",
        body_of,
        lambda ours, also: base64.b64encode(body_of(ours, also).encode()).decode(),
        lambda ours, also: f"https://de.example:2096/sub/{ours.sub_id}",
        lambda ours, also: f"http://other.example/json/{ours.sub_id}?x=1#y",
        lambda ours, also: f"happ://add/https://de.vpn.example:2096/sub/{ours.sub_id}/",
    ],
)
def test_all_of_one_sub_id_comes_with_what_is_brought(owner, family, paste):
    ours, also, other = family
    held = Config.objects.order_by("pk").values_list("revision", "synced_revision", "secret")
    orphan_id, before = ours.subscription_id, list(held)

    claimed = claim(user=owner, text=paste(ours, also))

    assert claimed == [ours, also]
    link = subscription_of(owner)
    mine = Config.objects.filter(user=owner)
    assert set(mine.values_list("pk", "subscription")) == {(c.pk, link.pk) for c in (ours, also)}
    assert not SubscriptionLink.objects.filter(pk=orphan_id).exists()
    other.refresh_from_db()
    assert other.user is None
    assert list(held.all()) == before
    assert AuditEvent.objects.get(action="vpn_config.claimed").actor == owner


def test_a_second_claim_and_a_foreign_link_get_the_same_answer(
    api, owner, stranger, family, settings
):
    ours, _, other = family
    sold = make_config(owner, ours.inbound)
    text = links_of(ours)[0]
    won = api(owner).post(PATH, {"text": text}, format="json")
    assert (won.status_code, len(won.json()), won.json()[0]["id"]) == (200, 2, str(ours.pk))
    texts = (
        text,
        links_of(sold)[0],
        text.replace(ours.secret, "0f2b8a0e-6f0e-4f0a-9d63-1a2b3c4d5e6f"),
        f"https://de.example/sub/{ours.sub_id}",
        "https://de.example/sub/nothing-of-that-kind",
        # A secret of one protocol is none of the other.
        f"trojan://{other.secret}@de.example:443?security=tls",
    )
    settings.RATE_LIMIT_ENABLED = False

    answers = [api(stranger).post(PATH, {"text": one}, format="json") for one in texts]
    answers.append(api(owner).post(PATH, {"text": text}, format="json"))

    assert {answer.status_code for answer in answers} == {422}
    assert {answer.json()["code"] for answer in answers} == {"claim_refused"}
    assert {answer.json()["detail"] for answer in answers} == {answers[0].json()["detail"]}
    assert not Config.objects.filter(user=stranger).exists()


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "vmess://abc",
        "vless://broken",
        "AAAA",
        "https://",
        "http://[/sub/aaaaaaaaa",
        "🙂" * 9,
    ],
)
def test_what_holds_no_link_is_said_so(api, owner, family, text):
    answer = api(owner).post(PATH, {"text": text}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    assert not Config.objects.filter(user=owner).exists()


def test_a_name_that_can_be_guessed_opens_nothing(owner):
    config = orphan(make_inbound(), sub_id="ivan")
    for text in ("https://de.example/sub/ivan", "https://de.example/sub/"):
        with pytest.raises(Exception, match="unreadable"):
            claim(user=owner, text=text)

    assert claim(user=owner, text=links_of(config)[0]) == [config]


def test_of_two_panels_with_one_sub_id_the_named_one_counts(owner):
    german = orphan(make_inbound("de"), sub_id="same-on-both")
    orphan(make_inbound("nl"), sub_id="same-on-both")

    with pytest.raises(BusinessRuleError):
        claim(user=owner, text="https://elsewhere.example/sub/same-on-both")
    assert claim(user=owner, text="https://de.vpn.example:2096/sub/same-on-both") == [german]


def test_deleted_and_sold_configs_are_not_claimed(owner, stranger):
    inbound = make_inbound()
    gone = orphan(inbound, state=Config.State.DELETED)
    assigned = orphan(inbound)
    Config.objects.filter(pk=assigned.pk).update(user=stranger)
    for config in (gone, assigned):
        with pytest.raises(BusinessRuleError):
            claim(user=owner, text=f"vless://{config.secret}@de.example:443")


def test_guessing_ends_soon(api, owner, family, settings):
    settings.RATE_LIMIT_ENABLED = True
    client = api(owner)

    statuses = [
        client.post(PATH, {"text": f"vless://{number}@h:1"}, format="json").status_code
        for number in range(12)
    ]

    assert statuses == [422] * 10 + [429] * 2
    refused = client.post(PATH, {"text": links_of(family[0])[0]}, format="json")
    assert refused.status_code == 429
    assert not Config.objects.filter(user=owner).exists()
    assert api().post(PATH, {"text": "x"}, format="json").status_code == 401


@pytest.mark.parametrize("is_locked", [True, False])
def test_two_who_bring_one_link_at_once(transactional_db, monkeypatch, is_locked):
    config = orphan(make_inbound())
    text, people = links_of(config)[0], [make_user(f"p{number}") for number in range(4)]
    for person in people:
        subscription_of(person)
    found_by_all, lock, won = threading.Barrier(4), claiming.lock_subscription, []

    def late(pk):
        """Everybody has found the free config before anybody takes it."""
        if pk == config.subscription_id:
            found_by_all.wait(10)
        return lock(pk) if is_locked else SubscriptionLink.objects.filter(pk=pk).first()

    monkeypatch.setattr(claiming, "lock_subscription", late)
    if not is_locked:
        monkeypatch.setattr(claiming, "_free", lambda orphans: Config.objects.filter(pk=config.pk))

    def come(person):
        try:
            won.extend(claim(user=person, text=text))
        except BusinessRuleError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=come, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == (1 if is_locked else 4)
    assert Config.objects.get().user in people
