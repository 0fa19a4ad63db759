"""Dialogs in the database without the outside world, for tests of pages."""

from datetime import timedelta

from django.utils import timezone

from dialogs.models import Contact, Dialog, Message
from integrations.models import AvitoAccount


def make_account(organization, *, avito_user_id=501):
    return AvitoAccount.objects.create(
        organization=organization,
        name="Shop",
        api_client_id="id",
        sealed_client_secret="sealed",
        avito_user_id=avito_user_id,
    )


def make_dialog(account, buyer="Boris", *, texts=("Is it still there?",), age=0, **fields):
    """Open a dialog whose buyer wrote ``texts``, the last of them ``age`` minutes ago."""
    organization = account.organization
    contact = Contact.objects.create(
        organization=organization, source="avito", external_id=buyer, name=buyer
    )
    at = timezone.now() - timedelta(minutes=age)
    dialog = Dialog.objects.create(
        organization=organization,
        avito_account=account,
        external_id=f"chat-{buyer}",
        contact=contact,
        item={"title": "Bicycle Stels", "price": "12 500 ₽"},
        unread_count=fields.pop("unread_count", len(texts)),
        last_message_text=texts[-1] if texts else "",
        last_message_at=at,
        **fields,
    )
    for number, text in enumerate(texts):
        Message.objects.create(
            dialog=dialog,
            direction="avito",
            is_incoming=True,
            author_name=buyer,
            text=text,
            status="delivered",
            avito_message_id=f"{buyer}-{number}",
            correlation_id="test",
            written_at=at,
        )
    return dialog


def add_message(dialog, text="", **fields):
    """Add a message of the buyer, or with ``is_incoming=False`` of ours, without sending it."""
    given = {
        "direction": "avito",
        "is_incoming": True,
        "status": "delivered",
        "correlation_id": "test",
        "written_at": timezone.now(),
    }
    return Message.objects.create(dialog=dialog, text=text, **given | fields)
