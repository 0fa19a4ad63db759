"""Joining an account with a person in Telegram, and parting them."""

import time
import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import LinkToken, Session, User
from accounts.selectors.locks import lock_user
from accounts.selectors.sessions import live_sessions_of
from accounts.services.audit import record_audit
from accounts.services.links import LinkRefusedError, NewLink, make_link, use_link
from accounts.services.sessions import drop_cached, revoke_session
from accounts.services.step_up import FRESH_MINUTES, require_fresh
from accounts.services.telegram_sign_in import Proof
from accounts.signals import telegram_seen
from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.person import TelegramPerson
from config.lib.errors import BusinessRuleError, ConflictError, ForbiddenError

FRESH_SECONDS = FRESH_MINUTES * 60
_NO_SESSION = str(uuid.UUID(int=0))
_BY_TELEGRAM = (
    Session.Method.MINI_APP,
    Session.Method.WIDGET,
    Session.Method.OIDC,
    Session.Method.LINK,
)


def link_telegram(*, user_id: int, session_id: uuid.UUID | None, proof: Proof) -> User:
    """Let a person in Telegram sign in to this account from now on.

    :param session_id: whose sign-in must be fresh.
    :raises ForbiddenError: ``reauthentication_required``: the sign-in, or the proof of Telegram, is
        older than 10 minutes.
    :raises TelegramRefusedError: ``telegram_bot_untrusted``: an organization's bot has vouched.
    :raises ConflictError: ``telegram_taken``: the person has another account; ``telegram_linked``:
        the account has another person.
    """
    if not proof.is_ours:
        raise TelegramRefusedError("telegram_bot_untrusted")
    require_fresh(session_id)
    if time.time() - proof.auth_date > FRESH_SECONDS:
        text = _("Please confirm in Telegram once more that it is you.")
        raise ForbiddenError(text, code="reauthentication_required")
    return _link(user_id=user_id, person=proof.person)


def make_linking_link(*, user: User, session_id: uuid.UUID | None) -> NewLink:
    """Return a link that the person opens in the platform's bot.

    :raises ForbiddenError: ``reauthentication_required``.
    """
    require_fresh(session_id)
    return make_link(
        purpose=LinkToken.Purpose.LINK_TELEGRAM,
        user=user,
        data={"session_id": str(session_id)},
        lifetime=timedelta(seconds=FRESH_SECONDS),
    )


@transaction.atomic
def link_by_bot(*, token: str, person: TelegramPerson) -> User:
    """Link who has opened such a link in the platform's bot: they are there at this moment.

    :raises LinkRefusedError: the link opens nothing, or the session that made it has ended: who
        was thrown out keeps no way back in.
    :raises ConflictError: ``telegram_taken`` or ``telegram_linked``; the link can be used again.
    """
    link = use_link(token, purpose=LinkToken.Purpose.LINK_TELEGRAM)
    if link.user is None or not _is_live(link.user, link.data.get("session_id", _NO_SESSION)):
        raise LinkRefusedError("link_invalid")
    return _link(user_id=link.user.pk, person=person)


@transaction.atomic
def unlink_telegram(*, user_id: int, session_id: uuid.UUID | None) -> User:
    """Part an account from Telegram; sessions that were opened that way end, but this one.

    :raises ForbiddenError: ``reauthentication_required``.
    :raises BusinessRuleError: ``last_way_in``: there is no password to sign in with.
    """
    require_fresh(session_id)
    user = lock_user(user_id)
    if not user.has_usable_password() or not (user.email or user.username):
        text = _("Set a password first: otherwise no way to sign in would remain.")
        raise BusinessRuleError(text, code="last_way_in")
    details = {"telegram_id": user.telegram_id}
    user.telegram_id, user.telegram_username = None, ""
    user.save(update_fields=["telegram_id", "telegram_username"])
    record_audit(
        actor=user, action="user.telegram_unlinked", target=f"user:{user.pk}", details=details
    )
    drop_cached([user.pk])
    opened = Session.objects.filter(user=user, method__in=_BY_TELEGRAM, revoked_at__isnull=True)
    for pk in opened.values_list("pk", flat=True):
        if pk != session_id:
            revoke_session(session_id=pk, reason="telegram_unlinked")
    return user


def _is_live(user: User, session_id: str) -> bool:
    return user.is_active and live_sessions_of(user).filter(pk=session_id).exists()


@transaction.atomic
def _link(*, user_id: int, person: TelegramPerson) -> User:
    user = lock_user(user_id)
    if user.telegram_id not in (None, person.telegram_id):
        text = _("This account is linked with another person in Telegram.")
        raise ConflictError(text, code="telegram_linked")
    user.telegram_id, user.telegram_username = person.telegram_id, person.username
    try:
        with transaction.atomic():
            user.save(update_fields=["telegram_id", "telegram_username"])
    except IntegrityError:
        text = _("This person in Telegram has another account here.")
        raise ConflictError(text, code="telegram_taken") from None
    details = {"telegram_id": person.telegram_id}
    record_audit(
        actor=user, action="user.telegram_linked", target=f"user:{user_id}", details=details
    )
    drop_cached([user_id])
    transaction.on_commit(
        lambda: telegram_seen.send_robust(
            sender=User,
            user_id=user_id,
            telegram_id=person.telegram_id,
            may_write=person.may_write,
        )
    )
    return user
