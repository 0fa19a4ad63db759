"""What a VPN app reads at ``/sub/<token>``."""

import base64
import json
import threading
from datetime import timedelta

import pytest
import yaml
from django.db import connection
from django.utils import timezone

from conftest import make_user
from vpnconfigs.links.parse import parse_link, parse_links
from vpnconfigs.models import Config, ShopSettings, SubscriptionLink
from vpnconfigs.selectors.links import links_of, links_of_many
from vpnconfigs.services.subscriptions import renew_token, subscription_of, subscription_url
from vpnconfigs.tests.mirrored import REALITY, make_config, make_inbound, make_panel
from config.lib.errors import NotFoundError
from accounts.models import AuditEvent

pytestmark = pytest.mark.django_db

NOWHERE = "vless://00000000-0000-0000-0000-000000000000@0.0.0.0:1"


def address(user):
    return f"/sub/{subscription_of(user).token}"


def read(client, user, **headers):
    answer = client.get(address(user), headers=headers)
    assert answer.status_code == 200, answer.content
    return answer


def titles(answer):
    return [link.title for link in parse_links(answer.content.decode())]


@pytest.fixture
def two(owner):
    """Two configs of the owner, on two panels."""
    german = make_config(owner, make_inbound("de", title="Frankfurt"))
    dutch = make_config(owner, make_inbound("nl", protocol="trojan"), days=0)
    return german, dutch


def test_the_list_holds_the_links_of_every_panel(client, owner, two):
    answer = read(client, owner)

    lines = base64.b64decode(answer.content).decode().splitlines()
    assert lines == [link for config in two for link in links_of(config)]
    [german, dutch] = map(parse_link, lines)
    assert (german.protocol, german.secret, german.host) == ("vless", two[0].secret, "de.vpn.example")
    assert (german.params["pbk"], german.params["flow"]) == ("p" * 43, "xtls-rprx-vision")
    assert (dutch.protocol, dutch.secret, dutch.host) == ("trojan", two[1].secret, "nl.vpn.example")
    assert (german.title, dutch.title) == ("🇩🇪 Frankfurt · 30", "🇳🇱 nl 1 · ∞")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "headers", "kind"),
    [
        ("", {}, "base64"),
        ("", {"Accept": "*/*", "User-Agent": "Happ/3.1"}, "base64"),
        ("?format=plain", {"Accept": "text/html"}, "plain"),
        ("", {"Accept": "application/json"}, "sing-box"),
        ("", {"User-Agent": "SFA/1.12 (sing-box 1.12)"}, "sing-box"),
        ("?format=clash", {}, "clash"),
        ("", {"User-Agent": "clash-verge/v2"}, "clash"),
    ],
)
def test_each_app_gets_the_body_it_reads(client, owner, two, query, headers, kind):
    answer = client.get(address(owner) + query, headers=headers)

    text, secrets = answer.content.decode(), {config.secret for config in two}
    match kind:
        case "sing-box":
            document = json.loads(text)
            found = {out.get("uuid") or out.get("password") for out in document["outbounds"]}
        case "clash":
            found = {p.get("uuid") or p.get("password") for p in yaml.safe_load(text)["proxies"]}
        case "plain":
            assert text.startswith("vless://")
            found = {link.secret for link in parse_links(text)}
        case _:
            found = {link.secret for link in parse_links(base64.b64decode(text).decode())}
    assert found - {None} == secrets


def test_an_unknown_format_is_refused_in_words(client, owner, two):
    answer = client.get(address(owner) + "?format=word")

    assert answer.status_code == 400
    assert b"unknown format" in answer.content


def test_the_headers_say_traffic_end_and_name(client, owner, settings):
    ShopSettings.objects.create(title="Тоннель", update_hours=6, support_contact="@help")
    inbound = make_inbound()
    end = timezone.now() + timedelta(days=3)
    for number in (1, 2):
        make_config(
            owner,
            inbound,
            valid_to=end,
            traffic_limit_bytes=1000,
            used_up_bytes=number,
            used_down_bytes=10 * number,
        )

    answer = read(client, owner)

    assert answer["Subscription-Userinfo"] == (
        f"upload=3; download=30; total=2000; expire={int(end.timestamp())}"
    )
    assert answer["Profile-Update-Interval"] == "6"
    assert base64.b64decode(answer["Profile-Title"].removeprefix("base64:")).decode() == "Тоннель"
    assert answer["Support-Url"] == f"{settings.TELEGRAM_LINK_BASE}/help"
    assert answer["Profile-Web-Page-Url"] == subscription_url(subscription_of(owner))
    assert "private" in answer["Cache-Control"]
    assert "Set-Cookie" not in answer
    assert titles(answer) == ["🇩🇪 de 1 (phone) · 3"] * 2


def test_a_head_says_the_same_without_a_body(client, owner, two):
    full, head = read(client, owner), client.head(address(owner), headers={"x-hwid": "h-1"})

    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Content-Length", "Content-Type", "Subscription-Userinfo"):
        assert head[name] == full[name]
    assert not subscription_of(owner).devices.exists()


def test_who_has_the_body_gets_304_until_something_of_it_changes(client, owner, two):
    etag = read(client, owner)["ETag"]

    def ask(**headers):
        return client.get(address(owner), headers={"If-None-Match": f'"x", W/{etag}', **headers})

    same = ask()
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    # Counters are no part of the body, and still come.
    Config.objects.update(used_up_bytes=77)
    assert (ask().status_code, ask()["Subscription-Userinfo"][:9]) == (304, "upload=77"[:9])
    assert ask(Accept="application/json").status_code == 200
    for change in ({"secret": "other"}, {"state": "suspended"}, {"valid_to": timezone.now()}):
        Config.objects.filter(pk=two[0].pk).update(**change)
        assert ask()["ETag"] != etag
        etag = ask()["ETag"]
        assert ask().status_code == 304


