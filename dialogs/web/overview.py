"""The first page of the cabinet."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dialogs.selectors.overview import Overview, get_overview
from integrations.models import AvitoAccount, Bot
from integrations.selectors.troubles import Trouble as IntegrationTrouble
from integrations.selectors.troubles import account_troubles, group_troubles
from integrations.web.cabinet import CabinetRequest, cabinet


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setting up: ``state`` is done, next or later; only the next one has a button."""

    state: str
    title: str
    text: str
    url: str
    action: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a person has to look at, with the place where it is put right."""

    level: str
    title: str
    text: str
    url: str
    action: str


@require_safe
@cabinet
def show_overview(request: CabinetRequest) -> HttpResponse:
    """Show figures, what is still to be set up, and what went wrong."""
    overview = get_overview(request.membership.organization)
    steps = list_steps(overview)
    context = {
        "overview": overview,
        "unread_total": overview.unread_dialogs,
        "steps": steps,
        "steps_done": sum(step.state == "done" for step in steps),
        "troubles": list(list_troubles(overview)),
    }
    return render(request, "dialogs/overview.html", context)


def list_steps(overview: Overview) -> list[Step]:
    """Return the way from nothing to the first dialog, each step checked against what is there."""
    bots, accounts = reverse("integrations:bot-list"), reverse("integrations:account-list")
    facts = [
        (
            bool(overview.bots),
            _("Add a Telegram bot"),
            _("Make one with @BotFather and paste its token."),
            bots,
            _("Add a bot"),
        ),
        (
            overview.has_webhook,
            _("Telegram reaches us"),
            _("The webhook is set, so that messages arrive at once."),
            bots,
            _("Check the bot"),
        ),
        (
            overview.has_group,
            _("Choose the group"),
            _("Add the bot to a group with topics, as an administrator, and enter the group's id."),
            bots,
            _("Choose a group"),
        ),
        (
            bool(overview.accounts),
            _("Connect Avito"),
            _("Enter the keys of your Avito account. We check them on the spot."),
            accounts,
            _("Connect an account"),
        ),
        (
            overview.has_dialog,
            _("The first dialog"),
            _("As soon as a buyer writes, a topic opens in the group and the dialog stands here."),
            reverse("dialogs:dialog-list"),
            _("Open the inbox"),
        ),
    ]
    first_open = next((place for place, fact in enumerate(facts) if not fact[0]), len(facts))
    return [
        Step("done" if fact[0] else "next" if place == first_open else "later", *fact[1:])
        for place, fact in enumerate(facts)
    ]


def list_troubles(overview: Overview) -> Iterator[Trouble]:
    """Yield what needs attention, the gravest kinds first."""
    for bot in overview.bots:
        yield from _bot_troubles(bot)
    for account in overview.accounts:
        yield from _account_troubles(account)
    for dialog in overview.failed_dialogs:
        yield Trouble(
            level="bad",
            title=_("An answer was not delivered, or perhaps twice"),
            text=str(dialog.contact or dialog),
            url=reverse("dialogs:dialog-detail", args=[dialog.pk]),
            action=_("Open the dialog"),
        )


def _bot_troubles(bot: Bot) -> Iterator[Trouble]:
    url = reverse("integrations:bot-detail", args=[bot.pk])
    if bot.status == Bot.Status.BAD_TOKEN:
        title = _("Telegram refuses the token of %(bot)s") % {"bot": bot}
        yield Trouble("bad", title, bot.last_error, url, _("Enter a new token"))
    elif bot.status == Bot.Status.ACTIVE and not bot.webhook_set_at:
        title = _("%(bot)s has no webhook") % {"bot": bot}
        yield Trouble("bad", title, bot.last_error, url, _("Check the bot"))
    elif bot.status == Bot.Status.ACTIVE and not bot.group_chat_id and not bot.is_platform:
        title = _("%(bot)s has no group") % {"bot": bot}
        text = _("Dialogs stand on the site alone until a group is chosen.")
        yield Trouble("warn", title, text, url, _("Choose a group"))
    for found in group_troubles(bot):
        yield _with_advice(found, url, _("Open the bot"))


def _account_troubles(account: AvitoAccount) -> Iterator[Trouble]:
    url = reverse("integrations:account-detail", args=[account.pk])
    for found in account_troubles(account):
        yield _with_advice(found, url, _("Open the account"))
    if account.status == AvitoAccount.Status.ACTIVE and account.bot_id is None:
        title = _("%(account)s has no bot") % {"account": account}
        text = _("Its dialogs stand on the site alone until a bot is chosen.")
        yield Trouble("warn", title, text, url, _("Choose a bot"))


def _with_advice(found: IntegrationTrouble, url: str, action: str) -> Trouble:
    return Trouble(found.level, found.title, f"{found.text} {found.advice}", url, action)
