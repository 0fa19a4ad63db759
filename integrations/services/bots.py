"""Telegram bots of an organization: their tokens, their webhooks, their life.

Every call of Telegram is made outside of transactions; what it taught us is stored afterwards.
"""

import hashlib
import logging
import re
import secrets as randomness
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from accounts.services.audit import record_audit
from config.lib.advisory import try_advisory_lock
from config.lib.errors import (
    ConflictError,
    FieldError,
    InputError,
    OutsideTimeoutError,
    OutsideWorldError,
)
from config.lib.http import OutsideError, PermanentError, SignInError, TransientError
from integrations.models import Bot, IntegrationLog
from integrations.selectors.locks import lock_bot
from integrations.services import group_holds, secrets
from integrations.services.holds import release_hold
from integrations.services.log import log_event
from integrations.services.secrets import SecretRef
from integrations.signals import bot_token_refused
from integrations.telegram import setup
from integrations.telegram.types import Me

logger = logging.getLogger(__name__)

SOURCE = "telegram"
PUMP = group_holds.PUMP
WEBHOOK_PATH = "/api/webhooks/telegram"
MAX_CONNECTIONS = 40
# message_reaction and chat_member come only to those who name them.
ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "inline_query",
    "chosen_inline_result",
    "message_reaction",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "pre_checkout_query",
    "poll_answer",
)
ERROR_LENGTH = 300
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BotChanges:
    """What may be changed of a bot; ``None`` leaves a field as it is.

    :param group_chat_id: 0 takes the group away.
    """

    name: str | None = None
    description: str | None = None
    token: str | None = None
    group_chat_id: int | None = None
    topic_mode: bool | None = None


def token_ref(bot: Bot) -> SecretRef:
    """Return the place where a bot's token is sealed."""
    return SecretRef(
        purpose="telegram.bot_token",
        model="integrations.Bot",
        pk=str(bot.pk),
        owner=str(bot.organization_id),
    )


def open_token(bot: Bot) -> str:
    """Return a bot's token.

    :raises SecretsUnavailableError: the store of secrets is down, or the token is unreadable.
    """
    return secrets.open(token_ref(bot), bot.sealed_token).decode()


def create_bot(
    *,
    actor: User | None,
    organization: Organization,
    name: str,
    token: str,
    description: str = "",
    group_chat_id: int | None = None,
    topic_mode: bool = True,
    is_platform: bool = False,
) -> Bot:
    """Add a bot and set its webhook. A webhook that cannot be set is noted on the bot.

    :raises InputError: ``token_refused``: Telegram does not know the token.
    :raises ConflictError: ``bot_taken``: this bot is already here, in whichever organization.
    :raises OutsideWorldError: Telegram does not answer; nothing is stored.
    """
    me = _whose(token)
    bot = Bot(
        pk=uuid4(),
        organization=organization,
        name=name or me["first_name"],
        description=description,
        telegram_id=me["id"],
        username=me["username"],
        group_chat_id=group_chat_id,
        topic_mode=topic_mode,
        is_platform=is_platform,
    )
    _seal_token(bot, token)
    try:
        with transaction.atomic():
            bot.save(force_insert=True)
            _record(bot, actor=actor, action="bot.created", event="bot_added")
    except IntegrityError:
        raise ConflictError(_("This bot is already connected."), code="bot_taken") from None
    transaction.on_commit(lambda: _try_set_webhook(bot))
    return bot


def update_bot(*, actor: User | None, bot: Bot, changes: BotChanges) -> Bot:
    """Change what is given. A new token must be the same bot's; its webhook is set anew.

    :raises InputError: ``token_refused``, or ``other_bot``: the token is another bot's.
    :raises OutsideWorldError: Telegram does not answer; nothing is changed.
    """
    if changes.token is not None and _whose(changes.token)["id"] != bot.telegram_id:
        raise _bad_token("other_bot", _("This token belongs to another bot."))
    with transaction.atomic():
        bot = lock_bot(bot.pk)
        place = (bot.group_chat_id, bot.topic_mode)
        changed = _apply(bot, changes)
        if place != (bot.group_chat_id, bot.topic_mode):
            changed += _forget_troubles(bot, group_chat_id=place[0])
        bot.save(update_fields=changed)
        details = {"fields": [field for field in changed if not field.startswith("sealed")]}
        _record(bot, actor=actor, action="bot.changed", event="bot_changed", details=details)
    if changes.token is not None:
        release_hold(key=bot.sender, task=PUMP)
        transaction.on_commit(lambda: _try_set_webhook(bot))
    return bot


