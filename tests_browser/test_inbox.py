"""The inbox as a person uses it: live, by keyboard, without losing what is being typed."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dialogs.models import Dialog, Message
from dialogs.tests.inbox import add_message, make_account, make_dialog
from dialogs.tests.media import picture, store_picture, store_voice
from dialogs.tests.relay import wait_for
from integrations.services.log import log_event
from tests_browser.conftest import DESKTOP, PHONE
from tests_browser.test_pages import look_at


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


def add_media(dialog):
    """Add one of each sort of message that a thread knows."""
    organization, now = dialog.organization, timezone.now()
    photo = add_message(dialog, "Like this one?", kind="image")
    stored = store_picture(organization, width=1200, height=900)
    photo.attachments.create(kind="photo", state="stored", file=stored)
    voice = add_message(dialog, kind="voice")
    voice.attachments.create(kind="voice", state="stored", file=store_voice(organization))
    lost = add_message(dialog, kind="image")
    lost.attachments.create(kind="photo", state="failed")
    add_message(dialog, "Yes", is_incoming=False, reply_to=photo, edited_at=now, status="read")
    add_message(dialog, "Taken back", deleted_at=now)
    add_message(dialog, "Haggles", kind="note", is_incoming=False, author_name="Olga")
    add_message(dialog, "A notice", kind="system")


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"]
)
def test_every_sort_of_message_is_fit_for_everybody(
    open_browser, owner, dialog, organization, viewport, scheme
):
    add_media(dialog)
    Dialog.objects.filter(pk=dialog.pk).update(tags=["VIP", "to call back"], assignee=owner)
    for level in ("info", "warning", "error"):
        log_event(
            organization_id=organization.pk,
            source="avito",
            account_id=dialog.avito_account_id,
            event="limited",
            text="Too Many Requests " * 20,
            level=level,
        )
    tab = open_browser(owner, viewport=viewport, color_scheme=scheme)
    paths = ("/client/dialogs", f"/client/dialogs/{dialog.pk}", "/client/integrations/log")
    assert [fault for path in paths for fault in look_at(tab, path)] == []


def test_a_picture_is_seen_before_it_is_sent(open_browser, owner, dialog):
    tab = open_browser(owner)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    upload = {"name": "bike.png", "mimeType": "image/png", "buffer": picture(60, 40, "PNG")}
    tab.get_by_label("Add a picture").set_input_files(upload)
    preview = tab.locator(".composer-preview")
    expect(preview).to_contain_text("bike.png")
    drawn = "(node) => node.getContext('2d').getImageData(48, 48, 1, 1).data[3] > 0"
    wait_for(lambda: preview.locator("canvas").evaluate(drawn))
    tab.get_by_role("button", name="Remove the picture").click()
    expect(preview).to_be_hidden()
    tab.get_by_label("Add a picture").set_input_files(upload)
    tab.get_by_label("Your answer").press("Enter")
    own = tab.locator(".bubble-own")
    expect(own.locator("img")).to_have_js_property("naturalWidth", 60)
    expect(preview).to_be_hidden()
    assert dialog.messages.get(is_incoming=False).kind == "image"


def test_a_pasted_picture_is_taken(open_browser, owner, dialog):
    tab = open_browser(owner)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    tab.get_by_label("Your answer").evaluate(
        """(field) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array([1])], "shot.png", { type: "image/png" }));
            const paste = { clipboardData: files, bubbles: true, cancelable: true };
            field.dispatchEvent(new ClipboardEvent("paste", paste));
        }"""
    )
    expect(tab.locator(".composer-preview")).to_contain_text("shot.png")


def test_a_picture_opens_large_and_closes_by_key(open_browser, owner, dialog):
    add_media(dialog)
    tab = open_browser(owner)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    tab.locator("a.photo").click()
    large = tab.get_by_role("dialog", name="Picture")
    expect(large.locator("img")).to_be_visible()
    assert tab.url.endswith(str(dialog.pk))
    tab.keyboard.press("Escape")
    expect(large).to_be_hidden()


def test_a_voice_message_plays(open_browser, owner, dialog):
    add_media(dialog)
    tab = open_browser(owner)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    voice = tab.locator("audio")
    assert voice.bounding_box()["width"] > 200
    voice.evaluate("(node) => node.play()")
    expect(voice).not_to_have_js_property("currentTime", 0)
    # What arrives meanwhile does not stop it.
    buyer_writes(dialog, "Hello?")
    expect(tab.locator(".bubble").last).to_contain_text("Hello?")
    assert voice.evaluate("(node) => node.currentTime > 0")


def test_dialogs_are_searched_and_narrowed_down(open_browser, owner, dialog):
    clara = make_dialog(dialog.avito_account, "Clara", tags=["VIP"])
    tab = open_browser(owner)
    tab.goto("/client/dialogs")
    tab.get_by_label("Search the dialogs").fill("clara")
    tab.get_by_label("Search the dialogs").press("Enter")
    expect(tab.locator(".dialog-row")).to_have_count(1)
    tab.goto("/client/dialogs")
    tab.locator(".inbox-search summary").click()
    tab.get_by_label("Tag").select_option("VIP")
    tab.get_by_role("button", name="Show").click()
    tab.locator(".dialog-row").click()
    tab.wait_for_url(f"**/client/dialogs/{clara.pk}?tag=VIP")
    expect(tab.locator(".dialog-row")).to_have_count(1)


def test_assignee_and_tags_are_set_beside_the_thread(open_browser, owner, dialog):
    tab = open_browser(owner, viewport=PHONE)
    tab.goto(f"/client/dialogs/{dialog.pk}")
    tab.locator(".thread-head summary").last.click()
    details = tab.locator(".details-panel")
    details.get_by_label("Tags").fill("VIP, to call")
    details.get_by_label("Assignee").select_option("Olga")
    details.get_by_role("button", name="Save").click()
    expect(tab.locator(".site-toast")).to_contain_text("Saved.")
    dialog.refresh_from_db()
    assert (dialog.tags, dialog.assignee) == (["VIP", "to call"], owner)
