"""Panels: who is let in, and what the answers look like."""

import base64
import hashlib
import hmac
import json
import struct

import pytest
import requests

from .xui import GENERATIONS, Desk, said

GUARDED = ("g3a", "g3b")


@pytest.fixture(params=GENERATIONS)
def desk(world, request):
    return Desk(world, request.param)


@pytest.fixture(params=GUARDED)
def guarded(world, request):
    return Desk(world, request.param)


def test_a_new_panel_has_an_inbound_of_each_kind(desk):
    kinds = [
        (i["protocol"], i["streamSettings"]["network"], i["streamSettings"]["security"])
        for i in desk.inbounds()
    ]
    assert kinds == [
        ("vless", "tcp", "reality"),
        ("vless", "ws", "tls"),
        ("vless", "grpc", "tls"),
        ("vless", "xhttp", "none"),
        ("vless", "httpupgrade", "none"),
        ("trojan", "tcp", "tls"),
    ]
    assert all(len(i["settings"]["clients"]) == 1 for i in desk.inbounds())


def test_panels_have_reality_keys_of_their_own(world):
    keys = {
        Desk(world, "g2", name=name).inbound()["streamSettings"]["realitySettings"]["privateKey"]
        for name in ("one", "two")
    }
    assert len(keys) == 2
    assert all(len(base64.urlsafe_b64decode(f"{key}=")) == 32 for key in keys)


def test_settings_are_text_until_they_are_objects(desk):
    (first, *_) = desk.get("inbounds/list").json()["obj"]
    kind = dict if desk.by_email else str
    assert {type(first[n]) for n in ("settings", "streamSettings", "sniffing")} == {kind}
    assert ("allTime" in first) is not desk.by_email
    assert first["tag"] == ("in-443-tcp" if desk.by_email else "inbound-443")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_stranger_finds_nothing(world, generation):
    desk = Desk(world, generation, signed_in=False)
    for method, path in (("GET", "inbounds/list"), ("POST", "inbounds/onlines"), ("GET", "x")):
        answer = requests.request(method, f"{desk.url}panel/api/{path}", timeout=10)
        assert (answer.status_code, answer.content) == (404, b"")
    ajax = {"X-Requested-With": "XMLHttpRequest"}
    answer = requests.get(f"{desk.url}panel/api/inbounds/list", headers=ajax, timeout=10)
    assert (answer.status_code, answer.content) == (404 if generation == "g2" else 401, b"")


def test_answers_are_packed_for_whoever_asks(desk):
    packed = desk.get("inbounds/list")
    assert packed.headers["Content-Encoding"] == "gzip"
    plain = desk.get("inbounds/list", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == packed.json()


def test_gone_routes_are_not_found_either(desk):
    gone = "inbounds/addClient" if desk.by_email else "clients/add"
    for answer in (desk.post(gone, json={}), desk.get("nothing"), desk.get("inbounds/add")):
        assert (answer.status_code, answer.content) == (404, b"")


def test_the_cookie_is_as_the_panel_sets_it(desk):
    cookie = next(c for c in desk.http.cookies if c.name == "3x-ui")
    assert cookie.path == f"/xui/{desk.name}/"
    answer = desk.sign_in()
    header = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=21600"} <= set(header.split("; "))
    assert said(answer) == (True, "You have successfully logged into your account.")


def test_json_signs_in_as_a_form_does(world):
    desk = Desk(world, "g2", signed_in=False)
    form = {"username": "admin", "password": desk.password}
    assert said(desk.http.post(f"{desk.url}login", json=form, timeout=10))[0]


@pytest.mark.parametrize("form", [{"password": "x"}, {"username": "root"}, {"password": ""}])
def test_every_wrong_sign_in_is_told_the_same(desk, form):
    wrong = (False, "Invalid username or password or two-factor code.")
    assert said(desk.sign_in(**form)) == wrong


def test_a_two_factor_code_counts_for_its_thirty_seconds(desk):
    desk.act("settings", two_factor=True)
    assert not said(desk.sign_in())[0]
    secret = base64.b32decode(desk.look()["two_factor_secret"])
    step = desk.now_ms() // 1000 // 30

    def code(step):
        digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 10**6:06d}"

    assert not said(desk.sign_in(twoFactorCode=code(step - 1)))[0]
    assert said(desk.sign_in(twoFactorCode=code(step)))[0]


def test_a_session_ends_at_its_hour_and_not_later_by_use(desk):
    desk.act("clock", seconds=359 * 60)
    assert desk.get("inbounds/list").status_code == 200
    desk.act("clock", seconds=60)
    assert desk.get("inbounds/list").status_code == 404


def test_a_session_outlives_a_restart_but_not_new_settings(desk):
    desk.act("restart", seconds=0)
    assert desk.get("inbounds/list").status_code == 200
    desk.act("settings", reset=True)
    assert desk.get("inbounds/list").status_code == 404


def test_a_new_password_ends_sessions_on_3_only(desk):
    desk.act("settings", password="another")
    assert desk.get("inbounds/list").status_code == (200 if desk.generation == "g2" else 404)


def test_a_forged_cookie_opens_nothing(desk):
    forged = base64.urlsafe_b64encode(
        json.dumps({"user": "admin", "epoch": 0, "until": 9e9}).encode()
    ).decode()
    for value in (f"{forged}.{'0' * 64}", forged, "", "."):
        cookies = {"3x-ui": value}
        answer = requests.get(f"{desk.url}panel/api/inbounds/list", cookies=cookies, timeout=10)
        assert answer.status_code == 404


