"""/api/notifications/preferences, and the same choices on the page."""

import pytest

from notifications.models import Preference
from notifications.services import register_notification
from notifications.services.digests import DIGEST
from notifications.services.kinds import kinds

pytestmark = pytest.mark.django_db
HERE, PAGE = "/api/notifications/preferences", "/account/notifications"
NEWS, ALARM = "tests.api_news", "tests.api_alarm"
WHOLE = {
    "quiet_from": "23:00:00",
    "quiet_to": "07:30:00",
    "digest_hour": 18,
    "reach": "first",
    "channel_order": ["email", "telegram"],
    "frequencies": {NEWS: "digest"},
    "muted": ["telegram", f"email:{NEWS}"],
}


@pytest.fixture(autouse=True)
def _kinds():
    if NEWS not in kinds:
        register_notification(NEWS, subject="News", text="t")
        register_notification(ALARM, subject="Alarm", text="t", mandatory=True)


def test_nobody_has_no_wishes(api):
    assert api().get(HERE).status_code == 401
    assert api().put(HERE, WHOLE, format="json").status_code == 401


def test_at_first_everything_comes_at_once_and_everywhere(api, owner):
    said = api(owner).get(HERE).json()
    assert said["reach"] == "all"
    assert (said["quiet_from"], said["muted"], said["frequencies"]) == (None, [], {})
    assert said["timezone"] == "Europe/Moscow"
    channels = {each["channel"]: each["address"] for each in said["channels"]}
    assert (channels["email"], channels["telegram"]) == ("olga@example.org", "")
    shown = {each["kind"]: each for each in said["kinds"]}
    assert shown[ALARM]["is_mandatory"]
    assert shown[NEWS]["frequency"] == "instant"
    assert DIGEST not in shown
    assert not Preference.objects.exists()


def test_everything_is_replaced_and_the_page_shows_it(api, page, owner, stranger):
    client = api(owner)
    answer = client.put(HERE, WHOLE, format="json")
    assert answer.status_code == 200
    whole = {**WHOLE, "muted": sorted(WHOLE["muted"])}
    assert whole.items() <= answer.json().items()
    assert whole.items() <= client.get(HERE).json().items()
    assert api(stranger).get(HERE).json()["muted"] == []

    owner.telegram_id = 4_001
    owner.save()
    form = page(owner).get(PAGE).context["form"]
    assert form["order"].value() == "email,telegram"
    assert form[f"frequency:{NEWS}"].value() == "digest"
    text = page(owner).get(PAGE).content.decode()
    assert 'value="23:00"' in text
    assert client.put(HERE, {}, format="json").json()["muted"] == []
    assert Preference.objects.get().quiet_from is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quiet_to": None}, "quiet_to"),
        ({"quiet_from": None}, "quiet_from"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"digest_hour": 24}, "digest_hour"),
        ({"digest_hour": "x"}, "digest_hour"),
        ({"reach": "some"}, "reach"),
        ({"channel_order": ["pigeon"]}, "channel_order"),
        ({"channel_order": "email"}, "channel_order"),
        ({"frequencies": {ALARM: "off"}}, "frequencies"),
        ({"frequencies": {"no.such": "off"}}, "frequencies"),
        ({"frequencies": {NEWS: "hourly"}}, "frequencies"),
        ({"muted": ["x" * 97]}, "muted"),
        ({"muted": {"a": 1}}, "muted"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_kept(change, field, api, owner):
    answer = api(owner).put(HERE, WHOLE | change, format="json")
    assert answer.status_code == 400
    assert field in str(answer.json())
    assert not Preference.objects.exists()


def test_wishes_that_nobody_offers_are_passed_over(api, owner):
    odd = {"muted": ["pigeon", f"email:{ALARM}", "email"], "channel_order": ["telegram"]}
    said = api(owner).put(HERE, odd, format="json").json()
    assert said["muted"] == ["email"]
    assert said["channel_order"] == []  # the usual one


def chosen(client) -> dict:
    """Return the form as the page shows it, as a browser would send it."""
    answer = client.get(PAGE)
    form = answer.context["form"]
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value is not None}


def test_the_page_keeps_what_is_chosen_and_says_what_is_wrong(page, owner):
    owner.telegram_id = 4_001
    owner.save()
    client = page(owner)
    changes = {
        "quiet_from": "22:00",
        "quiet_to": "06:00",
        "digest_hour": "7",
        "reach": "first",
        "order": "email,telegram",
        f"frequency:{NEWS}": "off",
        "wanted": ["email", f"email:{NEWS}"],
    }
    assert client.post(PAGE, {**chosen(client), **changes})["Location"] == PAGE
    kept = Preference.objects.get()
    assert (kept.quiet_from.hour, kept.quiet_to.hour, kept.digest_hour) == (22, 6, 7)
    assert (kept.reach, kept.channel_order[:2]) == ("first", ["email", "telegram"])
    assert kept.frequencies[NEWS] == "off"
    assert {"telegram", f"telegram:{NEWS}"} <= set(kept.muted)

    wrong = client.post(PAGE, {**chosen(client), "quiet_to": "", "digest_hour": "3"})
    assert wrong.status_code == 400
    assert "Quiet hours need both" in wrong.content.decode()
    kept.refresh_from_db()
    assert kept.digest_hour == 7


@pytest.mark.parametrize(
    "change", [{"order": "pigeon"}, {"digest_hour": "\x00"}, {"quiet_from": "noon"}, {"reach": ""}]
)
def test_what_the_page_does_not_offer_is_refused(change, page, owner):
    owner.telegram_id = 4_001
    owner.save()
    client = page(owner)
    assert client.post(PAGE, {**chosen(client), **change}).status_code == 400
    assert not Preference.objects.exists()
