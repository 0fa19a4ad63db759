"""What keeps a bot or an Avito account from its work, in words for its owner.

All texts are in the active language.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.models import AvitoAccount, Bot

# A refusal for pace that is shorter concerns nobody.
LASTING_LIMIT = timedelta(minutes=10)
_RIGHTS = {
    "can_manage_topics": gettext_lazy("manage topics"),
    "can_pin_messages": gettext_lazy("pin messages"),
    "can_delete_messages": gettext_lazy("delete messages"),
}
_GROUP_TROUBLES = {
    "bot_kicked": gettext_lazy("The bot is no longer in the group."),
    "chat_not_found": gettext_lazy("There is no such group, or the bot was never in it."),
    "may_not_write": gettext_lazy("The bot may not write in the group."),
    "not_a_forum": gettext_lazy("Topics are switched off in this group."),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that its owner can put right.

    :param level: ``bad`` when something waits for it, else ``warn``.
    :param advice: what to do.
    """

    level: str
    title: str
    text: str
    advice: str


def name_rights(rights: list[str]) -> str:
    """Return rights of a bot, in words, one after the other."""
    return ", ".join(str(_RIGHTS[right]) for right in rights)


def describe_group(bot: Bot) -> str:
    """Return all that troubles a bot's group; each right that is missing is named."""
    return describe_troubles(bot.group_troubles)


def describe_troubles(troubles: list[str]) -> str:
    """Return what names of ``membership.TROUBLES`` mean, as sentences."""
    lines = [str(_GROUP_TROUBLES[name]) for name in troubles if name in _GROUP_TROUBLES]
    if rights := [name for name in troubles if name in _RIGHTS]:
        text = _("The bot lacks rights in the group: %(rights)s.")
        lines.append(text % {"rights": name_rights(rights)})
    return " ".join(lines)


def mend_group_by(bot: Bot) -> str:
    """Return what a bot's owner has to do for its group."""
    troubles = set(bot.group_troubles)
    if troubles & {"bot_kicked", "chat_not_found"}:
        return _(
            "Add %(bot)s to the group again and make it an administrator with the rights to manage"
            " topics, pin messages and delete messages; or choose another group on the bot's page."
        ) % {"bot": bot}
    if "not_a_forum" in troubles:
        return _("Switch topics on in the group's settings, or off on the bot's page.")
    return _(
        "Open the administrators of the group in Telegram, choose %(bot)s and give it the rights"
        " to manage topics, pin messages and delete messages."
    ) % {"bot": bot}


def group_troubles(bot: Bot) -> list[Trouble]:
    """Return what is wrong with an active bot's place in its group."""
    if not bot.group_troubles or bot.status != Bot.Status.ACTIVE:
        return []
    if bot.group_refused_at:
        title = _("%(bot)s cannot work in its group; messages of buyers wait") % {"bot": bot}
        return [Trouble("bad", title, describe_group(bot), mend_group_by(bot))]
    title = _("%(bot)s lacks a right in its group") % {"bot": bot}
    return [Trouble("warn", title, describe_group(bot), mend_group_by(bot))]


def account_troubles(account: AvitoAccount) -> list[Trouble]:
    """Return what Avito has against an account, and whether messages were missed lately."""
    found = _refusal(account)
    if account.status == AvitoAccount.Status.ACTIVE and account.gap:
        title = _("Messages of %(account)s came late") % {"account": account}
        text = _(
            "The hourly comparison found %(count)s messages on Avito that had not come to us."
            " They are here now."
        ) % {"count": account.gap}
        advice = _("If this happens again, set the webhook anew on the account's page.")
        found.append(Trouble("warn", title, text, advice))
    return found


def _refusal(account: AvitoAccount) -> list[Trouble]:
    names = {"account": account}
    if account.status == AvitoAccount.Status.BAD_CREDENTIALS:
        return [
            Trouble(
                "bad",
                _("Avito refuses the keys of %(account)s") % names,
                _("Nothing comes in from this account, and answers wait."),
                _(
                    "Open the section for developers on Avito, check that the keys are still"
                    " valid and may use messages, and enter them on the account's page."
                ),
            )
        ]
    if account.status == AvitoAccount.Status.NO_SUBSCRIPTION:
        return [
            Trouble(
                "bad",
                _("%(account)s has no Avito subscription with messages") % names,
                _("Avito gives messages to other programs only with a paid subscription."),
                _("Pay for it on Avito. We look once an hour and go on by ourselves."),
            )
        ]
    if account.limited_at and account.limited_at <= timezone.now() - LASTING_LIMIT:
        return [
            Trouble(
                "warn",
                _("Avito asks %(account)s to go slower") % names,
                _("Avito has been refusing calls for their pace; answers go out with delay."),
                _(
                    "Nothing is lost, and nothing has to be done here. If other programs use the"
                    " same keys, give each its own."
                ),
            )
        ]
    return []
