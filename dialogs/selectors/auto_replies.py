"""An organization's auto-reply: how it is set, what it has done, who has spoken since."""

import uuid

from django.db.models import QuerySet

from accounts.models import Organization
from dialogs.models import AutoReply, AutoReplySettings, Dialog, Message

# What stays inside is no answer.
_NOTE = "note"


def get_auto_reply_settings(organization: Organization) -> AutoReplySettings:
    """Return how an organization's auto-reply is set; of one never set, what it begins with."""
    found = AutoReplySettings.objects.filter(organization=organization).first()
    return found or AutoReplySettings(organization=organization, timezone=organization.timezone)


def find_active_settings(organization_id: uuid.UUID) -> AutoReplySettings | None:
    """Return the settings of an auto-reply that is switched on and has something to say."""
    switched_on = AutoReplySettings.objects.filter(organization=organization_id, enabled=True)
    return switched_on.exclude(text="").first()


def find_last_answer(dialog: Dialog, *, with_automatic: bool = False) -> Message | None:
    """Return what our side has said to the contact last, wherever it was written.

    :param with_automatic: auto-replies count too.
    """
    answers = dialog.messages.filter(is_incoming=False).exclude(kind=_NOTE)
    if not with_automatic:
        answers = answers.filter(is_auto_reply=False)
    return answers.order_by("-pk").first()


def list_auto_replies(organization: Organization) -> QuerySet[AutoReply]:
    """Return an organization's auto-replies with their dialogs and contacts, the latest first."""
    replies = AutoReply.objects.filter(dialog__organization=organization)
    return replies.select_related("dialog__contact", "message").order_by("-created_at", "-pk")
