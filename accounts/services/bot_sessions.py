"""Sessions that rest on the word of an organization's own bot, and what that word is worth.

Such a bot sees the initData of everybody who opens it, and whoever runs it could send that here.
So it may vouch for a person only as long as nothing of theirs is out of its organization's reach.
"""

import uuid

from accounts.bots import KnownBot, get_bot
from accounts.models import Membership, Session, User
from accounts.selectors.locks import lock_user
from accounts.services.sessions import revoke_session
from accounts.telegram.errors import TelegramRefusedError

REASON = "bot_outgrown"


def require_trust(user: User, bot: KnownBot | None) -> None:
    """Refuse a bot's word for staff and for members of other organizations.

    :raises TelegramRefusedError: ``telegram_bot_untrusted``.
    """
    elsewhere = Membership.objects.filter(user=user)
    if bot is not None:
        elsewhere = elsewhere.exclude(organization=bot.organization_id)
    if user.is_staff or elsewhere.exists():
        raise TelegramRefusedError("telegram_bot_untrusted")


def end_outgrown_sessions(*, user_id: int, organization_id: uuid.UUID | None = None) -> None:
    """End what bots have opened for a person who now has more to lose.

    Call it in the transaction that gives it to them, after the row is written: it locks the
    person's row, as a sign-in does before it looks once more.

    :param organization_id: the organization that they joined, whose own bots keep their word;
        ``None`` when they became staff.
    """
    lock_user(user_id)
    opened = Session.objects.filter(user=user_id, bot_id__isnull=False, revoked_at__isnull=True)
    for session in opened:
        if not _is_enough(session.bot_id, organization_id):
            revoke_session(session_id=session.pk, reason=REASON)


def _is_enough(bot_id: uuid.UUID | None, organization_id: uuid.UUID | None) -> bool:
    try:
        bot = get_bot(str(bot_id))
    except TelegramRefusedError:
        return False
    return bot.is_platform or bot.organization_id == organization_id
