"""What the first page of the cabinet tells: figures, what is missing, what went wrong."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from dialogs.models import Dialog, Message
from integrations.models import AvitoAccount, Bot

_RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Overview:
    """An organization's state at a glance; figures are counts of rows.

    ``failed_dialogs`` are those with an answer of the last seven days that was not delivered, or
    perhaps twice.
    """

    bots: list[Bot]
    accounts: list[AvitoAccount]
    open_dialogs: int
    unread_dialogs: int
    failed_dialogs: list[Dialog]
    has_dialog: bool

    @property
    def has_webhook(self) -> bool:
        return any(bot.webhook_set_at for bot in self.bots)

    @property
    def has_group(self) -> bool:
        return any(bot.group_chat_id for bot in self.bots)


def get_overview(organization: Organization) -> Overview:
    """Return an organization's overview, in a fixed number of queries."""
    dialogs = Dialog.objects.for_organization(organization)
    return Overview(
        bots=list(Bot.objects.for_organization(organization).order_by("created_at", "pk")),
        accounts=list(
            AvitoAccount.objects.for_organization(organization).order_by("created_at", "pk")
        ),
        open_dialogs=dialogs.filter(status=Dialog.Status.OPEN).count(),
        unread_dialogs=count_unread(organization),
        failed_dialogs=_failed(organization),
        has_dialog=dialogs.exists(),
    )


def count_unread(organization: Organization) -> int:
    """Return how many dialogs of an organization hold something nobody has seen."""
    return Dialog.objects.for_organization(organization).filter(unread_count__gt=0).count()


def _failed(organization: Organization) -> list[Dialog]:
    failed = Message.objects.filter(
        Q(status=Message.Status.FAILED) | Q(status=Message.Status.UNCERTAIN),
        dialog__organization=organization,
        is_incoming=False,
        created_at__gte=timezone.now() - _RECENT,
    )
    dialogs = Dialog.objects.filter(pk__in=failed.values("dialog")).select_related("contact")
    return list(dialogs.order_by("-last_message_at", "-pk")[:5])
