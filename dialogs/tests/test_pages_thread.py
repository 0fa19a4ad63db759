"""How each sort of message looks in a thread, and what stands beside it."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dialogs.models import Message
from dialogs.templatetags.dialogs_inbox import linked
from dialogs.tests.inbox import add_message, make_account, make_dialog
from dialogs.tests.media import picture, store_picture, store_voice
from integrations.models import Delivery, StoredFile

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def dialog(organization):
    return make_dialog(make_account(organization))


@pytest.fixture
def bubble(page, owner):
    """Return a reader of the page's piece that shows a message."""
    client = page(owner)

    def read(message):
        text = client.get(f"/client/dialogs/{message.dialog_id}").content.decode()
        found = re.search(rf'<li class="[^"]*" id="message-{message.pk}">.*?</li>', text, re.DOTALL)
        return found[0]

    return read


def test_a_picture_has_its_size_before_it_is_loaded(bubble, dialog):
    message = add_message(dialog, kind="image")
    stored = store_picture(dialog.organization, width=40, height=30)
    photo = message.attachments.create(kind="photo", state="stored", file=stored)
    shown = bubble(message)
    address = f"/client/dialogs/{dialog.pk}/attachments/{photo.pk}"
    assert f'<img src="{address}" width="40" height="30" loading="lazy"' in shown
    assert 'alt="Picture from the buyer"' in shown
    assert "bubble-text" not in shown


def test_a_voice_message_can_be_played(bubble, dialog):
    message = add_message(dialog, kind="voice")
    stored = store_voice(dialog.organization)
    voice = message.attachments.create(kind="voice", state="stored", file=stored)
    shown = bubble(message)
    assert f'src="/client/dialogs/{dialog.pk}/attachments/{voice.pk}"' in shown
    assert "<audio" in shown
    assert re.search(r">0:0\d<", shown)


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("waiting", "photo", "The picture is on its way"),
        ("waiting", "voice", "The voice message is on its way"),
        ("failed", "photo", "See it on Avito"),
    ],
)
def test_what_is_not_here_has_a_stand_in(bubble, dialog, state, kind, words):
    message = add_message(dialog, kind="image" if kind == "photo" else "voice")
    message.attachments.create(kind=kind, state=state)
    shown = bubble(message)
    assert words in shown
    assert "<img" not in shown
    assert "<audio" not in shown


def test_an_answer_shows_what_it_answers(bubble, dialog):
    asked = dialog.messages.get()
    shown = bubble(add_message(dialog, "Yes", is_incoming=False, reply_to=asked))
    assert f'href="#message-{asked.pk}"' in shown
    assert "Is it still there?" in shown
    assert "Old words" in bubble(add_message(dialog, "No", facts={"quote": "Old words"}))


def test_edits_and_deletions_are_marked(bubble, dialog):
    now = timezone.now()
    assert "edited" in bubble(add_message(dialog, "New words", edited_at=now))
    gone = bubble(add_message(dialog, "Taken back", deleted_at=now, edited_at=now))
    assert "<del>Taken back</del>" in gone
    assert "deleted by the buyer" in gone
    own = bubble(add_message(dialog, "Ours", is_incoming=False, deleted_at=now, status="sent"))
    assert "deleted on Avito" in own
    assert "delivery" not in own


def test_a_note_is_for_colleagues_and_has_no_receipt(bubble, dialog):
    shown = bubble(
        add_message(dialog, "Haggles", kind="note", is_incoming=False, direction="telegram")
    )
    assert "seen by colleagues only" in shown
    assert "From us:" not in shown
    assert "Waiting to be sent" not in shown


REL = 'target="_blank" rel="nofollow noopener noreferrer"'


def test_addresses_are_links_and_nothing_else_is(bubble, dialog):
    words = "See https://maps.example/?pt=1,2&z=3 <a href=x>javascript:alert(1)</a>"
    shown = bubble(add_message(dialog, words))
    address = "https://maps.example/?pt=1,2&amp;z=3"
    assert f'<a href="{address}" {REL}>{address}</a>' in shown
    assert shown.count("<a ") == 1
    assert "&lt;a href=x&gt;" in shown


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("http://a.example.", "http://a.example", "."),
        ("(http://a.example/b).", "http://a.example/b", ")."),
        ("http://a.example/b_(c) d", "http://a.example/b_(c)", " d"),
        ("http://a.example/?q=x'", "http://a.example/?q=x", "&#x27;"),
        ("«http://a.example/»!", "http://a.example/", "»!"),
    ],
)
def test_a_link_ends_where_the_sentence_goes_on(text, address, rest):
    shown = linked(text)
    assert f'<a href="{address}" ' in shown
    assert shown.endswith(f"</a>{rest}")


