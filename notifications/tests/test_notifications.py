"""Telling people: once, in their language, over what reaches them."""

import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from integrations.models import Bot, Delivery, InboundEvent
from integrations.services import inbox, pump
from integrations.signals import avito_account_refused, bot_token_refused
from notifications.models import ChannelAddress, Notification
from notifications.services import addresses, notify, planning
from notifications.services.kinds import kinds, register_notification
from notifications.services.rendering import render
from notifications.tests.conftest import PERSON

KIND = "tests.order"
STATE = ChannelAddress.State


@pytest.fixture(autouse=True)
def _kind():
    if KIND not in kinds:
        register_notification(
            KIND,
            subject=gettext_lazy("Sign in"),
            text='Order <b>%(name)s</b> &amp; <a href="https://e.org/">more</a>',
        )


def tell(person, key="k", **more) -> Notification:
    return notify(kind=KIND, recipient=person, context={"name": "<i>7 & 8"}, dedup_key=key, **more)


def send_all() -> None:
    planning.plan_due()
    pump.drain("telegram")
    pump.drain("mail")


def told(sandbox, bot_token) -> list[str]:
    messages = sandbox.control(f"telegram/chats/{PERSON}?bot={bot_token}")["messages"]
    return [entry["text"] for entry in messages if entry["from"]["is_bot"]]


def states(kind: str) -> list[str]:
    rows = Delivery.objects.filter(kind=f"notifications.{kind}").order_by("pk")
    return list(rows.values_list("state", flat=True))


def address(person, channel="telegram") -> ChannelAddress:
    return ChannelAddress.objects.get(user=person, channel=channel)


def take_updates(*, count: int) -> None:
    """Handle what the platform's bot heard, once so many updates have come."""
    deadline = time.monotonic() + 10
    while InboundEvent.objects.count() < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    inbox.drain()


def age_strike(person) -> None:
    ChannelAddress.objects.filter(user=person).update(
        last_strike_at=timezone.now() - addresses.STRIKE_GAP
    )


def let_due() -> None:
    Delivery.objects.filter(state__in=Delivery.OPEN).update(not_before=timezone.now())


def test_a_notice_goes_out_over_telegram_and_by_mail(reader, sandbox, bot_token, mailbox):
    tell(reader)
    send_all()
    assert told(sandbox, bot_token) == ["Order <i>7 & 8 & more"]
    (letter,) = mailbox()
    assert letter["to"] == ["olga@example.org"]
    assert letter["subject"] == "Sign in"
    assert letter["text"].strip() == "Order <i>7 & 8 & more (https://e.org/)"
    assert states("telegram") == states("email") == ["sent"]
    assert Notification.objects.get().planned_at is not None


@pytest.mark.django_db
def test_the_same_key_tells_once(owner, colleague):
    first = tell(owner)
    assert tell(owner) == first
    assert tell(colleague) == first
    planning.plan_due()
    planning.plan_due()
    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_a_notice_is_written_with_its_cause_or_not_at_all(owner):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(owner)
        1 / 0  # noqa: B018
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_an_unknown_kind_is_refused_before_anything_is_written(owner):
    with pytest.raises(LookupError):
        notify(kind="no.such", recipient=owner, context={}, dedup_key="k")
    assert not Notification.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lang_code", "language"), [("en", "en"), ("ru", "ru"), ("", "ru")], ids=["en", "ru", "none"]
)
def test_the_words_are_in_the_recipients_language(owner, lang_code, language):
    owner.lang_code = lang_code
    owner.save()
    with translation.override(language):
        expected = str(kinds.get(KIND).subject)
    with translation.override("en" if language == "ru" else "ru"):
        assert render(tell(owner)).subject == expected


@pytest.mark.django_db
def test_what_the_context_puts_in_cannot_be_markup(owner):
    rendered = render(tell(owner))
    assert "<b>&lt;i&gt;7 &amp; 8</b>" in rendered.html
    assert rendered.plain == "Order <i>7 & 8 & more (https://e.org/)"


def test_a_notice_that_came_too_late_is_not_sent(reader, sandbox, bot_token):
    tell(reader, expires_at=timezone.now() - timedelta(seconds=1))
    send_all()
    assert Notification.objects.get().state == "too_late"
    assert not Delivery.objects.exists()
    tell(reader, "k2", expires_at=timezone.now() + timedelta(hours=1))
    planning.plan_due()
    Delivery.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    send_all()
    assert states("telegram") == states("email") == ["dead"]
    assert told(sandbox, bot_token) == []
    assert set(Delivery.objects.values_list("last_error_code", flat=True)) == {"expired"}


@pytest.mark.django_db
def test_whoever_has_no_telegram_gets_mail_only(owner):
    tell(owner)
    planning.plan_due()
    assert list(Delivery.objects.values_list("kind", flat=True)) == ["notifications.email"]


@pytest.mark.django_db
def test_whoever_can_be_reached_nowhere_keeps_the_notice_for_the_site(owner):
    owner.email = None
    owner.save()
    tell(owner)
    assert planning.plan_due() == 1
    assert planning.plan_due() == 0
    assert not Delivery.objects.exists()


