"""What the pages of bots and accounts say of what waits, and why."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import AvitoAccount, Delivery, Hold
from integrations.selectors.health import health_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(organization):
    return AvitoAccount.objects.create(
        organization=organization,
        name="Front shop",
        api_client_id="id",
        sealed_client_secret="sealed",
        avito_user_id=501,
    )


@pytest.fixture
def bot(organization, make_bot):
    return make_bot(organization).bot


def deliver(sender, state="queued", *, channel="avito", hours=0):
    Delivery.objects.create(
        kind="test",
        channel=channel,
        sender=sender,
        lane=str(uuid.uuid4()),
        budget_key=sender,
        payload={},
        idempotency_key=str(uuid.uuid4()),
        correlation_id="test",
        state=state,
        not_before=timezone.now(),
        created_at=timezone.now() - timedelta(hours=hours),
    )


def hold(key, seconds=60):
    until = timezone.now() + timedelta(seconds=seconds)
    Hold.objects.create(key=key, until=until, reason="limited", created_at=timezone.now())


def test_what_waits_and_what_was_given_up_is_counted(account):
    deliver(account.sender, hours=3)
    deliver(account.sender, "retry")
    deliver(account.sender, "sent")
    deliver(account.sender, "dead", hours=23)
    deliver(account.sender, "dead", hours=25)
    deliver(f"avito:{uuid.uuid4()}")
    health = health_of(account)
    assert (health.waiting, health.given_up) == (2, 1)
    assert timedelta(hours=2) < timezone.now() - health.oldest_at < timedelta(hours=4)


def test_holds_that_last_are_told(account):
    hold(account.sender, -5)
    hold(f"{account.sender}:chat-1")
    hold(f"avito:{uuid.uuid4()}")
    assert (health_of(account).held_until, health_of(account).held_chats) == (None, 1)
    Hold.objects.filter(key=account.sender).delete()
    hold(account.sender)
    assert health_of(account).held_until > timezone.now()


def test_an_account_that_is_well_has_nothing_waiting(page, owner, account):
    health = page(owner).get(f"/client/integrations/avito/{account.pk}").context["health"]
    assert (health.waiting, health.oldest_at, health.given_up) == (0, None, 0)
    assert (health.held_until, health.held_chats) == (None, 0)


def test_a_bots_page_tells_what_waits_and_leads_to_the_log(page, owner, bot):
    deliver(bot.sender, channel="telegram")
    deliver(bot.sender, "dead", channel="telegram")
    hold(f"{bot.sender}:-1001")
    hold(f"{bot.sender}:-1002")
    text = page(owner).get(f"/client/bots/{bot.pk}").content.decode()
    assert "the oldest:" in text
    assert "in 2 chats" in text
    assert f"/client/integrations/log?account={bot.pk}&amp;level=error" in text
    hold(bot.sender)
    assert "everything until" in page(owner).get(f"/client/bots/{bot.pk}").content.decode()
