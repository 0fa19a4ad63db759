"""What goes over the wire. Documents are made by ``dialogs.selectors.documents``; the output
classes here describe them.
"""

from typing import Any

from rest_framework import serializers

from dialogs.models import Dialog, Message
from dialogs.services.messages import MAX_TEXT


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
    assignee = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class MessageOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    direction = serializers.ChoiceField(Message.Direction.choices)
    is_incoming = serializers.BooleanField()
    author = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField()
    attachments = serializers.ListField(child=serializers.DictField())
    status = serializers.ChoiceField(Message.Status.choices)
    is_auto_reply = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class MessagePageOut(serializers.Serializer[Any]):
    results = MessageOut(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class MessageIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MAX_TEXT)


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