def test_an_inbound_mirrored_anew_changes_the_links_only_if_it_differs(client, owner, two):
    etag = read(client, owner)["ETag"]
    inbound = two[0].inbound
    inbound.mirrored_at = timezone.now()
    inbound.save()
    assert read(client, owner)["ETag"] == etag

    inbound.mirrored_at = timezone.now()
    inbound.stream = REALITY | {"externalProxy": [{"dest": "a.example", "port": 8443}]}
    inbound.save()

    answer = read(client, owner)
    assert answer["ETag"] != etag
    assert parse_links(answer.content.decode())[0].host == "a.example"
    # The panels need not be there: nothing but what was mirrored is read.
    inbound.panel.state = "down"
    inbound.panel.save()
    assert read(client, owner).content == answer.content


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "expired"}, "de 1: time is over, renew at"),
        ({"valid_to": timezone.now() - timedelta(days=400)}, "de 1: time is over, renew at"),
        ({"state": "depleted"}, "de 1: traffic is used up, renew at"),
        ({"traffic_limit_bytes": 10, "used_down_bytes": 10}, "de 1: traffic is used up, renew at"),
        ({"state": "suspended"}, "de 1: suspended, ask"),
    ],
)
def test_what_works_no_more_says_why(client, owner, fields, words):
    make_config(owner, make_inbound(), **fields)

    answer = read(client, owner)

    [line] = base64.b64decode(answer.content).decode().splitlines()
    assert line.startswith(NOWHERE)
    assert parse_link(line).title.startswith(f"⛔ {words}")
    assert json.loads(client.get(f"{address(owner)}?format=json").content)["route"]["final"]


def test_words_come_after_what_works_and_end_after_a_month(client, owner):
    inbound = make_inbound()
    make_config(owner, inbound, valid_to=timezone.now() - timedelta(days=29))
    make_config(owner, inbound, valid_to=timezone.now() - timedelta(days=31))
    make_config(owner, inbound, state=Config.State.EXPIRING, days=2)
    make_config(owner, inbound, state=Config.State.PROVISIONING, name="tablet")
    make_config(owner, inbound, state=Config.State.DELETED)
    Config.objects.create(
        user=owner,
        subscription=subscription_of(owner),
        state=Config.State.REQUESTED,
        protocol="vless",
        name="asked",
    )

    found = titles(read(client, owner))

    assert found[:2] == ["🇩🇪 de 1 (phone) · 2", "🇩🇪 de 1 (tablet) · 30"]
    assert [title[:6] for title in found[2:]] == ["⛔ de 1"]


def test_nothing_yet_is_said_in_the_persons_language(client, stranger):
    stranger.lang_code = "en"
    stranger.save()

    assert titles(read(client, stranger, **{"Accept-Language": "ru"}))[0].startswith("Nothing here")


@pytest.mark.parametrize(
    "inbound",
    [
        {"is_gone": True},
        {"is_enabled": False},
        {"stream": {"network": "kcp", "security": "none"}},
        {"stream": {"network": "tcp", "security": "reality", "realitySettings": "no"}},
    ],
)
def test_an_inbound_without_links_is_told_and_nothing_breaks(client, owner, inbound):
    config = make_config(owner, make_inbound(**inbound))

    assert titles(read(client, owner))[0].startswith("⛔ de 1: closed for now")
    if "stream" in inbound:
        assert links_of(config) == []


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "a" * 4000, "ы" * 20])
def test_a_token_that_is_none_opens_nothing(client, two, token):
    answer = client.get(f"/sub/{token}")

    assert (answer.status_code, answer.content) == (404, b"Not found.")
    assert client.get(f"/sub/{token}", headers={"Accept": "text/html"}).status_code == 404


def test_who_may_not_sign_in_reads_nothing(client, owner, two):
    owner.is_active = False
    owner.save()

    assert client.get(address(owner)).status_code == 404


def test_only_reading_is_done_there(client, owner):
    assert client.post(address(owner)).status_code == 405


def test_it_costs_one_query_however_many_configs(client, owner, two, django_assert_num_queries):
    for number in range(2, 12):
        make_config(owner, make_inbound(panel=two[0].inbound.panel, number=number))
    etag = read(client, owner)["ETag"]
    SubscriptionLink.objects.update(last_read_at=timezone.now())

    with django_assert_num_queries(0), counted() as statements:
        read(client, owner)
        client.get(address_of(owner), headers={"If-None-Match": etag})
    assert len(statements) == 2


def test_a_reading_is_noted_once_an_hour_and_never_in_the_way(client, owner, two):
    link = subscription_of(owner)
    read(client, owner, **{"User-Agent": "Happ/1 " + "x" * 300})
    link.refresh_from_db()
    assert (link.last_reader[:6], len(link.last_reader)) == ("Happ/1", 200)

    read(client, owner, **{"User-Agent": "Other/2"})
    link.refresh_from_db()
    assert link.last_reader[:6] == "Happ/1"

    SubscriptionLink.objects.update(last_read_at=timezone.now() - timedelta(minutes=61))
    read(client, owner, **{"User-Agent": "Other/2"})
    link.refresh_from_db()
    assert link.last_reader == "Other/2"
