"""The settings of notifications: what is offered, what is kept, and that it counts."""

import pytest
from django.utils.translation import gettext_lazy

from integrations.models import Delivery
from notifications.models import ChannelAddress, Preference
from notifications.services import notify, planning
from notifications.services.kinds import kinds, register_notification
from notifications.services.preferences import is_wanted, set_wanted

pytestmark = pytest.mark.django_db
HERE = "/account/notifications"
NEWS, ALARM = "tests.news", "tests.alarm"


@pytest.fixture(autouse=True)
def _kinds():
    if NEWS in kinds:
        return
    register_notification(NEWS, subject="News of %(name)s", text="t", label=gettext_lazy("Name"))
    register_notification(ALARM, subject="An alarm went off", text="t", mandatory=True)


@pytest.fixture
def reachable(owner):
    owner.telegram_id, owner.telegram_username = 4_001, "olga_writes"
    owner.save()
    return owner


def offered(answer) -> set[str]:
    boxes = [box["value"] for kind in answer.context["optional"] for box in kind["boxes"]]
    return {*boxes, *(each["channel"] for each in answer.context["channels"] if each["address"])}


def send(client, **wishes):
    """Send the form as the page shows it, with these ticks."""
    form = client.get(HERE).context["form"]
    values = {field.html_name: field.value() for field in form}
    kept = {name: value for name, value in values.items() if value is not None}
    return client.post(HERE, {**kept, **wishes})


def channels_told(person, kind, key) -> list[str]:
    notify(kind=kind, recipient=person, context={"name": "x"}, dedup_key=key)
    planning.plan_due()
    rows = Delivery.objects.filter(idempotency_key__startswith="notifications.", state="queued")
    told = [row.kind.rpartition(".")[2] for row in rows.order_by("kind")]
    rows.delete()
    return told


def test_everything_is_on_until_something_is_said(reachable, page):
    answer = page(reachable).get(HERE)

    assert {"telegram", "email", f"telegram:{NEWS}", f"email:{NEWS}"} <= offered(answer)
    text = answer.content.decode()
    assert text.count('name="wanted"') == text.count("checked") == len(offered(answer))
    assert "@olga_writes" in text
    assert "An alarm went off" in text
    assert f'value="telegram:{ALARM}"' not in text
    assert not Preference.objects.exists()


def test_every_kind_has_a_name_without_holes():
    assert [name for name, kind in kinds.items() if "%" in str(kind.label)] == []


def test_in_russian(reachable, page):
    reachable.lang_code = "ru"
    reachable.save()
    text = page(reachable).get(HERE).content.decode()
    assert "Ваш пароль изменён" in text
    assert "Бот отключён" in text


def test_one_kind_is_turned_off_over_one_channel(reachable, platform, page):
    client = page(reachable)
    wanted = offered(client.get(HERE)) - {f"email:{NEWS}"}

    assert send(client, wanted=sorted(wanted))["Location"] == HERE

    assert not is_wanted(reachable, "email", NEWS)
    assert is_wanted(reachable, "telegram", NEWS)
    assert channels_told(reachable, NEWS, "a") == ["telegram"]
    assert channels_told(reachable, ALARM, "b") == ["email", "telegram"]
    assert f'value="email:{NEWS}">' in client.get(HERE).content.decode()


def test_nothing_ticked_turns_off_all_but_what_is_told_in_any_case(reachable, platform, page):
    client = page(reachable)
    send(client)

    assert channels_told(reachable, NEWS, "a") == []
    assert channels_told(reachable, ALARM, "b") == ["email", "telegram"]
    send(client, wanted=sorted(offered(client.get(HERE))))
    assert channels_told(reachable, NEWS, "c") == ["email", "telegram"]


def test_what_the_bot_s_settings_say_is_shown_here(reachable, page):
    set_wanted(reachable, "telegram", is_wanted=False)
    shown = {each["channel"]: each for each in page(reachable).get(HERE).context["channels"]}
    assert (shown["telegram"]["is_wanted"], shown["email"]["is_wanted"]) == (False, True)


def test_a_channel_without_an_address_keeps_its_wishes(owner, page):
    set_wanted(owner, "telegram", is_wanted=False)
    client = page(owner)
    text = client.get(HERE).content.decode()
    assert "Not linked yet." in text
    assert 'value="telegram"' not in text

    send(client, wanted=["email", f"email:{NEWS}", "telegram"])

    assert not is_wanted(owner, "telegram")
    assert is_wanted(owner, "email", NEWS)


@pytest.mark.parametrize(
    "value", ["nonsense", "", f"telegram:{ALARM}", "sms", "telegram:", "x" * 3000, "\x00"]
)
def test_wishes_for_what_nobody_offers_are_passed_over(value, reachable, page):
    client = page(reachable)
    assert send(client, wanted=[*offered(client.get(HERE)), value]).status_code == 302
    assert Preference.objects.get().muted == []


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("blocked", "You have blocked the bot."),
        ("never_started", "Start the bot first"),
        ("active", None),
    ],
)
def test_a_channel_that_does_not_reach_says_why(state, text, reachable, page):
    ChannelAddress.objects.create(user=reachable, channel="telegram", address="4001", state=state)
    shown = page(reachable).get(HERE).content.decode()
    assert ("notice-trouble" in shown) is (text is not None)
    assert text is None or text in shown


def test_what_was_learnt_of_an_older_address_is_not_shown_of_the_new_one(reachable, page):
    ChannelAddress.objects.create(
        user=reachable, channel="telegram", address="3999", state="blocked"
    )
    assert "notice-trouble" not in page(reachable).get(HERE).content.decode()


def test_wishes_are_one_s_own(reachable, stranger, page):
    send(page(reachable))
    assert Preference.objects.get().user == reachable
    assert is_wanted(stranger, "email", NEWS)
    assert page().post(HERE, {})["Location"] == f"/login?next={HERE}"
