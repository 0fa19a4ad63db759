"""402, 403 and a 429 that lasts: told to the owner once, in words, wherever he looks."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from integrations.models import AvitoAccount, Hold, IntegrationLog
from integrations.selectors.troubles import account_troubles
from integrations.services import avito_limits, polling
from integrations.services.avito_limits import watch_limits
from integrations.services.holds import place_hold
from integrations.tests.wires import avito_call, connect_account, forget_tokens, open_chat
from notifications.models import Notification

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = {402: "integrations.avito_no_subscription", 403: "integrations.avito_account_refused"}


@pytest.fixture
def account(organization, sandbox):
    return connect_account(organization, sandbox)


def refuse(sandbox, account, status) -> None:
    keys = {"client_id": "client-1", "client_secret": "secret-of-client-1"}
    sandbox.control("avito/accounts", {**keys, "refuse": status})


def poll():
    AvitoAccount.objects.update(polled_at=None)
    polling.poll_due()


def kinds_told() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize("status", [402, 403])
def test_a_refusal_is_told_once_by_whatever_notices_it(
    sandbox, account, owner, colleague, page, status
):
    chat_id = open_chat(sandbox, account)
    refuse(sandbox, account, status)
    poll()
    poll()
    avito_call(account.sender, "send_text", chat_id=chat_id, text="x")
    assert kinds_told() == [KINDS[status]]
    assert Notification.objects.get().recipient == owner
    title = {402: "Shop has no Avito subscription", 403: "Avito refuses the keys of Shop"}[status]
    advice = {402: "Pay for it on Avito", 403: "section for developers"}[status]
    for path in ("/client", f"/client/integrations/avito/{account.pk}"):
        shown = page(owner).get(path).content.decode()
        assert title in shown
        assert advice in shown


def test_a_subscription_that_was_bought_ends_it_and_a_new_refusal_is_told_anew(sandbox, account):
    refuse(sandbox, account, 402)
    poll()
    refuse(sandbox, account, None)
    AvitoAccount.objects.update(last_error_at=timezone.now() - timedelta(hours=2))
    Hold.objects.all().delete()
    forget_tokens()
    poll()
    account.refresh_from_db()
    assert (account.status, account_troubles(account)) == ("active", [])
    refuse(sandbox, account, 402)
    poll()
    assert kinds_told() == [KINDS[402]] * 2


def slow_down(account, *, minutes: float, chat: str = "") -> None:
    """Play a refusal for pace that began so long ago and goes on."""
    key = f"{account.sender}:{chat}" if chat else account.sender
    place_hold(key=key, seconds=30, reason="limited")
    watch_limits()
    began = timezone.now() - timedelta(minutes=minutes)
    AvitoAccount.objects.filter(pk=account.pk).update(limited_at=began)
    watch_limits()
    account.refresh_from_db()


def test_a_pause_of_a_moment_concerns_nobody(sandbox, account):
    sandbox.fault("avito.*", "status", status=429, retry_after=30, times=1)
    poll()
    watch_limits()
    account.refresh_from_db()
    assert account.limited_at is not None
    slow_down(account, minutes=9)
    assert (kinds_told(), account_troubles(account)) == ([], [])


@pytest.mark.parametrize("chat", ["", "u2i-one~chat"])
def test_a_pace_that_lasts_is_told_once(account, owner, page, chat):
    slow_down(account, minutes=11, chat=chat)
    watch_limits()
    assert kinds_told() == ["integrations.avito_limited"]
    assert IntegrationLog.objects.get(event="limited").level == "warning"
    with translation.override("en"):
        (trouble,) = account_troubles(account)
    assert (trouble.level, trouble.title) == ("warn", "Avito asks Shop to go slower")
    assert "Nothing is lost" in page(owner).get("/client").content.decode()


def test_it_is_over_after_a_break_and_the_next_one_begins_anew(account):
    slow_down(account, minutes=11)
    Hold.objects.update(until=timezone.now() - timedelta(seconds=60))
    watch_limits()
    account.refresh_from_db()
    assert account.limited_at is not None
    Hold.objects.update(until=timezone.now() - avito_limits.BREAK - timedelta(seconds=1))
    watch_limits()
    account.refresh_from_db()
    assert (account.limited_at, account_troubles(account)) == (None, [])
    IntegrationLog.objects.update(created_at=timezone.now() - timedelta(hours=1))
    slow_down(account, minutes=12)
    assert kinds_told() == ["integrations.avito_limited"] * 2


def test_other_holds_and_other_accounts_are_no_matter_of_pace(sandbox, organization, account):
    other = connect_account(organization, sandbox, "client-2")
    place_hold(key=other.sender, seconds=30, reason="no_subscription")
    slow_down(account, minutes=11)
    other.refresh_from_db()
    assert other.limited_at is None
    assert Notification.objects.get().context == {"account": account.name}
