"""How many devices read a subscription."""

import base64
import threading
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import AuditEvent
from config.lib.errors import NotFoundError
from vpnconfigs.links.parse import parse_links
from vpnconfigs.models import Config, Device, ShopSettings
from vpnconfigs.selectors.devices import devices_of
from vpnconfigs.services import devices
from vpnconfigs.services.devices import NamedDevice, register_device, remove_device
from vpnconfigs.services.subscriptions import subscription_of
from vpnconfigs.tests.mirrored import make_config, make_inbound

pytestmark = pytest.mark.django_db
HAPP = {
    "User-Agent": "Happ/3.2.1",
    "x-device-os": "iOS",
    "x-ver-os": "18.1",
    "x-device-model": "iPhone 15",
}


@pytest.fixture
def config(owner):
    return make_config(owner, make_inbound(), device_limit=2)


def read(client, user, hwid, **headers):
    path = f"/sub/{subscription_of(user).token}"
    return client.get(path, headers={**HAPP, "x-hwid": hwid, **headers})


def is_let_in(answer):
    return not parse_links(answer.content.decode())[0].title.startswith("⛔")


def test_a_device_beyond_the_limit_is_told_in_a_body_that_its_app_shows(client, owner, config):
    assert all(is_let_in(read(client, owner, hwid)) for hwid in ("a", "b", "a"))

    answer = read(client, owner, "c")

    assert answer.status_code == 200
    [link] = parse_links(answer.content.decode())
    assert link.title.startswith("⛔ Too many devices, at most 2: remove one at ")
    assert (link.host, config.secret in str(link)) == ("0.0.0.0", False)
    assert {answer[name] for name in ("x-hwid-active", "x-hwid-max-devices-reached")} == {"true"}
    assert base64.b64decode(answer["Announce"].removeprefix("base64:")).decode() == link.title
    assert "x-hwid-limit" not in read(client, owner, "a")
    kept = devices_of(owner).values_list("hwid", "platform", "os_version", "model", "app")
    assert sorted(kept) == [(hwid, "iOS", "18.1", "iPhone 15", "Happ/3.2.1") for hwid in "ab"]


def test_a_known_tag_is_no_way_around_the_limit(client, owner, config):
    etag = read(client, owner, "a")["ETag"]
    read(client, owner, "b")

    answer = read(client, owner, "c", **{"If-None-Match": etag})

    assert (answer.status_code, is_let_in(answer)) == (200, False)


@pytest.mark.parametrize(
    ("more", "switch", "places"),
    [
        ({"device_limit": 1}, True, 3),
        ({"device_limit": 0}, True, 0),
        ({"device_limit": 5, "state": Config.State.EXPIRED}, True, 2),
        ({"device_limit": 1}, False, 0),
    ],
)
def test_the_limits_of_what_works_are_added_up(client, owner, config, more, switch, places):
    ShopSettings.objects.create(has_device_limits=switch)
    make_config(owner, config.inbound, **more)

    answers = [is_let_in(read(client, owner, f"h{number}")) for number in range(5)]

    assert answers.count(True) == (places or 5)


def test_apps_that_name_no_device_are_served(client, owner, config):
    for hwid in ("a", "b", "", " "):
        assert is_let_in(read(client, owner, hwid))
    assert devices_of(owner).count() == 2


@pytest.mark.parametrize("hwid", ["x" * 4000, "\u00e9\u0085\u00ff", "'; drop table"])
def test_odd_names_are_kept_as_they_fit(client, owner, config, hwid):
    long = {"x-device-model": "m" * 300, "x-device-os": "o" * 300, "x-ver-os": "v" * 300}

    answers = [read(client, owner, hwid, **long) for _ in range(3)]

    assert all(answer.status_code == 200 and is_let_in(answer) for answer in answers)
    device = devices_of(owner).get()
    assert (len(device.model), len(device.platform), len(device.os_version)) == (64, 64, 32)


def test_without_a_limit_the_longest_unseen_makes_room(client, owner, monkeypatch):
    make_config(owner, make_inbound())
    monkeypatch.setattr(devices, "MOST_KEPT", 3)

    for hwid in "abcd":
        assert is_let_in(read(client, owner, hwid))

    assert sorted(devices_of(owner).values_list("hwid", flat=True)) == ["b", "c", "d"]


def test_when_it_was_last_seen_is_written_once_an_hour(client, owner, config):
    read(client, owner, "a")
    before = devices_of(owner).get().last_seen_at
    read(client, owner, "a")
    assert devices_of(owner).get().last_seen_at == before

    Device.objects.update(last_seen_at=before - timedelta(hours=2))
    read(client, owner, "a", **{"User-Agent": "Happ/4"})

    device = devices_of(owner).get()
    assert device.last_seen_at > before - timedelta(minutes=1)
    assert device.app == "Happ/4"


def test_the_owner_frees_a_place(client, owner, stranger, staff, config):
    for hwid in "ab":
        read(client, owner, hwid)
    first, second = devices_of(owner)
    for actor, device_id in ((stranger, first.pk), (owner, 0)):
        with pytest.raises(NotFoundError):
            remove_device(actor=actor, device_id=device_id)
    assert (devices_of(owner).count(), devices_of(stranger).count()) == (2, 0)

    remove_device(actor=owner, device_id=first.pk)
    assert is_let_in(read(client, owner, "c"))
    remove_device(actor=staff, device_id=second.pk)

    assert [device.hwid for device in devices_of(owner)] == ["c"]
    assert AuditEvent.objects.filter(action="vpn_device.removed").count() == 2


def rush(user, *, count=6):
    """New devices that all come at once; return how many were let in."""
    start, link, let_in = threading.Barrier(count), subscription_of(user), []

    def come(number):
        start.wait(10)
        device = NamedDevice(hwid=f"h{number}")
        let_in.append(register_device(subscription_id=link.pk, device=device, limit=1))
        connection.close()

    threads = [threading.Thread(target=come, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return let_in.count(True)


@pytest.mark.parametrize("is_locked", [True, False])
def test_the_last_place_is_given_once(transactional_db, owner, monkeypatch, is_locked):
    subscription_of(owner)
    all_counted = threading.Barrier(6)
    create = Device.objects.create

    def late(**fields):
        """Without the lock everybody has counted before anybody is written down."""
        if not is_locked:
            all_counted.wait(10)
        return create(**fields)

    monkeypatch.setattr(Device.objects, "create", late)
    if not is_locked:
        monkeypatch.setattr(devices, "lock_subscription", lambda _: object())

    assert rush(owner) == (1 if is_locked else 6)
    assert devices_of(owner).count() == (1 if is_locked else 6)
