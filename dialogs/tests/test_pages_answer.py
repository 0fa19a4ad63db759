import pytest

from dialogs.models import Message
from dialogs.tests.inbox import make_account, make_dialog
from integrations.models import Delivery

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def dialog(organization):
    return make_dialog(make_account(organization))


@pytest.fixture
def foreign_dialog(other_organization):
    return make_dialog(make_account(other_organization, avito_user_id=502), "Zina")


def answers(dialog):
    return list(dialog.messages.filter(is_incoming=False))


def test_an_answer_is_stored_and_on_its_way(page, owner, dialog):
    answer = page(owner).post(f"/client/dialogs/{dialog.pk}/messages", {"text": "It is."})
    assert (answer.status_code, answer["Location"]) == (302, f"/client/dialogs/{dialog.pk}")
    [message] = answers(dialog)
    assert (message.text, message.direction, message.author) == ("It is.", "web", owner)
    assert message.status == Message.Status.QUEUED
    assert Delivery.objects.filter(kind="dialogs.to_avito").count() == 1


def test_a_script_gets_the_live_end_with_the_answer(page, owner, dialog):
    first = dialog.messages.get()
    answer = page(owner).post(
        f"/client/dialogs/{dialog.pk}/messages", {"text": "It is.", "from": first.pk}, **HTMX
    )
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in text
    assert "Is it still there?" in text
    assert "It is." in text
    assert "Waiting to be sent" in text


@pytest.mark.parametrize("text", ["", "   \n", "x" * 4001])
def test_an_empty_or_endless_answer_is_refused(page, owner, dialog, text):
    answer = page(owner).post(f"/client/dialogs/{dialog.pk}/messages", {"text": text})
    assert answer.status_code == 400
    assert answers(dialog) == []
    assert not Delivery.objects.exists()


def test_a_refusal_says_why_where_the_script_looks_for_it(page, owner, dialog):
    answer = page(owner).post(f"/client/dialogs/{dialog.pk}/messages", {"text": ""}, **HTMX)
    assert b"data-error-text" in answer.content


@pytest.mark.parametrize("path", ["messages", "status"])
def test_nobody_writes_in_a_strangers_dialog(page, owner, organization, foreign_dialog, path):
    body = {"text": "Hello", "status": "closed"}
    answer = page(owner).post(f"/client/dialogs/{foreign_dialog.pk}/{path}", body)
    assert answer.status_code == 404
    assert answers(foreign_dialog) == []
    foreign_dialog.refresh_from_db()
    assert foreign_dialog.status == "open"


@pytest.mark.parametrize("path", ["messages", "status"])
def test_writing_is_no_matter_of_following_a_link(page, owner, dialog, path):
    assert page(owner).get(f"/client/dialogs/{dialog.pk}/{path}").status_code == 405


def test_a_colleague_answers_too(page, colleague, dialog):
    page(colleague).post(f"/client/dialogs/{dialog.pk}/messages", {"text": "It is."})
    assert [message.author for message in answers(dialog)] == [colleague]


def test_a_form_without_token_is_refused(owner, dialog, page):
    client = page(owner)
    client.handler.enforce_csrf_checks = True
    answer = client.post(f"/client/dialogs/{dialog.pk}/messages", {"text": "It is."})
    assert answer.status_code == 403
    assert answers(dialog) == []


def test_a_closed_dialog_has_no_field_to_write_in(page, owner, dialog):
    client = page(owner)
    client.post(f"/client/dialogs/{dialog.pk}/status", {"status": "closed"})
    dialog.refresh_from_db()
    assert dialog.status == "closed"
    text = client.get(f"/client/dialogs/{dialog.pk}").content.decode()
    assert "This dialog is closed" in text
    assert "composer-text" not in text


def test_an_unknown_status_is_refused(page, owner, dialog):
    answer = page(owner).post(f"/client/dialogs/{dialog.pk}/status", {"status": "lost"})
    assert answer.status_code == 400
    dialog.refresh_from_db()
    assert dialog.status == "open"