def test_a_person_who_blocked_the_bot_is_left_alone_until_the_next_start(
    reader, sandbox, bot_token
):
    sandbox.control("telegram/block", {"bot": bot_token, "user": PERSON})
    tell(reader, "one")
    tell(reader, "two")
    send_all()
    assert states("telegram") == ["dead", "cancelled"]
    assert address(reader).state == STATE.BLOCKED
    tell(reader, "three")
    send_all()
    assert states("telegram") == ["dead", "cancelled"]
    assert states("email") == ["sent"] * 3
    sandbox.control("telegram/unblock", {"bot": bot_token, "user": PERSON})
    take_updates(count=3)
    tell(reader, "four")
    send_all()
    assert states("telegram")[-1] == "sent"
    assert address(reader).state == STATE.ACTIVE


def test_a_block_that_telegram_tells_of_is_known_before_anything_is_sent(
    reader, sandbox, bot_token
):
    sandbox.control("telegram/block", {"bot": bot_token, "user": PERSON})
    take_updates(count=2)
    assert address(reader).state == STATE.BLOCKED
    tell(reader)
    send_all()
    assert states("telegram") == []
    assert states("email") == ["sent"]


def test_someone_who_never_started_the_bot_is_known_for_that(
    platform_bot, owner, sandbox, bot_token
):
    owner.telegram_id = PERSON
    owner.save()
    tell(owner)
    send_all()
    assert states("telegram") == ["dead"]
    assert address(owner).state == STATE.NEVER_STARTED


def test_a_telegram_id_that_does_not_exist_is_broken_and_a_new_one_starts_anew(
    platform_bot, owner, sandbox, bot_token
):
    owner.telegram_id = 6_999_999
    owner.save()
    tell(owner)
    send_all()
    assert address(owner).state == STATE.BROKEN
    owner.telegram_id = PERSON
    owner.save()
    tell(owner, "next")
    planning.plan_due()
    assert (address(owner).state, address(owner).address) == (STATE.ACTIVE, str(PERSON))


def test_three_refusals_a_day_apart_are_a_block_and_two_are_not(reader, sandbox, bot_token):
    refusal = "Forbidden: bot can't send messages to the user"
    sandbox.fault("telegram.sendMessage", "error", status=403, error=refusal)
    tell(reader)
    for strikes in (1, 2):
        send_all()
        assert (address(reader).strikes, address(reader).state) == (strikes, STATE.ACTIVE)
        let_due()
        send_all()
        assert address(reader).strikes == strikes
        assert states("telegram") == ["retry"]
        age_strike(reader)
        let_due()
    send_all()
    assert address(reader).state == STATE.BLOCKED
    assert states("telegram") == ["dead"]


def test_a_success_takes_the_strikes_away(reader, sandbox, bot_token):
    refusal = "Forbidden: bot can't send messages to the user"
    sandbox.fault("telegram.sendMessage", "error", status=403, error=refusal, times=1)
    tell(reader)
    send_all()
    assert address(reader).strikes == 1
    let_due()
    send_all()
    assert (address(reader).strikes, states("telegram")) == (0, ["sent"])


def test_markup_that_telegram_cannot_read_goes_out_as_plain_text(reader, sandbox, bot_token):
    refusal = "Bad Request: can't parse entities: unclosed tag"
    sandbox.fault("telegram.sendMessage", "error", error=refusal, where={"parse_mode": "HTML"})
    tell(reader)
    send_all()
    assert told(sandbox, bot_token) == ["Order <i>7 & 8 & more (https://e.org/)"]
    assert states("telegram") == ["sent"]


@pytest.mark.django_db
def test_a_refused_token_and_a_refused_account_are_told_to_the_owners(
    owner, colleague, organization
):
    from integrations.models import AvitoAccount

    bot = Bot.objects.create(
        organization=organization, name="Shop", telegram_id=1, username="shop_bot", sealed_token="-"
    )
    bot_token_refused.send(sender=Bot, organization=organization, account=bot)
    account = AvitoAccount(name="Shop on Avito", status="no_subscription")
    avito_account_refused.send(sender=AvitoAccount, organization=organization, account=account)
    account.status = "bad_credentials"
    avito_account_refused.send(sender=AvitoAccount, organization=organization, account=account)
    rows = list(Notification.objects.order_by("pk"))
    assert [row.kind for row in rows] == [
        "integrations.bot_token_refused",
        "integrations.avito_no_subscription",
        "integrations.avito_account_refused",
    ]
    assert {row.recipient for row in rows} == {owner}
    assert "@shop_bot" in render(rows[0]).subject
    assert "Shop on Avito" in render(rows[1]).plain


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["notification", "channeladdress"])
def test_the_admin_lists_and_shows_both_models(page, staff, owner, model):
    notification = tell(owner)
    planning.plan_due()
    pk = {"notification": notification.pk, "channeladdress": address(owner, "email").pk}[model]
    client = page(staff)
    listed = client.get(reverse(f"admin:notifications_{model}_changelist"), {"q": "olga"})
    assert listed.status_code == 200
    shown = client.get(reverse(f"admin:notifications_{model}_change", args=[pk]))
    assert shown.status_code == 200
