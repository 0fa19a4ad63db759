"""What the test buttons of bots and accounts ask, and what came of each question."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib.http import OutsideError
from config.lib.queue import ring
from integrations.models import AvitoAccount, Bot
from integrations.selectors.troubles import describe_troubles
from integrations.services import avito_accounts, avito_tokens, bots, membership
from integrations.services.avito_tokens import AccountUnusableError
from integrations.services.secrets import SecretsUnavailableError
from integrations.telegram import setup


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question.

    :param question: a stable name: ``token``, ``webhook``, ``group`` …
    :param text: what it means for the owner.
    :param raw: the other side's own words where it refused, free of secrets.
    """

    question: str
    is_good: bool
    text: str
    latency_ms: int
    raw: str = ""


class _ProblemError(Exception):
    """The other side answered, and what it says is not as it should be."""

    def __init__(self, text: str, raw: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.raw = raw


def check_bot(bot: Bot) -> list[Finding]:
    """Ask Telegram about a bot's token, its webhook and, where it has one, its group.

    Changes nothing, but a group that is found well again is let go. What cannot be asked because
    the token is refused is left out.
    """
    findings = [_ask("token", lambda: _check_token(bot))]
    if findings[0].is_good:
        findings.append(_ask("webhook", lambda: _check_webhook(bot)))
        if bot.group_chat_id is not None:
            findings.append(_ask("group", lambda: _check_group(bot)))
    return findings


def check_avito_account(account: AvitoAccount) -> list[Finding]:
    """Ask Avito about an account's keys, its subscription and its webhook. Changes nothing."""
    findings = [_ask("credentials", lambda: _check_credentials(account))]
    if findings[0].is_good:
        findings.append(_ask("chats", lambda: _check_chats(account)))
        findings.append(_ask("webhook", lambda: _check_subscription(account)))
    return findings


def _ask(question: str, check: Callable[[], str]) -> Finding:
    began = time.perf_counter()
    is_good, raw = False, ""
    try:
        text = check()
        is_good = True
    except _ProblemError as problem:
        text, raw = problem.text, problem.raw
    except OutsideError as error:
        text, raw = str(bots.refusal_of(error).detail), str(error)
    except SecretsUnavailableError as error:
        text, raw = str(error.detail), error.error_code
    except AccountUnusableError as error:
        text, raw = _("The account is switched off."), error.status
    return Finding(question, is_good, text, round((time.perf_counter() - began) * 1000), raw)


def _check_token(bot: Bot) -> str:
    me = setup.get_me(bots.open_token(bot))
    return _("Telegram answers as @%(name)s.") % {"name": me["username"]}


def _check_webhook(bot: Bot) -> str:
    info = setup.get_webhook_info(bots.open_token(bot))
    if not info["url"].startswith(f"{settings.SITE_URL}{bots.WEBHOOK_PATH}/{bot.pk}/"):
        raise _ProblemError(_("Updates do not come to this site. Set the webhook anew."))
    waiting = info["pending_update_count"]
    if waiting and info.get("last_error_message"):
        text = _("%(count)s updates wait, since the last one could not be delivered.")
        raise _ProblemError(text % {"count": waiting}, info["last_error_message"])
    return _("Updates come to this site.")


def _check_group(bot: Bot) -> str:
    found = membership.inspect_group(bot)
    if found.troubles:
        raise _ProblemError(describe_troubles(found.troubles), found.raw)
    if bot.group_troubles:
        ring(membership.LOOK_BELL)
    return _("The bot may work in its group.")


def _check_credentials(account: AvitoAccount) -> str:
    profile = avito_tokens.access(account.pk).client.get_self()
    if profile["id"] != account.avito_user_id:
        raise _ProblemError(_("These keys belong to another Avito account."))
    return _("Avito takes the keys.")


def _check_chats(account: AvitoAccount) -> str:
    avito_tokens.access(account.pk).client.list_chats(limit=1)
    return _("Messages may be read.")


def _check_subscription(account: AvitoAccount) -> str:
    urls = [row["url"] for row in avito_tokens.access(account.pk).client.list_subscriptions()]
    if not any(url.startswith(avito_accounts.url_prefix(account)) for url in urls):
        raise _ProblemError(_("Avito does not tell us of messages; the poll finds them later."))
    return _("Avito tells us of messages at once.")
