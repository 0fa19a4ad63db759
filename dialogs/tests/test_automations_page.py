"""The page of the auto-reply, as owners and managers see it."""

from datetime import UTC, datetime, time

import pytest
from django.utils import translation

from dialogs.models import AutoReply, AutoReplySettings
from dialogs.tests.auto_replies import TEXT, say, switch_on
from dialogs.tests.inbox import make_account, make_dialog
from dialogs.web.automations import describe_outlook

pytestmark = pytest.mark.django_db

URL = "/client/automations"
FORM = {
    "auto_reply_enabled": "on",
    "auto_reply_always": "False",
    "auto_reply_start_time": "21:00",
    "auto_reply_end_time": "09:30",
    "auto_reply_timezone": "Asia/Omsk",
    "auto_reply_delay_seconds": "120",
    "auto_reply_text": TEXT,
}


@pytest.fixture
def settings_row(organization):
    return switch_on(organization, always=False, start_time=time(21), end_time=time(9))


def outlook_at(settings, moment):
    with translation.override("en"):
        return describe_outlook(settings, datetime.fromisoformat(moment).replace(tzinfo=UTC))


def test_an_owner_sets_it(page, owner, organization):
    client = page(owner)
    assert "Nobody is answered automatically." in client.get(URL).content.decode()
    saved = client.post(URL, FORM)
    assert saved.status_code == 302
    assert saved["Location"] == URL
    row = AutoReplySettings.objects.get(organization=organization)
    assert (row.enabled, row.always, row.timezone) == (True, False, "Asia/Omsk")
    assert (row.start_time, row.end_time) == (time(21), time(9, 30))
    shown = client.get(URL).content.decode()
    assert row.delay_seconds == 120
    assert 'value="120"' in shown
    assert 'value="21:00"' in shown
    assert 'value="09:30"' in shown
    assert TEXT in shown


def test_lines_of_a_form_count_as_one_character_each(page, owner, organization):
    text = "\r\n".join(["x"] * 2000) + "y"
    assert page(owner).post(URL, FORM | {"auto_reply_text": text}).status_code == 302
    assert AutoReplySettings.objects.get().text == text.replace("\r", "")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"auto_reply_text": "x" * 4001}, "auto_reply_text"),
        ({"auto_reply_delay_seconds": "9"}, "auto_reply_delay_seconds"),
        ({"auto_reply_delay_seconds": "3601"}, "auto_reply_delay_seconds"),
        ({"auto_reply_text": " "}, "auto_reply_text"),
        ({"auto_reply_end_time": ""}, "auto_reply_end_time"),
        ({"auto_reply_end_time": "half past nine"}, "auto_reply_end_time"),
        ({"auto_reply_timezone": "Europe/Bicycle"}, "auto_reply_timezone"),
        ({"auto_reply_always": "sometimes"}, "auto_reply_always"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(page, owner, organization, changes, name):
    answer = page(owner).post(URL, FORM | changes)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [name]
    assert f'href="#id_{name}"' in answer.content.decode()
    assert not AutoReplySettings.objects.exists()


def test_a_manager_reads_it_and_cannot_change_it(page, colleague, organization, settings_row):
    client = page(colleague)
    shown = client.get(URL).content.decode()
    assert TEXT in shown
    assert "data-auto-reply" not in shown
    assert client.post(URL, FORM).status_code == 403
    settings_row.refresh_from_db()
    assert settings_row.timezone == "Europe/Berlin"


def test_a_visitor_signs_in_first(client):
    for answer in (client.get(URL), client.post(URL, FORM)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login")
    assert not AutoReplySettings.objects.exists()


def test_the_nights_outlook(settings_row):
    inside = outlook_at(settings_row, "2026-11-20T21:00")
    assert inside.state == "active"
    assert inside.title == "Active now, until 9 a.m."
    assert "within 75 seconds" in inside.text
    outside = outlook_at(settings_row, "2026-11-20T12:00")
    assert outside.state == "inactive"
    assert outside.title == "Silent now, active from 9 p.m."
    assert "Europe/Berlin" in outside.text


def test_other_outlooks(settings_row):
    settings_row.always = True
    assert outlook_at(settings_row, "2026-11-20T12:00").title == "Active at any time"
    settings_row.delay_seconds = 1
    assert "within 1 second " in outlook_at(settings_row, "2026-11-20T12:00").text
    settings_row.enabled = False
    assert outlook_at(settings_row, "2026-11-20T12:00").state == "off"


def test_the_last_replies_are_listed_with_what_became_of_them(
    page, owner, organization, other_organization, settings_row
):
    account = make_account(organization)
    for number, (state, reason) in enumerate(
        [("sent", ""), ("waiting", ""), ("cancelled", "answered"), ("cancelled", "too_late")]
    ):
        dialog = make_dialog(account, f"Buyer {number}")
        AutoReply.objects.create(
            dialog=dialog,
            window="day:1",
            due_at=datetime.now(UTC),
            state=state,
            reason=reason,
            message=dialog.messages.get() if state == "sent" else None,
        )
    switch_on(other_organization)
    foreign = make_dialog(make_account(other_organization, avito_user_id=8), "Foreigner", texts=())
    say(foreign)
    shown = page(owner).get(URL).content.decode()
    for words in ("Goes out unless", "somebody has answered", "come too late", "Buyer 0"):
        assert words in shown
    assert "Foreigner" not in shown


def test_the_list_is_short_and_costs_as_much_with_many(
    page, owner, organization, settings_row, django_assert_max_num_queries
):
    account = make_account(organization)
    for number in range(25):
        dialog = make_dialog(account, f"Buyer {number}", texts=())
        AutoReply.objects.create(dialog=dialog, window="day:1", due_at=datetime.now(UTC))
    client = page(owner)
    client.get(URL)
    with django_assert_max_num_queries(8):
        answer = client.get(URL)
    assert answer.content.decode().count("Goes out unless") == 20


def test_it_is_in_russian_for_russians(page, owner, organization, settings_row):
    owner.lang_code = "ru"
    owner.save()
    shown = page(owner).get(URL).content.decode()
    assert "Автоответ" in shown
    assert "Отвечать покупателям" in shown


def test_the_nav_leads_there(page, owner, organization):
    assert f'href="{URL}"' in page(owner).get("/client").content.decode()
