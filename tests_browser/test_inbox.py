"""The inbox as a person uses it: live, by keyboard, without losing what is being typed."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dialogs.models import Dialog, Message
from dialogs.tests.inbox import make_account, make_dialog
from tests_browser.conftest import PHONE


@pytest.fixture
def dialog(organization):
    return make_dialog(make_account(organization), "Boris", texts=["Is it still there?"])


def buyer_writes(dialog, text):
    now = timezone.now()
    Message.objects.create(
        dialog=dialog,
        direction="avito",
        is_incoming=True,
        author_name="Boris",
        text=text,
        correlation_id="test",
        written_at=now,
    )
    dialog.unread_count += 1
    Dialog.objects.filter(pk=dialog.pk).update(
        unread_count=dialog.unread_count, last_message_text=text, last_message_at=now
    )


def test_a_dialog_is_answered(open_browser, owner, dialog):
    tab = open_browser(owner)
    tab.get_by_role("link", name="Dialogs").first.click()
    tab.get_by_role("link", name="Boris").click()
    field = tab.get_by_label("Your answer")
    field.fill("Yes, come today.")
    field.press("Enter")
    own = tab.locator(".bubble-own")
    expect(own).to_contain_text("Yes, come today.")
    expect(own).to_contain_text("Waiting to be sent")
    expect(field).to_have_value("")
    assert dialog.messages.get(is_incoming=False).text == "Yes, come today."
    # What becomes of it is seen without a reload.
    dialog.messages.filter(is_incoming=False).update(status="read")
    expect(own).to_contain_text("Read")


def test_a_new_line_is_not_an_answer(open_browser, owner, dialog):
    tab = open_browser(owner)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    field = tab.get_by_label("Your answer")
    field.press("Enter")
    field.type("first")
    field.press("Shift+Enter")
    field.type("second")
    expect(field).to_have_value("first\nsecond")
    assert not dialog.messages.filter(is_incoming=False).exists()


def test_what_arrives_is_shown_while_an_answer_is_being_typed(open_browser, owner, dialog):
    tab = open_browser(owner)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    field = tab.get_by_label("Your answer")
    field.fill("Half an ans")
    buyer_writes(dialog, "Hello? Anybody?")
    expect(tab.locator(".bubble").last).to_contain_text("Hello? Anybody?")
    expect(tab.locator("#announcer")).to_have_text("New message: Hello? Anybody?")
    expect(field).to_have_value("Half an ans")
    expect(field).to_be_focused()


def test_the_list_and_the_title_count_what_is_unread(open_browser, owner, dialog):
    tab = open_browser(owner)
    tab.goto("/client/dialogs")
    expect(tab).to_have_title("(1) Dialogs · Depesha")
    expect(tab.locator(".dialog-row .count")).to_contain_text("1")
    buyer_writes(dialog, "Hello? Anybody?")
    expect(tab.locator(".dialog-row .count")).to_contain_text("2")
    expect(tab.locator(".dialog-last")).to_have_text("Hello? Anybody?")
    tab.locator(".dialog-row").click()
    tab.wait_for_url(f"**/client/dialogs/{dialog.pk}")
    expect(tab).to_have_title("Boris · Depesha")


def test_earlier_messages_come_above_and_nothing_jumps(open_browser, owner, organization):
    texts = [f"text {number:02}" for number in range(60)]
    dialog = make_dialog(make_account(organization, avito_user_id=502), "Clara", texts=texts)
    tab = open_browser(owner)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    bubbles = tab.locator(".bubble")
    expect(bubbles.filter(has_text="text 59")).to_be_in_viewport()
    expect(bubbles.filter(has_text="text 29")).to_have_count(0)
    anchor = bubbles.filter(has_text="text 30")
    anchor.scroll_into_view_if_needed()
    tab.get_by_role("link", name="Earlier messages").click()
    expect(bubbles.filter(has_text="text 29")).to_have_count(1)
    expect(anchor).to_be_in_viewport()


def test_on_a_phone_the_thread_has_the_screen_to_itself(open_browser, owner, dialog):
    tab = open_browser(owner, viewport=PHONE)
    tab.goto("/client/dialogs")
    tab.locator(".dialog-row").click()
    expect(tab.locator(".dialog-row").first).to_be_hidden()
    expect(tab.get_by_label("Your answer")).to_be_in_viewport()
    tab.get_by_role("link", name="Back to the dialogs").click()
    expect(tab.locator(".dialog-row")).to_be_visible()


def test_a_dialog_is_answered_without_scripts(open_browser, owner, dialog):
    tab = open_browser(owner, java_script_enabled=False)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    tab.get_by_label("Your answer").fill("Yes, come today.")
    tab.get_by_role("button", name="Send").click()
    expect(tab.locator(".bubble-own")).to_contain_text("Yes, come today.")


def test_a_name_must_be_typed_before_anything_is_removed(open_browser, owner, dialog):
    tab = open_browser(owner)
    tab.goto(f"/client/integrations/avito/{dialog.avito_account_id}")
    tab.locator("summary", has_text="Disconnect the account").click()
    button = tab.get_by_role("button", name="Disconnect the account")
    expect(button).to_be_disabled()
    tab.get_by_label("Type Shop to confirm").fill("Sho")
    expect(button).to_be_disabled()
    tab.get_by_label("Type Shop to confirm").fill("Shop")
    expect(button).to_be_enabled()
