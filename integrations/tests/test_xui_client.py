"""The life of a client on a panel: the same words, whatever the panel's generation."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.tests.panels import TROJAN, VLESS, new_client
from integrations.xui.errors import (
    LastClientError,
    RefusedError,
    TakenError,
    UnaddressableError,
    UnknownClientError,
    UnknownInboundError,
)
from integrations.xui.probe import connect
from integrations.xui.types import Client
from integrations.xui.wire import Wire


def found(panel, client):
    """Return a client as we read it from the list of inbounds, ``None`` if it is not there."""
    places = [inbound.find_client(client.email) for inbound in panel.client.list_inbounds()]
    (place,) = [place for place in places if place is not None] or [None]
    return place


def add_stranger(panel, *, protocol=VLESS, **fields) -> dict:
    """Let somebody else add a client with fields of their own; return it as it was sent."""
    sent = {**new_client(protocol).created(), **fields}
    inbound_id = panel.inbounds[protocol]
    wire = Wire(panel.url, panel.credentials)
    if connect(wire).generation == "g3b":
        wire.call(
            "POST", "/panel/api/clients/add", json={"client": sent, "inboundIds": [inbound_id]}
        )
    else:
        body = {"id": inbound_id, "settings": {"clients": [sent]}}
        wire.call("POST", "/panel/api/inbounds/addClient", json=body)
    wire.close()
    return sent


def test_inbounds_read_the_same_whether_texts_or_objects_are_sent(panel):
    inbounds = {inbound.id: inbound for inbound in panel.client.list_inbounds()}
    stored = {inbound["id"]: inbound for inbound in panel.show()["inbounds"]}
    assert inbounds.keys() == stored.keys()
    for number, inbound in inbounds.items():
        shown = stored[number]
        assert (inbound.protocol, inbound.port, inbound.remark, inbound.tag) == (
            shown["protocol"],
            shown["port"],
            shown["remark"],
            shown["tag"],
        )
        assert inbound.stream_settings["network"] in ("tcp", "ws", "grpc", "xhttp", "httpupgrade")
        assert inbound.sniffing["enabled"] is True
        assert inbound.enabled
        (anchor,) = inbound.clients
        assert anchor.secret
        assert inbound.traffic[anchor.email].enabled
    realities = [i.stream_settings.get("realitySettings") for i in inbounds.values()]
    assert [reality["settings"]["publicKey"] for reality in realities if reality]


@pytest.mark.parametrize("protocol", [VLESS, TROJAN])
def test_a_client_lives_from_its_creation_to_its_end(panel, protocol):
    inbound_id = panel.inbounds[protocol]
    client = new_client(protocol)
    panel.client.add_client(inbound_id, client)
    place = found(panel, client)
    assert (place.email, place.sub_id, place.secret) == (client.email, client.sub_id, client.secret)
    assert (place.enabled, place.total_bytes, place.expiry_ms, place.ip_limit) == (
        True,
        client.total_bytes,
        client.expiry_ms,
        client.ip_limit,
    )
    later = replace(client, expiry_ms=client.expiry_ms + 1, total_bytes=0, enabled=False)
    panel.client.update_client(inbound_id, later)
    place = found(panel, client)
    assert (place.enabled, place.total_bytes, place.expiry_ms) == (False, 0, later.expiry_ms)
    panel.client.delete_client(inbound_id, client)
    assert found(panel, client) is None
    assert panel.stored(client.email) == []


def test_a_new_client_may_be_switched_off_from_the_first_moment(panel):
    client = new_client(enabled=False)
    panel.client.add_client(panel.inbounds[VLESS], client)
    assert [stored["enable"] for stored in panel.stored(client.email)] == [False]


def test_traffic_is_counted_and_reset(panel):
    client = new_client(total_bytes=1000)
    panel.client.add_client(panel.inbounds[VLESS], client)
    panel.play("traffic", email=client.email, up=300, down=800)
    panel.play("tick")
    used = panel.client.traffic(client.email)
    assert (used.email, used.up_bytes, used.down_bytes, used.total_bytes) == (
        client.email,
        300,
        800,
        1000,
    )
    assert (used.enabled, used.expiry_ms) == (False, client.expiry_ms)
    panel.client.reset_traffic(panel.inbounds[VLESS], client.email)
    used = panel.client.traffic(client.email)
    assert (used.up_bytes, used.down_bytes, used.enabled) == (0, 0, True)


def test_who_is_online_is_read(panel):
    assert panel.client.onlines() == frozenset()
    client = new_client()
    panel.client.add_client(panel.inbounds[VLESS], client)
    panel.play("traffic", email=client.email, up=1, down=1)
    panel.play("tick")
    assert panel.client.onlines() == {client.email}
    seen_ms = panel.client.last_online()[client.email]
    assert abs(seen_ms - panel.show()["now_ms"]) < 60_000


def test_the_status_tells_a_dead_xray_from_a_dead_panel(panel):
    status = panel.client.status()
    assert status.is_healthy
    assert status.generation == panel.show()["generation"]
    assert status.version == ("3.6.0" if status.generation == "g3b" else "")
    panel.play("xray", running=False)
    status = panel.client.status()
    assert not status.is_healthy
    assert status.xray_state != "running"


def test_a_secret_can_be_changed(panel):
    for protocol in (VLESS, TROJAN):
        client = new_client(protocol)
        panel.client.add_client(panel.inbounds[protocol], client)
        changed = replace(client, secret=new_client(protocol).secret)
        panel.client.update_client(panel.inbounds[protocol], changed)
        assert found(panel, client).secret == changed.secret


def test_a_taken_e_mail_is_told_whatever_its_case(panel):
    client = new_client()
    panel.client.add_client(panel.inbounds[VLESS], client)
    other = replace(new_client(TROJAN), email=client.email.upper())
    with pytest.raises(TakenError) as raised:
        panel.client.add_client(panel.inbounds[TROJAN], other)
    assert raised.value.field == "email"
    assert len(panel.stored(client.email)) == 1
    assert panel.stored(other.email) == []


def test_a_taken_sub_id_is_told_where_the_panel_minds(make_panel):
    panel = make_panel("g3b")
    client = new_client()
    panel.client.add_client(panel.inbounds[VLESS], client)
    with pytest.raises(TakenError) as raised:
        panel.client.add_client(panel.inbounds[VLESS], new_client(sub_id=client.sub_id))
    assert raised.value.field == "sub_id"


def test_nobody_is_unknown_in_the_same_way_everywhere(panel):
    inbound_id, nobody = panel.inbounds[VLESS], new_client()
    before = panel.show()["clients"]
    for attempt in (
        lambda: panel.client.update_client(inbound_id, nobody),
        lambda: panel.client.delete_client(inbound_id, nobody),
        lambda: panel.client.traffic(nobody.email),
    ):
        with pytest.raises(UnknownClientError):
            attempt()
    assert panel.calls("updateClient") == panel.calls("deleteClient") == []
    assert panel.show()["clients"] == before


def test_a_client_of_another_inbound_is_unknown_in_this_one(panel):
    client = new_client()
    panel.client.add_client(panel.inbounds[VLESS], client)
    for attempt in (panel.client.update_client, panel.client.delete_client):
        with pytest.raises(UnknownClientError):
            attempt(panel.inbounds[TROJAN], client)
    assert len(panel.stored(client.email)) == 1


def test_an_unknown_inbound_is_told(panel):
    client = new_client()
    for attempt in (panel.client.add_client, panel.client.update_client):
        with pytest.raises(UnknownInboundError):
            attempt(4711, client)
    assert panel.stored(client.email) == []


def test_the_last_client_of_an_inbound_stays_where_panels_keep_it(panel):
    inbound_id = panel.inbounds[TROJAN]
    (anchor,) = next(i.clients for i in panel.client.list_inbounds() if i.id == inbound_id)
    last = Client(protocol=TROJAN, email=anchor.email, sub_id=anchor.sub_id, secret=anchor.secret)
    if panel.client.generation == "g3b":
        panel.client.delete_client(inbound_id, last)
        assert panel.stored(anchor.email) == []
        return
    with pytest.raises(LastClientError):
        panel.client.delete_client(inbound_id, last)
    assert len(panel.stored(anchor.email)) == 1


def test_a_client_of_two_inbounds_is_taken_out_of_one(make_panel):
    panel = make_panel("g3b")
    client = new_client()
    first, second = (i["id"] for i in panel.show()["inbounds"][:2])
    panel.client.add_client(first, client)
    panel.client.add_client(second, client)
    assert len(panel.stored(client.email)) == 2
    panel.client.delete_client(first, client)
    assert [stored["inbound_id"] for stored in panel.stored(client.email)] == [second]
    panel.client.delete_client(second, client)
    assert panel.stored(client.email) == []
    with pytest.raises(UnknownClientError):
        panel.client.traffic(client.email)


def test_a_stranger_with_a_slash_in_the_password_is_deleted_by_e_mail(make_panel):
    panel = make_panel("g2")
    sent = add_stranger(panel, protocol=TROJAN, password="a/b?c")
    stranger = new_client(TROJAN, email=sent["email"])
    with pytest.raises(UnaddressableError):
        panel.client.update_client(panel.inbounds[TROJAN], stranger)
    assert panel.stored(sent["email"])[0]["password"] == "a/b?c"
    panel.client.delete_client(panel.inbounds[TROJAN], stranger)
    assert panel.stored(sent["email"]) == []


def test_a_stranger_with_a_slash_in_the_e_mail_is_left_alone(make_panel):
    panel = make_panel("g2")
    sent = add_stranger(panel, email="sales/ivan petrov")
    for attempt in (
        lambda: panel.client.traffic(sent["email"]),
        lambda: panel.client.reset_traffic(panel.inbounds[VLESS], sent["email"]),
    ):
        with pytest.raises(UnaddressableError):
            attempt()


def test_a_stranger_with_a_blank_in_the_e_mail_can_be_read(make_panel):
    panel = make_panel("g2")
    sent = add_stranger(panel, email="Ivan Петров")
    assert panel.client.traffic(sent["email"]).email == "Ivan Петров"


def test_what_a_panel_cannot_read_is_a_plain_refusal(panel):
    client = new_client(ip_limit="two")
    with pytest.raises(RefusedError) as raised:
        panel.client.add_client(panel.inbounds[VLESS], client)
    assert type(raised.value) is RefusedError
    assert "limitIp" in raised.value.text


FOREIGN = st.dictionaries(
    st.sampled_from(["group", "limitHwid", "resetDay", "reverse", "x-own", "поле"]),
    st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20), st.just([1, {}])),
).map(lambda fields: {**fields, "group": str(fields.get("group", ""))})
NATIVE = st.fixed_dictionaries(
    {
        "tgId": st.integers(0, 2**40),
        "comment": st.text(st.characters(codec="utf-8"), max_size=30),
        "reset": st.integers(0, 400),
    }
)
WANTED = st.fixed_dictionaries(
    {
        "enabled": st.booleans(),
        "total_bytes": st.integers(0, 2**50),
        "expiry_ms": st.integers(-(2**40), 2**42),
        "ip_limit": st.integers(0, 50),
    }
)


@pytest.mark.parametrize("protocol", [VLESS, TROJAN])
@given(foreign=FOREIGN, native=NATIVE, wanted=WANTED)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_fields_that_are_not_ours_survive_any_update(panel, protocol, foreign, native, wanted):
    sent = add_stranger(panel, protocol=protocol, **foreign, **native)
    ours = new_client(
        protocol,
        email=sent["email"],
        sub_id=sent["subId"],
        secret=sent["id" if protocol == VLESS else "password"],
        **wanted,
    )
    (before,) = panel.stored(sent["email"])
    panel.client.update_client(panel.inbounds[protocol], ours)
    (after,) = panel.stored(sent["email"])
    written = ours.written()
    assert {name: after[name] for name in written} == written
    kept = before.keys() - written.keys() - {"stats", "updated_at"}
    assert {"tgId", "comment", "reset", "created_at", *foreign} <= kept
    assert {name: after.get(name) for name in kept} == {name: before[name] for name in kept}