@pytest.mark.parametrize(
    "change",
    [
        {"edited_at": timezone.now(), "text": "Better words"},
        {"deleted_at": timezone.now()},
        {"status": "read"},
    ],
)
def test_what_changes_in_a_message_is_news(page, owner, dialog, change):
    client = page(owner)
    text = client.get(f"/client/dialogs/{dialog.pk}").content.decode()
    address = re.search(r'hx-get="([^"]*/live\?from=[^"]*)"', text)[1].replace("&amp;", "&")
    assert client.get(address, **HTMX).status_code == 204
    Message.objects.filter(dialog=dialog).update(**change)
    assert client.get(address, **HTMX).status_code == 200


def test_a_picture_that_has_come_is_news(page, owner, dialog):
    message = add_message(dialog, kind="image")
    photo = message.attachments.create(kind="photo")
    client = page(owner)
    text = client.get(f"/client/dialogs/{dialog.pk}").content.decode()
    address = re.search(r'hx-get="([^"]*/live\?from=[^"]*)"', text)[1].replace("&amp;", "&")
    photo.state, photo.file = "stored", store_picture(dialog.organization)
    photo.save()
    assert "<img src=" in client.get(address, **HTMX).content.decode()


def send(client, dialog, content=None, text="", **headers):
    body = {"text": text}
    if content is not None:
        body["image"] = SimpleUploadedFile("bike.png", content, "image/png")
    return client.post(f"/client/dialogs/{dialog.pk}/messages", body, **headers)


def test_a_picture_is_sent_and_seen_at_once(page, owner, dialog):
    answer = send(page(owner), dialog, picture(20, 10, "PNG"), "Like this?", **HTMX)
    text = answer.content.decode()
    message = dialog.messages.get(kind="image")
    assert (message.author, message.text) == (owner, "Like this?")
    assert 'width="20" height="10"' in text
    assert "Picture from us" in text
    assert Delivery.objects.filter(kind="dialogs.to_avito").count() == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no picture", "This is not a picture that can be sent."), (None, "From 1 to 4000")],
)
def test_what_cannot_be_sent_is_said_in_words(page, owner, dialog, content, words):
    answer = send(page(owner), dialog, content, **HTMX)
    assert answer.status_code == 400
    assert words in re.search(r'error-fields">(.*?)</ul>', answer.content.decode(), re.DOTALL)[1]
    assert not StoredFile.objects.exists()
    assert dialog.messages.count() == 1


def test_assignee_and_tags_are_kept(page, owner, colleague, dialog):
    client = page(owner)
    body = {"assignee": colleague.pk, "tags": "VIP,  to call , vip"}
    answer = client.post(f"/client/dialogs/{dialog.pk}/details", body)
    assert (answer.status_code, answer["Location"]) == (302, f"/client/dialogs/{dialog.pk}")
    dialog.refresh_from_db()
    assert (dialog.assignee, dialog.tags) == (colleague, ["VIP", "to call"])
    text = client.get(answer["Location"]).content.decode()
    assert f'<option value="{colleague.pk}" selected>' in text
    assert 'value="VIP, to call"' in text
    client.post(f"/client/dialogs/{dialog.pk}/details", {"assignee": "", "tags": ""})
    dialog.refresh_from_db()
    assert (dialog.assignee, dialog.tags) == (None, [])


def test_no_stranger_is_assigned(page, owner, stranger, dialog):
    body = {"assignee": stranger.pk, "tags": "VIP"}
    answer = page(owner).post(f"/client/dialogs/{dialog.pk}/details", body)
    assert answer.status_code == 400
    assert "not a member" in answer.content.decode()
    dialog.refresh_from_db()
    assert (dialog.assignee, dialog.tags) == (None, [])


@pytest.mark.parametrize(
    ("chat", "topic", "link"),
    [(-1001234567890, 17, "https://t.me/c/1234567890/17"), (-555, 17, None), (None, None, None)],
)
def test_the_topic_is_one_click_away(page, owner, dialog, chat, topic, link):
    dialog.telegram_chat_id, dialog.telegram_topic_id = chat, topic
    dialog.save()
    text = page(owner).get(f"/client/dialogs/{dialog.pk}").content.decode()
    assert ("Topic in Telegram" in text) == (link is not None)
    assert link is None or link in text


def test_the_items_picture_is_fetched_once_and_kept(relay, owner, page):
    relay.buyer_says("Hello")
    relay.run()
    client = page(owner)
    address = f"/client/dialogs/{relay.dialog.pk}"
    assert relay.dialog.item["image"]
    assert client.get(f"{address}/item-photo").status_code == 404
    client.get(address)
    relay.run()
    assert f'src="{address}/item-photo"' in client.get(address).content.decode()
    answer = client.get(f"{address}/item-photo")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    relay.run()
    assert Delivery.objects.filter(kind="dialogs.fetch_item_photo").count() == 1
