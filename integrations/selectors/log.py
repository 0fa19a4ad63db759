"""The integration log as its owner reads it. All texts are in the active language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from config.lib.errors import Text
from integrations.models import AvitoAccount, Bot, IntegrationLog
from integrations.selectors.troubles import describe_troubles

SOURCES: Mapping[str, Text] = {"telegram": "Telegram", "avito": "Avito"}
_EVENTS: Mapping[str, Text] = {
    "bot_added": _("The bot was connected"),
    "bot_changed": _("The bot's settings were changed"),
    "bot_activated": _("The bot was switched on"),
    "bot_deactivated": _("The bot was switched off"),
    "bot_removed": _("The bot was removed"),
    "account_added": _("The account was connected"),
    "account_changed": _("The account's settings were changed"),
    "account_removed": _("The account was disconnected"),
    "webhook_set": _("The webhook was set"),
    "webhook_failed": _("The webhook could not be set"),
    "token_refused": _("Telegram refused the token"),
    "group_refused": _("The bot cannot work in its group"),
    "group_restored": _("The bot works in its group again"),
    "bad_credentials": _("Avito refused the keys"),
    "no_subscription": _("Avito asks for a subscription"),
    "limited": _("Avito asks to go slower"),
    "gap_found": _("Messages were found that had not come to us"),
    "given_up": _("Something could not be delivered"),
}


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines are wanted; what is empty does not matter.

    :param days: how far to look back.
    """

    source: str = ""
    level: str = ""
    account_id: UUID | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How many lines of a span there are, and how many of them tell of errors."""

    total: int
    errors: int
    successes: int

    @property
    def error_rate(self) -> float:
        """The share of errors in percent, with two digits."""
        return round(100 * self.errors / self.total, 2) if self.total else 0.0


def list_log(organization: Organization, *, wanted: LogFilter) -> QuerySet[IntegrationLog]:
    """Return lines of an organization's log; callers order and page them."""
    condition = Q()
    if wanted.source:
        condition &= Q(source=wanted.source)
    if wanted.level:
        condition &= Q(level=wanted.level)
    if wanted.account_id is not None:
        condition &= Q(account_id=wanted.account_id)
    if wanted.days is not None:
        condition &= Q(created_at__gte=timezone.now() - timedelta(days=wanted.days))
    return IntegrationLog.objects.for_organization(organization).filter(condition)


def count_log(organization: Organization, *, wanted: LogFilter) -> Figures:
    """Return the figures of the lines that are wanted, in one query."""
    level = IntegrationLog.Level
    found: dict[str, Any] = list_log(organization, wanted=wanted).aggregate(
        total=Count("pk"),
        errors=Count("pk", filter=Q(level=level.ERROR)),
        successes=Count("pk", filter=Q(level=level.INFO)),
    )
    return Figures(**found)


def account_names(organization: Organization) -> dict[UUID, str]:
    """Return the bots and accounts of an organization by id, with their names."""
    bots = Bot.objects.for_organization(organization).order_by("name", "pk")
    accounts = AvitoAccount.objects.for_organization(organization).order_by("name", "pk")
    named = {bot.pk: str(bot) for bot in bots.only("pk", "username")}
    return named | {account.pk: str(account) for account in accounts.only("pk", "name")}


def title_of(entry: IntegrationLog) -> str:
    """Return what a line tells, in words; of an event without any, its name."""
    return str(_EVENTS.get(entry.event, entry.event))


def text_of(entry: IntegrationLog) -> str:
    """Return what a line says besides: mostly an outside system's own words."""
    if entry.event == "group_refused":
        return describe_troubles(entry.text.split(", ")) or entry.text
    return entry.text