def test_posts_by_cookie_need_the_token(guarded):
    token = guarded.http.headers.pop("X-CSRF-Token")
    path = "clients/onlines" if guarded.by_email else "inbounds/onlines"
    for header in ({}, {"X-CSRF-Token": "wrong"}):
        answer = guarded.post(path, headers=header)
        assert (answer.status_code, answer.content) == (403, b"")
    assert guarded.get("inbounds/list").status_code == 200
    assert guarded.post(path, headers={"X-CSRF-Token": token}).status_code == 200
    assert guarded.post(path, data={"_csrf": token}).status_code == 200


def test_signing_in_needs_the_token_too(world):
    desk = Desk(world, "g3a", signed_in=False)
    form = {"username": "admin", "password": desk.password}
    answer = desk.http.post(f"{desk.url}login", data=form, timeout=10)
    assert (answer.status_code, answer.content) == (403, b"")


def test_g2_knows_neither_tokens_nor_csrf(world):
    desk = Desk(world, "g2")
    assert desk.token is None
    assert requests.get(f"{desk.url}csrf-token", timeout=10).status_code == 404


def test_a_bearer_needs_no_token_and_no_cookie(guarded):
    path = f"{guarded.url}panel/api/" + ("clients" if guarded.by_email else "inbounds")
    right = {"Authorization": f"Bearer {guarded.token}"}
    assert requests.post(f"{path}/onlines", headers=right, timeout=10).status_code == 200
    wrong = {"Authorization": f"Bearer {guarded.token[:-1]}"}
    assert requests.post(f"{path}/onlines", headers=wrong, timeout=10).status_code == 404


def test_five_failures_lock_out_the_right_password_as_well(guarded):
    for _ in range(5):
        assert not said(guarded.sign_in(password="wrong"))[0]
    assert said(guarded.sign_in()) == (False, "Invalid username or password or two-factor code.")
    assert not said(guarded.sign_in(username="other"))[0]
    guarded.act("clock", seconds=899)
    assert not said(guarded.sign_in())[0]
    guarded.act("clock", seconds=1)
    assert said(guarded.sign_in())[0]


def test_old_failures_are_forgotten(guarded):
    for _ in range(4):
        guarded.sign_in(password="wrong")
    guarded.act("clock", seconds=301)
    guarded.sign_in(password="wrong")
    assert said(guarded.sign_in())[0]


def test_g2_never_locks_out(world):
    desk = Desk(world, "g2")
    for _ in range(8):
        desk.sign_in(password="wrong")
    assert said(desk.sign_in())[0]


def test_signing_out_ends_the_session(desk):
    out = f"{desk.url}logout"
    wrong, right = (desk.http.post, desk.http.get)
    if desk.generation != "g2":
        wrong, right = right, wrong
    assert wrong(out, timeout=10, allow_redirects=False).status_code == 404
    answer = right(out, timeout=10, allow_redirects=False)
    assert answer.status_code == (307 if desk.generation == "g2" else 200)
    assert desk.get("inbounds/list").status_code == 404


def test_only_the_beginning_of_a_message_is_translated(desk):
    missing = desk.get("inbounds/get/999", headers={"Accept-Language": "ru-RU,ru;q=0.9"})
    assert said(missing) == (False, "Получить (record not found)")
    assert said(desk.get("inbounds/get/999")) == (False, "Obtain (record not found)")
    desk.http.cookies.set("lang", "ru-RU")
    assert said(desk.get("inbounds/get/999"))[1].startswith("Получить")


def test_status_tells_the_version_from_3_1_only(desk):
    status = desk.get("server/status").json()["obj"]
    assert status["xray"]["state"] == "running"
    assert status.get("panelVersion") == ("3.6.0" if desk.by_email else None)
    desk.act("xray", running=False)
    assert desk.get("server/status").json()["obj"]["xray"]["state"] != "running"
    assert desk.get("inbounds/list").status_code == 200


def test_calls_are_journaled_without_the_password(desk):
    (login,) = desk.world.calls("xui.login")
    assert (login["account"], login["status"]) == (desk.name, 200)
    assert login["params"] == {"panel": desk.name, "username": "admin"}
    assert desk.password not in json.dumps(desk.world.calls("xui.*"))
    desk.get("inbounds/get/1")
    call = desk.world.calls("xui.getInbound")[-1]
    assert call["params"] == {"panel": desk.name, "id": "1"}
    assert (call["wire"]["path"], call["wire"]["signed_in_by"]) == (
        "/panel/api/inbounds/get/1",
        "cookie",
    )


def test_the_state_shows_every_panel(desk):
    (shown,) = desk.world.look("state")["xui"]["panels"]
    assert (shown["name"], shown["generation"], shown["clients"]) == (
        desk.name,
        desk.generation,
        6,
    )
    again = desk.world.control("xui/panels", name=desk.name, generation=desk.generation)
    assert again["password"] == desk.password


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "a b", "generation": "g2"},
        {"name": "a", "generation": "g4"},
        {"name": "a", "generation": "g2", "inbounds": [{}]},
        {"name": "a", "generation": "g2", "inbounds": ["x"]},
        {"name": "a", "generation": "g2", "more": 1},
    ],
)
def test_a_panel_that_makes_no_sense_is_refused(world, body):
    world.control("xui/panels", expect=400, **body)
    assert world.look("state")["xui"]["panels"] == []


def test_an_unknown_panel_is_not_found(world):
    world.control("xui/panels/none/tick", expect=404)
    assert requests.get(f"{world.url}/xui/none/", timeout=10).status_code == 404
