"""What the health report and the metrics say of the queues."""

from datetime import timedelta

import pytest
from django.db.models import Value
from django.db.models.functions import Now

from config.lib.health import Health
from integrations import metrics, probes
from integrations.models import AvitoAccount, BeatTick, Bot, Delivery, InboundEvent
from integrations.services import heartbeats, inbox
from integrations.tests import stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def script():
    return stage.set_up()


def age(model, seconds: int) -> None:
    model.objects.update(not_before=Now() - Value(timedelta(seconds=seconds)))


def samples(families) -> dict:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_is_due_is_counted_and_what_is_not_is_left_out():
    for n in range(3):
        stage.say(f"m{n}")
    age(Delivery, 40)
    Delivery.objects.filter(payload__text="m0").update(state="sent")
    stage.say("later", not_before=Delivery.objects.first().created_at + timedelta(days=1))
    seen = samples(metrics.backlog())
    assert seen["depesha_outbox_due", "stage"] == 2
    assert 40 <= seen["depesha_outbox_oldest_due_seconds", "stage"] < 60
    assert seen["depesha_inbox_due",] == 0


def test_the_dead_and_the_doubtful_are_shown():
    stage.say("a")
    stage.say("b")
    Delivery.objects.filter(payload__text="a").update(state="dead", settled_at=Now())
    Delivery.objects.filter(payload__text="b").update(state="ambiguous", needs_person=True)
    seen = samples(metrics.backlog())
    assert seen["depesha_outbox_dead_recently",] == 1
    assert seen["depesha_outbox_needs_person",] == 1


@pytest.mark.parametrize(("seconds", "status"), [(10, Health.HEALTHY), (400, Health.DEGRADED)])
def test_an_old_queue_degrades_the_report(seconds, status):
    stage.say("m")
    age(Delivery, seconds)
    assert probes.probe_outbox().status is status
    inbox.receive(source="stage", account_id=Bot().pk, external_id="1", lane="l", payload={})
    age(InboundEvent, seconds)
    assert probes.probe_inbox().status is status


def test_a_silent_beat_is_noticed():
    assert probes.probe_beat().status is Health.DEGRADED
    heartbeats.record_tick()
    assert probes.probe_beat().status is Health.HEALTHY
    assert samples(metrics.beat_tick())["depesha_beat_last_tick_timestamp_seconds",] > 0
    BeatTick.objects.update(at=Now() - Value(timedelta(seconds=500)))
    reading = probes.probe_beat()
    assert reading.status is Health.DEGRADED
    assert reading.value >= 500


def test_refused_accounts_are_shown(organization):
    assert probes.probe_bots().status is Health.HEALTHY
    Bot.objects.create(
        organization=organization, name="b", telegram_id=1, username="b", status="bad_token"
    )
    AvitoAccount.objects.create(
        organization=organization, name="a", avito_user_id=1, status="no_subscription"
    )
    assert probes.probe_bots().status is Health.DEGRADED
    assert probes.probe_avito().status is Health.DEGRADED