def activate_bot(*, actor: User, bot: Bot) -> Bot:
    """Switch a bot on and set its webhook; what waited for it goes out.

    :raises InputError: ``token_refused``: Telegram no longer takes its token.
    :raises OutsideWorldError: Telegram does not answer; nothing is changed.
    """
    _whose(open_token(bot))
    bot = _set_status(actor=actor, bot=bot, status=Bot.Status.ACTIVE, action="bot.activated")
    release_hold(key=bot.sender, task=PUMP)
    transaction.on_commit(lambda: _try_set_webhook(bot))
    return bot


def deactivate_bot(*, actor: User, bot: Bot) -> Bot:
    """Switch a bot off: nothing comes in, and what is to go out waits."""
    bot = _set_status(actor=actor, bot=bot, status=Bot.Status.INACTIVE, action="bot.deactivated")
    _try_delete_webhook(bot)
    Bot.objects.filter(pk=bot.pk).update(
        webhook_path_hash=None,
        webhook_header_hash=None,
        next_webhook_path_hash=None,
        next_webhook_header_hash=None,
        webhook_set_at=None,
    )
    bot.refresh_from_db()
    return bot


def delete_bot(*, actor: User, bot: Bot) -> None:
    """Remove a bot and what hangs on it. Its webhook is taken away if Telegram answers."""
    _try_delete_webhook(bot)
    with transaction.atomic():
        bot = lock_bot(bot.pk)
        _record(bot, actor=actor, action="bot.deleted", event="bot_removed")
        bot.delete()


def set_webhook(bot: Bot) -> Bot:
    """Let the bot's updates come to us, at an address and with a header that are new each time.

    Only hashes of the two secrets are kept. They count from before Telegram hears of the address,
    for what waits at Telegram comes within the same millisecond; the old address counts until
    Telegram has taken the new one.

    :raises ConflictError: ``busy``: somebody is setting it at this moment.
    :raises OutsideWorldError: Telegram refused or does not answer; the old webhook stays.
    """
    path_secret, header_secret = randomness.token_urlsafe(32), randomness.token_urlsafe(32)
    with try_advisory_lock(f"bot-webhook:{bot.pk}") as is_mine:
        if not is_mine:
            raise ConflictError(_("The webhook is being set right now."), code="busy")
        path_hash, header_hash = hash_secret(path_secret), hash_secret(header_secret)
        Bot.objects.filter(pk=bot.pk).update(
            next_webhook_path_hash=path_hash, next_webhook_header_hash=header_hash
        )
        try:
            setup.set_webhook(
                open_token(bot),
                url=f"{settings.SITE_URL}{WEBHOOK_PATH}/{bot.pk}/{path_secret}",
                secret_token=header_secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=MAX_CONNECTIONS,
            )
        except OutsideError as error:
            raise refusal_of(error) from error
        with transaction.atomic():
            Bot.objects.filter(pk=bot.pk).update(
                webhook_path_hash=path_hash,
                webhook_header_hash=header_hash,
                next_webhook_path_hash=None,
                next_webhook_header_hash=None,
                webhook_set_at=Now(),
                last_error="",
                last_error_at=None,
            )
            _log(bot, "webhook_set")
    bot.refresh_from_db()
    return bot


@transaction.atomic
def mark_token_refused(*, bot_id: UUID, token: str, text: str) -> None:
    """Switch a bot off whose token Telegram refuses, and say so to those above, once.

    Nothing happens if the bot is gone, already off, or has another token by now.
    """
    bot = Bot.objects.select_for_update().filter(pk=bot_id, status=Bot.Status.ACTIVE).first()
    if bot is None or open_token(bot) != token:
        return
    bot.status = Bot.Status.BAD_TOKEN
    _note_error(bot, text, status=bot.status)
    _log(bot, "token_refused", text=text, level=IntegrationLog.Level.ERROR)
    bot_token_refused.send(sender=Bot, organization=bot.organization, account=bot)


