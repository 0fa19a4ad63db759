"""What a VPN app reads at ``/sub/<token>``."""

import base64
import html
import json
import threading
from datetime import timedelta

import pytest
import segno
import yaml
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEvent
from config.lib.errors import NotFoundError
from conftest import make_user
from vpnconfigs.links.parse import parse_link, parse_links
from vpnconfigs.models import Config, ShopSettings, SubscriptionLink
from vpnconfigs.selectors import subscriptions
from vpnconfigs.selectors.links import links_of, links_of_many
from vpnconfigs.services.subscriptions import renew_token, subscription_of, subscription_url
from vpnconfigs.tests.mirrored import REALITY, make_config, make_inbound

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
    assert (german.protocol, german.secret, german.host) == (
        "vless",
        two[0].secret,
        "de.vpn.example",
    )
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
    assert (ask().status_code, ask()["Subscription-Userinfo"][:11]) == (304, "upload=154;")
    assert ask(Accept="application/json").status_code == 200
    for change in ({"secret": "other"}, {"valid_to": timezone.now()}, {"state": "suspended"}):
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


def test_it_costs_one_query_however_many_configs(
    client, owner, two, django_assert_num_queries, monkeypatch
):
    for number in range(2, 12):
        make_config(owner, make_inbound(panel=two[0].inbound.panel, number=number))
    path, etag = address(owner), read(client, owner)["ETag"]
    own, ask = [], subscriptions.fetch_prepared
    monkeypatch.setattr(
        subscriptions, "fetch_prepared", lambda *given: own.append(given) or ask(*given)
    )

    # Django's own cursor is not used at all; the prepared statement runs beside it.
    with django_assert_num_queries(0):
        assert len(parse_links(client.get(path).content.decode())) == 12
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert len(own) == 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%hwid%"]
        )
        assert cursor.fetchone() == (1,)


def test_links_of_many_cost_no_query_each(owner, two, django_assert_num_queries):
    for number in range(2, 6):
        make_config(owner, make_inbound(panel=two[0].inbound.panel, number=number))

    # Configs, their inbounds, the panels of those.
    with django_assert_num_queries(3):
        found = links_of_many(Config.objects.all())

    assert len(found) == 6
    assert all(len(links) == 1 for links in found.values())


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


def test_while_somebody_holds_the_row_reading_goes_on(transactional_db, client, owner):
    make_config(owner, make_inbound())
    path, held, done = address(owner), threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            SubscriptionLink.objects.select_for_update().get(user=owner)
            held.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        assert client.get(path).status_code == 200
    finally:
        done.set()
        thread.join()
    assert subscription_of(owner).last_read_at is None


def test_a_household_is_not_throttled_by_its_address(client, owner, two, settings, monkeypatch):
    settings.RATE_LIMIT_ENABLED = True
    settings.DEFAULT_REQUESTS_PER_MINUTE = 1
    monkeypatch.setattr("vpnconfigs.web.subscription.READS", "3/m")
    monkeypatch.setattr("vpnconfigs.web.subscription.MISSES", "1/m")
    other = make_user("petya")
    make_config(other, two[0].inbound)

    assert [client.get(address(owner)).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get(address(other)).status_code == 200
    refused = client.get(address(owner))
    assert (refused["Content-Type"][:10], int(refused["Retry-After"]) > 0) == ("text/plain", True)
    assert [client.get(f"/sub/{n * 20}").status_code for n in "ab"] == [404, 429]


def test_a_database_that_is_away_is_503(client, owner, two, monkeypatch):
    def lost(*_):
        raise OperationalError("gone")

    path = address(owner)
    monkeypatch.setattr(subscriptions, "fetch_prepared", lost)

    answer = client.get(path)

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_new_token_shuts_the_old_address(client, owner, stranger, two):
    old = address(owner)
    client.get(old, headers={"x-hwid": "h-1"})
    with pytest.raises(NotFoundError):
        renew_token(actor=stranger, user=owner)
    assert client.get(old).status_code == 200

    link = renew_token(actor=owner, user=owner)

    assert client.get(old).status_code == 404
    assert client.get(f"/sub/{link.token}").status_code == 200
    assert subscription_of(owner).token == link.token
    assert not link.devices.exists()
    assert AuditEvent.objects.get(action="vpn_subscription.renewed").actor == owner


def test_two_at_once_get_one_link(transactional_db, owner):
    found, start = [], threading.Barrier(4)

    def ask():
        start.wait(10)
        found.append(subscription_of(owner).token)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert {SubscriptionLink.objects.get().token} == set(found)


def test_a_browser_gets_a_page(client, owner, two):
    Config.objects.filter(pk=two[1].pk).update(state="expired")

    answer = client.get(address(owner), headers={"Accept": "text/html", "Accept-Language": "en"})

    text, url = answer.content.decode(), subscription_url(subscription_of(owner))
    assert (answer.status_code, answer["X-Robots-Tag"]) == (200, "noindex, nofollow")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert segno.make_qr(url, error="l").svg_data_uri(scale=6, border=4, dark="#000", light="#fff")[
        :200
    ] in html.unescape(text)
    assert f'href="happ://add/{url}"' in text
    assert "🇩🇪 Frankfurt" in text
    assert "Ended" in text
    assert not any(config.secret in text for config in two)


def test_a_browser_gets_a_page_when_there_is_nothing_yet(client, stranger):
    answer = client.get(f"{address(stranger)}?html=1", headers={"Accept-Language": "en"})

    assert "Nothing here yet" in answer.content.decode()
