"""From the signed-in page into the bot and back: a link that joins an account with Telegram."""

import re

import pytest
from django.db.models.functions import Now

from accounts.models import AuditEvent, LinkToken, Session
from accounts.services.sessions import revoke_all
from accounts.services.telegram_linking import make_linking_link
from notifications.models import ChannelAddress
from notifications.tests.conftest import PERSON
from notifications.tests.test_platform_bot import buttons, say, speaks  # noqa: F401

SECOND = 6_000_002


@pytest.fixture
def payload(platform_bot, owner, page):
    """Return what stands behind ``?start=`` on the page of somebody who has just signed in."""
    text = page(owner).post("/account/link/telegram").content.decode()
    return re.search(rf"t\.me/{platform_bot.username}\?start=([\w-]{{1,64}})", text)[1]


@pytest.fixture
def english(sandbox):
    speaks(sandbox, "en")
    sandbox.control("telegram/users", {"id": SECOND, "first_name": "Eve", "language_code": "en"})


def linked(person) -> int | None:
    person.refresh_from_db()
    return person.telegram_id


def test_who_opens_the_link_in_the_bot_is_linked_and_nobody_after_them(
    say,  # noqa: F811
    payload,
    english,
    owner,
    api,
    settings,
):
    message = say(f"/start {payload}")

    assert "Done" in message["text"]
    assert "Olga" in message["text"]
    assert [button["url"] for button in buttons(message)] == [f"{settings.SITE_URL}/account"]
    assert linked(owner) == PERSON
    assert api(owner).get("/api/auth/v1/me").json()["telegram_id"] == PERSON
    assert AuditEvent.objects.filter(action="user.telegram_linked", actor=owner).count() == 1
    address = ChannelAddress.objects.get(user=owner, channel="telegram")
    assert (address.address, address.state) == (str(PERSON), "active")

    refused = say(f"/start {payload}", user=SECOND)

    assert "used already" in refused["text"]
    assert linked(owner) == PERSON


def test_the_answer_is_in_the_language_of_the_account(say, payload, sandbox, owner):  # noqa: F811
    speaks(sandbox, "en")
    owner.lang_code = "ru"
    owner.save()

    assert "Готово" in say(f"/start {payload}")["text"]


def test_a_refusal_is_in_the_language_of_telegram(say, payload, sandbox):  # noqa: F811
    speaks(sandbox, "ru")
    LinkToken.objects.update(expires_at=Now())

    assert "истёк" in say(f"/start {payload}")["text"]


def test_an_expired_link_links_nobody(say, payload, english, owner):  # noqa: F811
    LinkToken.objects.update(expires_at=Now())

    assert "expired" in say(f"/start {payload}")["text"]
    assert linked(owner) is None


def test_a_person_with_another_account_stays_there(
    say,  # noqa: F811
    payload,
    english,
    owner,
    stranger,
):
    stranger.telegram_id = PERSON
    stranger.save()

    assert "another account" in say(f"/start {payload}")["text"]
    assert (linked(owner), linked(stranger)) == (None, PERSON)
    assert LinkToken.objects.get(purpose="link_telegram").used_at is None


def test_an_account_with_another_person_keeps_them(say, payload, english, owner):  # noqa: F811
    owner.telegram_id = SECOND
    owner.save()

    assert "another person" in say(f"/start {payload}")["text"]
    assert linked(owner) == SECOND


def test_who_was_thrown_out_keeps_no_way_back_in(say, payload, english, owner):  # noqa: F811
    revoke_all(user_id=owner.pk, reason="password_changed")

    assert "not valid" in say(f"/start {payload}")["text"]
    assert linked(owner) is None


def test_the_link_of_a_banned_account_opens_nothing(say, payload, english, owner):  # noqa: F811
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)

    assert "not valid" in say(f"/start {payload}")["text"]
    assert linked(owner) is None


@pytest.mark.parametrize("rest", ["", "-", "-unknown", f"-{'A' * 59}"])
def test_a_made_up_link_opens_nothing(say, english, owner, rest):  # noqa: F811
    assert "not valid" in say(f"/start link{rest}")["text"]
    assert linked(owner) is None


def test_a_sign_in_link_is_no_linking_link(say, english, owner, signed_in_session):  # noqa: F811
    link = make_linking_link(user=owner, session_id=signed_in_session.pk)
    LinkToken.objects.update(purpose="sign_in")

    assert "not valid" in say(f"/start link-{link.token}")["text"]
    assert linked(owner) is None


@pytest.fixture
def signed_in_session(owner, page):
    page(owner)
    return Session.objects.get(user=owner)
