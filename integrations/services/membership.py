"""A bot's place in its group: may it work there, what does it lack, and what waits meanwhile.

Telegram tells of it in three ways: it refuses a call, it sends an update about the bot itself, or
it is asked. Each ends in ``_store``, which opens and closes the incident: while there is one, what
is to go to the group is held instead of being refused again and again.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from config.lib.http import OutsideError, PermanentError
from config.lib.queue import ring_on_commit
from integrations.models import Bot, InboundEvent, IntegrationLog
from integrations.services import bots, group_holds
from integrations.services.log import log_event
from integrations.services.secrets import SecretsUnavailableError
from integrations.signals import bot_group_refused, bot_group_restored
from integrations.telegram import setup

logger = logging.getLogger(__name__)

LOOK_BELL = "integrations.look_at_groups"

KICKED = "bot_kicked"
NOT_FOUND = "chat_not_found"
MUTED = "may_not_write"
NOT_A_FORUM = "not_a_forum"
RIGHTS = ("can_manage_topics", "can_pin_messages", "can_delete_messages")
# The gravest first; everything that a group can be troubled by.
TROUBLES = (KICKED, NOT_FOUND, MUTED, NOT_A_FORUM, *RIGHTS)
# With one of these nothing can be written to the group; with one of those no topic can be made,
# while the topics that are there go on. Without the other rights only pins and the like are lost.
SHUT = frozenset({KICKED, NOT_FOUND, MUTED})
NO_TOPICS = frozenset({NOT_A_FORUM, "can_manage_topics"})
OUTSIDE = frozenset({"left", "kicked"})
FORBIDDEN = 403

# What a refused call says of the group, by the outcome's code.
_TROUBLE_OF_CODE = {
    "bot_kicked": KICKED,
    "bot_blocked": KICKED,
    "chat_not_found": NOT_FOUND,
    "forbidden": MUTED,
    "not_enough_rights": MUTED,
    "not_a_forum": NOT_A_FORUM,
}
REFUSALS = frozenset(_TROUBLE_OF_CODE)


@transaction.atomic
def note_refusal(*, bot_id: UUID, chat_id: int, code: str, text: str) -> bool:
    """Note that Telegram refused a call for the sake of a bot's group, and have it looked at.

    Locks the bot.

    :param code: one of ``REFUSALS``; ``text`` is Telegram's own.
    :returns: whether everything that is to go to this group is held now: not if it is the bot's
        group no longer, and not for want of a right that other calls do without.
    """
    bot = _lock_bot_of(bot_id, chat_id)
    if bot is None:
        return False
    trouble = _trouble_of(bot, code, text)
    bot.last_error, bot.last_error_at = text[: bots.ERROR_LENGTH], timezone.now()
    _store(bot, {*bot.group_troubles, trouble} if trouble else set(bot.group_troubles))
    # It may lack more than this one call has shown.
    ring_on_commit(LOOK_BELL)
    return trouble in SHUT


def may_make_topics(bot: Bot) -> bool:
    """Say whether a bot may make topics in its group, as far as is known."""
    return not NO_TOPICS & set(bot.group_troubles)


def on_my_chat_member(event: InboundEvent) -> bool:
    """Note what became of a bot in its group, and leave the update to others."""
    update = event.payload["my_chat_member"]
    chat_id, member = update["chat"]["id"], update["new_chat_member"]
    was_outside = update["old_chat_member"]["status"] in OUTSIDE
    bot = _lock_bot_of(event.account_id, chat_id)
    # Whoever adds a bot to a group makes it an administrator a moment later.
    if bot is not None and (bot.group_troubles or not was_outside):
        kept = {NOT_A_FORUM} & set(bot.group_troubles)
        _store(bot, _troubles_of(bot, member) | kept)
    return False


def look_at_groups() -> int:
    """Ask Telegram anew about each group that troubles its bot; return how many are well now."""
    troubled = Bot.objects.filter(status=Bot.Status.ACTIVE, group_chat_id__isnull=False)
    looked = [_look(bot) for bot in troubled.exclude(group_troubles=[]).order_by("pk")]
    return sum(looked)


@dataclass(frozen=True, slots=True)
class Finding:
    """What Telegram says of a bot's group.

    :param troubles: names of ``TROUBLES``, the gravest first; empty when all is well.
    :param raw: Telegram's own words where it refused to answer.
    """

    troubles: list[str]
    raw: str = ""


def inspect_group(bot: Bot) -> Finding:
    """Ask Telegram what keeps a bot from working in its group; changes nothing there.

    :raises OutsideError: Telegram does not answer, or refuses the token.
    :raises SecretsUnavailableError: the token cannot be opened.
    """
    chat_id = bot.group_chat_id
    if chat_id is None:
        return Finding([])
    token = bots.open_token(bot)
    try:
        chat = setup.get_chat(token, chat_id)
        member = setup.get_chat_member(token, chat_id, bot.telegram_id)
    except PermanentError as error:
        return Finding([KICKED if error.status == FORBIDDEN else NOT_FOUND], error.text)
    troubles = _troubles_of(bot, member)
    if bot.topic_mode and not chat.get("is_forum"):
        troubles.add(NOT_A_FORUM)
    if not troubles & SHUT and not _may_write(token, chat_id):
        troubles.add(MUTED)
    return Finding(_ordered(troubles))


@transaction.atomic
def forget_troubles(bot: Bot, *, chat_id: int | None) -> None:
    """Take a bot's group for well until the contrary shows: its owner changed something.

    :param chat_id: the group that its deliveries may be held for.
    """
    bot.group_refused_at, bot.group_troubles = None, []
    bot.save(update_fields=["group_refused_at", "group_troubles"])
    if chat_id is not None:
        group_holds.release(bot, chat_id)


def _look(bot: Bot) -> bool:
    try:
        troubles = inspect_group(bot).troubles
    except (OutsideError, SecretsUnavailableError) as error:
        logger.warning("group not seen", extra={"bot_id": str(bot.pk), "error": str(error)})
        return False
    with transaction.atomic():
        locked = _lock_bot_of(bot.pk, bot.group_chat_id)
        if locked is not None:
            _store(locked, set(troubles))
    return not troubles


def _may_write(token: str, chat_id: int) -> bool:
    try:
        setup.send_typing(token, chat_id)
    except PermanentError:
        return False
    return True


def _trouble_of(bot: Bot, code: str, text: str) -> str:
    """Return what a refused call shows; empty where it shows nothing that was not known."""
    if code != "not_enough_rights":
        return _TROUBLE_OF_CODE[code]
    if "topic" in text.lower():
        return "can_manage_topics"
    # Once what the bot lacks is known, a call that wanted some other right tells nothing new.
    return "" if bot.group_refused_at else MUTED


def _troubles_of(bot: Bot, member: Mapping[str, Any]) -> set[str]:
    """Return what a ``ChatMember`` says; without topics the bot needs no rights."""
    status = member["status"]
    if status in OUTSIDE or (status == "restricted" and not member.get("is_member", True)):
        return {KICKED}
    if status == "restricted" and not member.get("can_send_messages"):
        return {MUTED}
    if status == "creator" or not bot.topic_mode:
        return set()
    return {right for right in RIGHTS if not member.get(right)}


def _store(bot: Bot, troubles: Collection[str]) -> None:
    """Store what troubles the group, hold or let go what waits, and say so once."""
    since = bot.group_refused_at
    found = set(troubles)
    is_refused = bool(found & (SHUT | NO_TOPICS))
    bot.group_troubles = _ordered(found)
    bot.group_refused_at = (since or timezone.now()) if is_refused else None
    bot.save(
        update_fields=["group_troubles", "group_refused_at", "last_error", "last_error_at"],
    )
    if bot.group_chat_id is not None and found & SHUT:
        group_holds.hold(bot, bot.group_chat_id)
    elif bot.group_chat_id is not None:
        group_holds.release(bot, bot.group_chat_id)
    if is_refused and since is None:
        _tell_refused(bot)
    elif since is not None and not is_refused:
        _tell_restored(bot, since)


def _tell_refused(bot: Bot) -> None:
    _log(bot, "group_refused", ", ".join(bot.group_troubles), IntegrationLog.Level.ERROR)
    bot_group_refused.send(sender=Bot, account=bot, since=bot.group_refused_at)


def _tell_restored(bot: Bot, since: datetime) -> None:
    Bot.objects.filter(pk=bot.pk).update(last_error="", last_error_at=None)
    _log(bot, "group_restored", "", IntegrationLog.Level.INFO)
    bot_group_restored.send(sender=Bot, account=bot, since=since)


def _log(bot: Bot, event: str, text: str, level: str) -> None:
    log_event(
        organization_id=bot.organization_id,
        source=bots.SOURCE,
        account_id=bot.pk,
        event=event,
        text=text,
        level=level,
    )


def _lock_bot_of(bot_id: UUID, chat_id: int | None) -> Bot | None:
    """Lock a bot whose group this is; ``None`` for any other."""
    rows = Bot.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(pk=bot_id, group_chat_id=chat_id).exclude(group_chat_id=None).first()


def _ordered(troubles: Collection[str]) -> list[str]:
    return [name for name in TROUBLES if name in troubles]
