"""What goes over the wire. Documents are made by ``dialogs.selectors.documents``; the output
classes here describe them.
"""

from typing import Any

from rest_framework import serializers

from dialogs.models import Attachment, Dialog, Message
from dialogs.services.messages import MAX_TEXT
from dialogs.services.tags import MAX_LENGTH, MAX_TAGS

MAX_SEARCH = 100
MAX_ID = 2**63 - 1


class ItemOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    price = serializers.CharField()
    url = serializers.CharField()


class ContactOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class PersonOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class DialogOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    # DRF has an attribute of this name; a declared field never becomes one.
    source = serializers.CharField()  # type: ignore[assignment]
    title = serializers.CharField()
    item = ItemOut()
    contact = ContactOut(allow_null=True)
    status = serializers.ChoiceField(Dialog.Status.choices)
    assignee = PersonOut(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    unread = serializers.IntegerField()
    last_message = serializers.CharField()
    last_message_at = serializers.DateTimeField()
    telegram_chat_id = serializers.IntegerField(allow_null=True)
    telegram_topic_id = serializers.IntegerField(allow_null=True)


class DialogPageOut(serializers.Serializer[Any]):
    results = DialogOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class DialogChangesIn(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Dialog.Status.choices, required=False)
    assignee = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=MAX_LENGTH), required=False, max_length=MAX_TAGS
    )


class DialogQueryIn(serializers.Serializer[Any]):
    """Which dialogs of a list are wanted."""

    status = serializers.ChoiceField(Dialog.Status.choices, required=False)
    assignee = serializers.RegexField(
        r"^(none|me|[1-9][0-9]{0,17})$", required=False, help_text="A person's id, `me` or `none`."
    )
    tag = serializers.CharField(required=False, max_length=MAX_LENGTH)
    unread = serializers.BooleanField(
        required=False, help_text="True: only those with something unread."
    )
    q = serializers.CharField(
        required=False,
        max_length=MAX_SEARCH,
        help_text="Words of the title, the contact's name or the last message.",
    )


class AttachmentOut(serializers.Serializer[Any]):
    """A picture or a voice; of one that is not ``stored`` there is no more than its state."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Attachment.Kind.choices)
    state = serializers.ChoiceField(Attachment.State.choices)
    url = serializers.CharField(allow_null=True, help_text="A path on this site.")
    content_type = serializers.CharField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    width = serializers.IntegerField(allow_null=True, help_text="Pixels.")
    height = serializers.IntegerField(allow_null=True, help_text="Pixels.")
    duration_seconds = serializers.FloatField(allow_null=True)


class MessageOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    direction = serializers.ChoiceField(Message.Direction.choices)
    is_incoming = serializers.BooleanField()
    author = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField()
    attachments = AttachmentOut(many=True)
    reply_to = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(Message.Status.choices)
    is_auto_reply = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)


class MessagePageOut(serializers.Serializer[Any]):
    results = MessageOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class MessageIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MAX_TEXT)


class MessageWithImageIn(serializers.Serializer[Any]):
    """A picture, with words or without. JPEG, PNG, GIF, BMP, WebP; up to 24 MB, 75 megapixels."""

    text = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    image = serializers.FileField()


class MessageQueuedOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(Message.Status.choices)


class WaitingOut(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    oldest_seconds = serializers.IntegerField()


class MessageFiguresOut(serializers.Serializer[Any]):
    incoming = serializers.IntegerField()
    outgoing = serializers.IntegerField()
    failed = serializers.IntegerField()
    uncertain = serializers.IntegerField()


class MetricsOut(serializers.Serializer[Any]):
    organizations = serializers.IntegerField()
    bots = serializers.DictField(child=serializers.IntegerField())
    avito_accounts = serializers.DictField(child=serializers.IntegerField())
    dialogs = serializers.DictField(child=serializers.IntegerField())
    messages_24h = MessageFiguresOut()
    inbox = WaitingOut()
    outbox = WaitingOut()
