"""The hourly comparison finds what webhook and poll left out, takes it in, and counts it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib import metrics
from config.lib.metrics import render_metrics
from integrations.metrics import avito_gap
from integrations.models import AvitoAccount, InboundEvent, IntegrationLog
from integrations.selectors.troubles import account_troubles
from integrations.services import polling, reconciling
from integrations.services.holds import place_hold
from integrations.tests.wires import buyer_says, connect_account, open_chat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(organization, sandbox):
    found = connect_account(organization, sandbox)
    sandbox.control("avito/webhooks", {"deliver": False})
    # Long enough ago for what is aged to be this account's business.
    AvitoAccount.objects.update(created_at=timezone.now() - timedelta(days=3))
    found.refresh_from_db()
    return found


@pytest.fixture
def chat_id(sandbox, account):
    return open_chat(sandbox, account)


def say(sandbox, chat_id, text, *, minutes_ago=0) -> str:
    body = {"chat_id": chat_id, "text": text}
    message_id = sandbox.control("avito/say", body)["message_id"]
    if minutes_ago:
        age = {"chat_id": chat_id, "message_id": message_id, "seconds": minutes_ago * 60}
        sandbox.control("avito/age", age)
    return message_id


def gap_of(account) -> float:
    """Return what the account's row says, and see that the gauge is the sum of all rows."""
    rows = AvitoAccount.objects.values_list("gap", flat=True)
    assert avito_gap()[0].samples[0].value == sum(gap or 0 for gap in rows)
    return AvitoAccount.objects.get(pk=account.pk).gap


def compare() -> AvitoAccount:
    AvitoAccount.objects.update(reconciled_at=None)
    assert reconciling.reconcile_due() == 1
    return AvitoAccount.objects.get()


def test_where_nothing_is_missing_the_gap_is_nil(sandbox, account, chat_id):
    for text in ("one", "two"):
        say(sandbox, chat_id, text, minutes_ago=30)
    AvitoAccount.objects.update(polled_at=None)
    polling.poll_due()
    compared = compare()
    assert (compared.gap, InboundEvent.objects.count()) == (0, 2)
    assert compared.reconciled_at is not None
    assert gap_of(account) == 0
    assert not IntegrationLog.objects.filter(event="gap_found").exists()


def test_what_was_missed_in_the_middle_is_taken_in_and_counted(sandbox, account, chat_id):
    for number in range(4):
        say(sandbox, chat_id, f"{number}", minutes_ago=50 - number)
    AvitoAccount.objects.update(polled_at=None)
    polling.poll_due()
    lost = InboundEvent.objects.get(payload__value__content__text="1").external_id
    InboundEvent.objects.filter(external_id=lost).delete()
    # The newest message is known, so the poll has no reason to look.
    AvitoAccount.objects.update(polled_at=None)
    assert polling.poll_due() == 0
    assert compare().gap == 1
    assert InboundEvent.objects.filter(external_id=lost).exists()
    assert gap_of(account) == 1
    assert IntegrationLog.objects.get(event="gap_found").text == "1"
    assert account_troubles(AvitoAccount.objects.get())[0].level == "warn"
    assert compare().gap == 0
    assert gap_of(account) == 0


def test_what_has_just_been_said_is_taken_in_and_is_no_gap(sandbox, account, chat_id):
    say(sandbox, chat_id, "this very moment")
    assert compare().gap == 0
    assert InboundEvent.objects.count() == 1


def test_what_is_older_than_a_day_is_left_alone(sandbox, account, chat_id):
    old = say(sandbox, chat_id, "the day before yesterday", minutes_ago=60 * 30)
    sandbox.control("avito/read", {"chat_id": chat_id, "by": "seller"})
    say(sandbox, chat_id, "an hour ago", minutes_ago=60)
    assert compare().gap == 1
    assert not InboundEvent.objects.filter(external_id=old).exists()


def test_a_chat_of_several_pages_is_compared_to_its_end(sandbox, account, chat_id):
    for number in range(105):
        buyer_says(sandbox, chat_id, f"{number}")
    AvitoAccount.objects.update(polled_at=None)
    polling.poll_due()
    first = InboundEvent.objects.earliest("id").external_id
    InboundEvent.objects.filter(external_id=first).delete()
    compare()
    assert InboundEvent.objects.filter(external_id=first).exists()


def test_each_account_is_compared_once_an_hour_and_none_under_a_hold(
    sandbox, organization, account, chat_id
):
    assert reconciling.reconcile_due() == 1
    asked = len(sandbox.calls("avito.*"))
    assert reconciling.reconcile_due() == 0
    AvitoAccount.objects.update(reconciled_at=timezone.now() - timedelta(minutes=61))
    place_hold(key=account.sender, seconds=60, reason="limited")
    assert reconciling.reconcile_due() == 0
    assert len(sandbox.calls("avito.*")) == asked


def test_an_avito_that_does_not_answer_leaves_the_last_result_and_stops_nobody(
    sandbox, organization, account, chat_id
):
    other = connect_account(organization, sandbox, "client-2")
    AvitoAccount.objects.filter(pk=account.pk).update(gap=3, reconciled_at=None)
    body = {"on": "avito.*", "do": "status", "status": 503}
    sandbox.control("faults", {**body, "where": {"user_id": account.avito_user_id}})
    reconciling.reconcile_due()
    account.refresh_from_db()
    other.refresh_from_db()
    assert (account.gap, account.reconciled_at) == (3, None)
    assert "503" in account.last_error
    assert other.gap == 0


def test_the_gauge_and_the_age_of_the_comparison_are_measured(account):
    AvitoAccount.objects.update(gap=2, reconciled_at=timezone.now() - timedelta(hours=3))
    metrics._gauges.forget()
    text = render_metrics().decode()
    assert "depesha_avito_gap 2.0" in text
    assert str(account.pk) not in text
    age = avito_gap()[1].samples[0].value
    assert 3 * 3600 <= age < 3 * 3600 + 60
