"""What people are told of their configs, each once; and of the shop, staff."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from accounts.tests.races import at_once
from conftest import make_user
from notifications.models import Notification
from notifications.services.kinds import kinds
from notifications.services.rendering import render
from vpnconfigs import signals
from vpnconfigs.models import Config, Panel
from vpnconfigs.services import expiry_notices, news, requests
from vpnconfigs.services.expiry_notices import plan_expiry_notices
from vpnconfigs.services.purchases import renew_config
from vpnconfigs.services.subscriptions import subscription_of
from vpnconfigs.services.upkeep import move_config, reset_traffic
from vpnconfigs.tests.conftest import DAY

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
# A hundred thousand take the database three seconds of processor time.
MANY = 20_000


def told() -> list[tuple]:
    rows = Notification.objects.order_by("id")
    return [(row.kind.partition(".")[2], row.context.get("hours")) for row in rows]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (100 * HOUR, []),
        (71 * HOUR, [("ends_soon", 72)]),
        (23 * HOUR, [("ends_soon", 24)]),
        (2 * HOUR, [("ends_soon", 3)]),
        (-HOUR, [("ended", None)]),
        (-49 * HOUR, []),
        (None, []),
    ],
)
def test_each_is_told_of_the_nearest_threshold_once(owner, make_config, left, expected):
    now = timezone.now()
    config = make_config(owner, valid_to=None if left is None else now + left)
    assert plan_expiry_notices() == len(expected)
    assert plan_expiry_notices() == 0
    assert told() == expected
    for notice in Notification.objects.all():
        assert (notice.recipient, notice.context["path"]) == (owner, f"/configs/{config.pk}")


def test_one_config_hears_of_each_threshold_and_again_after_a_renewal(owner, make_config):
    config = make_config(owner, valid_to=timezone.now() + 71 * HOUR)

    def pass_time(left):
        Config.objects.filter(pk=config.pk).update(valid_to=config.valid_to - left)
        plan_expiry_notices()

    plan_expiry_notices()
    renew_config(actor=owner, config=config)
    plan_expiry_notices()
    assert told() == [("ends_soon", 72)]
    config.refresh_from_db()
    # As the clock would: the same end, later and later. Here the end comes nearer instead.
    for left, hours in ((30 * DAY + HOUR, 72), (32 * DAY, 24), (33 * DAY - 2 * HOUR, 3)):
        pass_time(left)
        assert told()[-1] == ("ends_soon", hours)
    assert len(told()) == 4


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # It has just been had: there is no news in that it is short.
        ({"valid_from": -HOUR, "valid_to": 23 * HOUR}, []),
        ({"valid_from": -22 * HOUR, "valid_to": 2 * HOUR}, [("ends_soon", 3)]),
        ({"state": "suspended", "valid_to": HOUR}, []),
        ({"state": "deleted", "valid_to": HOUR}, []),
        ({"state": "depleted", "valid_to": HOUR}, []),
        ({"state": "expired", "valid_to": -HOUR}, [("ended", None)]),
        ({"synced_at": -3 * DAY, "valid_to": 20 * DAY}, [("not_connected", None)]),
        ({"synced_at": -3 * DAY, "valid_to": 20 * DAY, "first_online_at": -DAY}, []),
        ({"synced_at": -3 * DAY, "valid_to": 20 * DAY, "is_adopted": True}, []),
        ({"synced_at": -DAY, "valid_to": 20 * DAY}, []),
    ],
)
def test_who_hears_nothing(owner, make_config, fields, expected):
    now = timezone.now()
    moments = {k: now + v if isinstance(v, timedelta) else v for k, v in fields.items()}
    make_config(owner, **moments)
    make_config(make_user("banned", is_active=False), **moments)
    plan_expiry_notices()
    assert told() == expected


def test_thresholds_come_from_the_settings(owner, make_config, settings):
    settings.CONFIG_EXPIRY_NOTIF_HOURS = [48]
    make_config(owner, valid_to=timezone.now() + 47 * HOUR)
    make_config(owner, valid_to=timezone.now() + 49 * HOUR)
    plan_expiry_notices()
    assert told() == [("ends_soon", 48)]


@pytest.mark.django_db(transaction=True)
def test_many_are_told_once_by_two_beats(owner, make_config, statements):
    make_config(owner, valid_to=timezone.now() + 20 * HOUR)
    _multiply(MANY)
    began = time.monotonic()
    counts = at_once(2, lambda _n: plan_expiry_notices())
    spent = time.monotonic() - began
    assert sum(counts) == Notification.objects.count() == MANY
    assert Notification.objects.values("dedup_key").distinct().count() == MANY
    assert spent < 10
    began = time.monotonic()
    # Two for the lock; then one look for each threshold and sort of notice.
    with statements() as seen:
        assert plan_expiry_notices() == 0
    assert len(seen.asked) == 2 + len([72, 24, 3]) + 2
    assert time.monotonic() - began < 5


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_of_the_beat_each_is_told_once_all_the_same(
    owner, make_config, monkeypatch
):
    make_config(owner, valid_to=timezone.now() + 20 * HOUR)
    _multiply(2_000)
    now = timezone.now()
    monkeypatch.setattr(expiry_notices, "CHUNK", 500)
    counts = at_once(4, lambda _n: expiry_notices._plan_all(now))
    assert sum(counts) == Notification.objects.count() == 2_000


def test_traffic_marks_are_told_once_a_period(owner, make_config):
    config = make_config(owner)

    def say(percent):
        signals.usage_crossed.send(sender=None, config_ids=[config.pk], percent=percent)

    say(80)
    say(80)
    say(95)
    signals.configs_depleted.send(sender=None, config_ids=[config.pk])
    say(100)
    assert [kind for kind, _ in told()] == ["nearly_used_up", "nearly_used_up", "used_up"]
    reset_traffic(actor=None, config=config)
    say(80)
    assert len(told()) == 4


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"valid_from": -31}, True),
        # The page that it was got on, or the news of the approval, leads there already.
        ({"valid_from": -29}, False),
        # It has come back from a suspension, after a renewal.
        ({"valid_from": -9000, "synced_at": -8990}, False),
        ({"valid_from": -31, "synced_at": -9000}, False),
        ({"valid_from": None}, False),
    ],
)
def test_who_had_to_wait_hears_once_that_it_works(owner, make_config, fields, is_told):
    now = timezone.now()
    moments = {"synced_at": 0, **fields}
    config = make_config(
        owner, **{k: v if v is None else now + timedelta(seconds=v) for k, v in moments.items()}
    )
    for _twice in range(2):
        signals.configs_activated.send(sender=None, config_ids=[config.pk])
    assert told() == ([("config_ready", None)] if is_told else [])


def test_a_move_is_no_news_and_the_banned_hear_nothing(owner, make_config, make_inbound):
    waited = {"valid_from": timezone.now() - HOUR, "synced_at": timezone.now()}
    moved = make_config(owner, **waited)
    move_config(actor=None, config=moved, inbound=make_inbound(country="DE"))
    Config.objects.filter(pk=moved.pk).update(synced_at=timezone.now())
    banned = make_config(make_user("banned", is_active=False), **waited)
    signals.configs_activated.send(sender=None, config_ids=[moved.pk, banned.pk])
    assert told() == []


@pytest.mark.django_db(transaction=True)
def test_a_request_approved_while_the_panel_is_away_brings_two_pieces_of_news(
    owner, staff, tariff, shop_panel
):
    panel = shop_panel("g3b")
    asked = requests.ask(user=owner, kind="access", tariff=tariff, name="TV")
    panel.play("power", on=False)
    requests.approve(actor=staff, request=asked)
    panel.settle()
    Config.objects.update(valid_from=timezone.now() - HOUR)
    approved = Notification.objects.get(recipient=owner)
    assert approved.context["path"] == f"/configs/{asked.config_id}"
    assert "TV" in render(approved).plain

    panel.play("power", on=True)
    panel.settle()

    ready = Notification.objects.filter(recipient=owner).latest("pk")
    assert ready.kind == "vpnconfigs.config_ready"
    assert ready.context["path"] == f"/configs/{asked.config_id}"
    buttons = kinds.get(ready.kind).buttons(ready.context)
    assert [data.split(":")[1] for _text, data in buttons] == ["qr", "config"]


def test_staff_hear_of_panels(owner, staff, inbound):
    panel = inbound.panel
    staff.lang_code = "en"
    staff.save()
    make_user("admin2", role="ADMIN", lang_code="ru")

    def say(before, after):
        panel.state_since = timezone.now()
        for _twice in range(2):
            signals.panel_state_changed.send(sender=Panel, panel=panel, before=before, after=after)

    say("new", "up")
    assert told() == []
    say("up", "down")
    say("down", "up")
    assert [kind for kind, _ in told()] == ["panel_down"] * 2 + ["panel_up"] * 2
    assert owner.pk not in Notification.objects.values_list("recipient", flat=True)
    down = Notification.objects.filter(kind="vpnconfigs.panel_down").order_by("recipient_id")
    words = [render(notice).plain for notice in down]
    assert "does not answer" in words[0]
    assert "не отвечает" in words[1]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_kind_can_be_told(owner, language):
    owner.lang_code = language
    ours = [(name, kind) for name, kind in kinds.items() if name.startswith("vpnconfigs.")]
    assert len(ours) >= 13
    for name, kind in ours:
        notice = Notification(kind=name, recipient=owner, context=dict(kind.sample))
        with translation.override(language):
            words = render(notice)
        assert words.subject
        assert "%" not in words.plain.replace("80%", "")


def test_news_reach_customers_in_batches(owner, stranger, staff, make_config, monkeypatch):
    make_config(owner)
    make_config(make_user("dmitri", lang_code="ru"))
    make_config(make_user("gone", is_active=False))
    monkeypatch.setattr(news, "CHUNK", 1)
    piece = news.write_news(
        actor=staff,
        fields={"title_ru": "Новость", "title_en": "News", "text_ru": "x", "is_announced": True},
    )
    assert news.announce_due() == 0
    news.schedule_news(
        actor=staff, news_id=piece.pk, publish_at=timezone.now() + timedelta(hours=1)
    )
    assert news.publish_due() == 0
    type(piece).objects.update(publish_at=timezone.now())
    assert news.publish_due() == 1
    assert news.publish_due() == 0
    assert news.announce_due() == 2
    assert news.announce_due() == 0
    titles = Notification.objects.order_by("recipient__username").values_list("context", flat=True)
    assert [context["title"] for context in titles] == ["Новость", "News"]
    # A run that was killed between the batches and the mark is gone on with.
    type(piece).objects.update(announced_at=None)
    assert news.announce_due() == 0


def _multiply(count: int) -> None:
    """Make so many of the one config that there is."""
    config = Config.objects.get()
    columns = [f.column for f in Config._meta.concrete_fields if f.column not in ("id", "email")]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO vpnconfigs_config (id, email, {names})"
            f" SELECT gen_random_uuid(), 'm' || number, {names}"
            " FROM vpnconfigs_config, generate_series(2, %s) AS number WHERE id = %s",
            [count, config.pk],
        )
        cursor.execute("ANALYZE vpnconfigs_config")
    assert subscription_of(config.user).configs.count() == count