def hash_secret(secret: str) -> bytes:
    """Return what is kept of a webhook's secret."""
    return hashlib.sha256(secret.encode()).digest()


def refusal_of(error: OutsideError) -> OutsideWorldError | OutsideTimeoutError:
    """Translate a failed call into what a person can be told."""
    if isinstance(error, PermanentError):
        return OutsideWorldError(error.text or None, code="outside_refused")
    if isinstance(error, TransientError):
        return OutsideTimeoutError()
    return OutsideWorldError()


def _whose(token: str) -> Me:
    """Return ``getMe``.

    :raises InputError: ``token_refused``.
    """
    if not _TOKEN.fullmatch(token):
        raise _bad_token("token_refused", _("This is not a bot's token."))
    try:
        return setup.get_me(token)
    except SignInError:
        raise _bad_token("token_refused", _("Telegram does not accept this token.")) from None
    except OutsideError as error:
        raise refusal_of(error) from error


def _bad_token(code: str, message: Any) -> InputError:
    return InputError(message, code=code, fields=[FieldError("token", code, message)])


def _seal_token(bot: Bot, token: str) -> None:
    bot.sealed_token = secrets.seal(token_ref(bot), token)
    bot.token_hint = secrets.token_hint(token)


def _apply(bot: Bot, changes: BotChanges) -> list[str]:
    changed = []
    for field in ("name", "description", "topic_mode"):
        value = getattr(changes, field)
        if value is not None:
            setattr(bot, field, value)
            changed.append(field)
    if changes.group_chat_id is not None:
        bot.group_chat_id = changes.group_chat_id or None
        changed.append("group_chat_id")
    if changes.token is not None:
        _seal_token(bot, changes.token)
        bot.status = Bot.Status.ACTIVE
        changed += ["sealed_token", "token_hint", "status"]
    return changed


def _forget_troubles(bot: Bot, *, group_chat_id: int | None) -> list[str]:
    """Take the bot's new place for well until the contrary shows, and free what waits."""
    bot.group_refused_at, bot.group_troubles = None, []
    if group_chat_id is not None:
        group_holds.release(bot, group_chat_id)
    return ["group_refused_at", "group_troubles"]


@transaction.atomic
def _set_status(*, actor: User, bot: Bot, status: Bot.Status, action: str) -> Bot:
    bot = lock_bot(bot.pk)
    bot.status = status
    bot.save(update_fields=["status"])
    _record(bot, actor=actor, action=action, event=action.replace(".", "_"))
    return bot


def _try_set_webhook(bot: Bot) -> None:
    try:
        set_webhook(bot)
    except (ConflictError, OutsideWorldError, OutsideTimeoutError) as error:
        with transaction.atomic():
            _note_error(bot, str(error.detail))
            level = IntegrationLog.Level.ERROR
            _log(bot, "webhook_failed", text=str(error.detail), level=level)


def _try_delete_webhook(bot: Bot) -> None:
    try:
        setup.delete_webhook(open_token(bot))
    except (OutsideError, secrets.SecretsUnavailableError) as error:
        logger.warning("webhook not deleted", extra={"bot_id": str(bot.pk), "error": str(error)})


def _note_error(bot: Bot, text: str, **fields: Any) -> None:
    bot.last_error = text[:ERROR_LENGTH]
    Bot.objects.filter(pk=bot.pk).update(last_error=bot.last_error, last_error_at=Now(), **fields)


def _record(
    bot: Bot,
    *,
    actor: User | None,
    action: str,
    event: str,
    details: dict[str, Any] | None = None,
) -> None:
    record_audit(
        actor=actor,
        organization=bot.organization,
        action=action,
        target=f"bot:{bot.pk}",
        details={"username": bot.username, **(details or {})},
    )
    _log(bot, event)


def _log(bot: Bot, event: str, *, text: str = "", level: str = IntegrationLog.Level.INFO) -> None:
    log_event(
        organization_id=bot.organization_id,
        source=SOURCE,
        account_id=bot.pk,
        event=event,
        text=text,
        level=level,
    )
