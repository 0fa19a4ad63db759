"""What the site itself does with dialogs: answers, live frames, rooms, the admin."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from config.lib.live import frames_after, may_join
from config.lib.redis import get_redis
from dialogs.models import Dialog, Message
from dialogs.services.dialogs import mark_seen, update_dialog
from dialogs.services.messages import send_message


def frames(dialog) -> list[tuple[str, str]]:
    """Return event and status of every frame in the dialog's room."""
    room = f"dialog:{dialog.pk}"
    first = get_redis().xrange(f"live:{room}", count=1)[0]
    rest = frames_after(room, first[0])
    return [(frame.event, frame.data["status"]) for frame in rest]


def test_an_answer_from_the_site_reaches_the_buyer_and_shows_in_the_topic(relay, owner):
    relay.buyer_says("Hello")
    relay.run()
    message = send_message(actor=owner, dialog=relay.dialog, text="Good day")
    assert relay.dialog.unread_count == 0
    relay.run()
    message.refresh_from_db()
    assert message.status == "sent"
    assert relay.answers_on_avito() == ["Good day"]
    assert relay.in_topic()[-1] == "Olga (site):\nGood day"
    assert Message.objects.count() == 2


def test_the_room_hears_of_every_step(relay):
    relay.buyer_says("Hello")
    relay.run()
    relay.seller_says("Good day")
    relay.run()
    assert frames(relay.dialog) == [
        ("message.updated", "delivered"),
        ("message.created", "queued"),
        ("message.updated", "sent"),
    ]


def test_a_room_is_open_to_members_only(relay, owner, colleague, stranger):
    relay.buyer_says("Hello")
    relay.run()
    room = f"dialog:{relay.dialog.pk}"
    assert may_join(owner, room)
    assert may_join(colleague, room)
    assert not may_join(stranger, room)
    assert not may_join(AnonymousUser(), room)
    assert not may_join(owner, "dialog:")
    assert not may_join(owner, "dialog:nonsense")


def test_a_closed_dialog_opens_when_the_buyer_writes_again(relay):
    relay.buyer_says("Hello")
    relay.run()
    update_dialog(dialog=relay.dialog, status="closed")
    relay.buyer_says("One more thing", by="seller")
    relay.run()
    assert relay.dialog.status == "closed"
    relay.buyer_says("Thanks!")
    relay.run()
    assert relay.dialog.status == "open"


def test_seen_is_not_unread(relay):
    relay.buyer_says("Hello")
    relay.run()
    dialog = relay.dialog
    mark_seen(dialog)
    assert dialog.unread_count == 0
    assert Dialog.objects.get().unread_count == 0


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["contact", "dialog", "message"])
def test_the_admin_lists_and_shows_every_model(page, staff, owner, organization, model):
    from dialogs.tests.test_api import make_account, make_dialog, make_message

    dialog = make_dialog(organization, make_account(organization), assignee=owner)
    message = make_message(dialog)
    client = page(staff)
    assert client.get(reverse(f"admin:dialogs_{model}_changelist")).status_code == 200
    pk = {"contact": dialog.contact_id, "dialog": dialog.pk, "message": message.pk}[model]
    assert client.get(reverse(f"admin:dialogs_{model}_change", args=[pk])).status_code == 200
    found = client.get(reverse(f"admin:dialogs_{model}_changelist"), {"q": "Boris"})
    assert found.status_code == 200
