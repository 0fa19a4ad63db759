"""Sign-ins: opened, renewed, ended. Every time is the database's clock.

A refresh token works once and is followed by a successor that is derived from it with a key of
ours. So parallel tabs that send the same token within the grace get the same successor although
no token is stored, and a later repeat can only mean that somebody else holds a copy.
"""

import base64
import hashlib
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from accounts.models import ApiToken, Session, User
from accounts.selectors import principal_cache
from accounts.selectors.api_tokens import cache_id
from accounts.services.audit import record_audit
from accounts.services.devices import name_device
from accounts.signals import refresh_token_reused, signed_in
from accounts.tokens import Claims, TokenRefusedError, encode_access_token
from config.lib.errors import NotFoundError

MAX_LIVE = 20
# Above so many the surplus is counted again, behind a lock: rivals that a first look missed.
COUNT_AGAIN_FROM = 10
ABSOLUTE_DAYS = 180
GRACE_SECONDS = 10
_TOKEN_SALT = "accounts.refresh-token"  # noqa: S105  names the use of the key

_OPEN = """
WITH person AS (
    UPDATE accounts_user SET last_login = statement_timestamp() WHERE id = %(user)s RETURNING id
)
INSERT INTO accounts_session (id, user_id, method, bot_id, ip, user_agent, device, created_at,
                              authenticated_at, last_seen_at, idle_expires_at, expires_at,
                              revoke_reason)
SELECT %(id)s, person.id, %(method)s, %(bot)s, %(ip)s, %(agent)s, %(device)s, now,
       CASE WHEN %(proven)s THEN now END, now, now + %(idle)s, now + %(absolute)s, ''
  FROM person, statement_timestamp() AS now
RETURNING created_at, authenticated_at, last_seen_at, idle_expires_at, expires_at,
          (SELECT count(*) FROM accounts_session
            WHERE user_id = %(user)s AND revoked_at IS NULL AND expires_at > statement_timestamp()
              AND idle_expires_at > statement_timestamp())
"""
# Locked in the order in which everybody locks sessions.
_END_SURPLUS = """
WITH surplus AS (
    SELECT id FROM accounts_session
     WHERE user_id = %(user)s AND revoked_at IS NULL AND expires_at > statement_timestamp()
       AND idle_expires_at > statement_timestamp()
     ORDER BY last_seen_at DESC OFFSET %(most)s
), held AS (
    SELECT id FROM accounts_session
     WHERE id IN (SELECT id FROM surplus) AND revoked_at IS NULL
     ORDER BY id FOR NO KEY UPDATE
)
UPDATE accounts_session SET revoked_at = statement_timestamp(), revoke_reason = 'surplus'
 WHERE id IN (SELECT id FROM held)
RETURNING id
"""
_ROTATE = """
WITH spent AS (
    UPDATE accounts_refreshtoken t SET used_at = clock_timestamp()
      FROM accounts_session s JOIN accounts_user u ON u.id = s.user_id
     WHERE t.token_hash = %(old)s AND t.used_at IS NULL AND s.id = t.session_id
       AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
       AND s.idle_expires_at > clock_timestamp() AND u.is_active
    RETURNING t.session_id, u.id AS user_id, u.token_version
), successor AS (
    INSERT INTO accounts_refreshtoken (session_id, token_hash, created_at)
    SELECT session_id, %(new)s, clock_timestamp() FROM spent
), seen AS (
    UPDATE accounts_session s
       SET last_seen_at = clock_timestamp(),
           idle_expires_at = least(clock_timestamp() + %(idle)s, s.expires_at)
      FROM spent WHERE s.id = spent.session_id
)
SELECT user_id, session_id, token_version, clock_timestamp() FROM spent
"""
_FIND_SPENT = """
SELECT u.id, s.id, u.token_version, clock_timestamp(),
       t.used_at > clock_timestamp() - %(grace)s,
       s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
           AND s.idle_expires_at > clock_timestamp() AND u.is_active
  FROM accounts_refreshtoken t
  JOIN accounts_session s ON s.id = t.session_id
  JOIN accounts_user u ON u.id = s.user_id
 WHERE t.token_hash = %(old)s
"""
_TOUCH = """
UPDATE accounts_session
   SET last_seen_at = clock_timestamp(),
       idle_expires_at = least(clock_timestamp() + %(idle)s, expires_at)
 WHERE id = %(id)s AND revoked_at IS NULL
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client keeps.

    :param expires_in: seconds until the access token runs out.
    """

    user_id: int
    session_id: uuid.UUID
    access_token: str
    refresh_token: str
    expires_in: int


@transaction.atomic
def open_session(
    *,
    user: User,
    method: str = Session.Method.PASSWORD,
    ip: str | None = None,
    user_agent: str = "",
    bot_id: uuid.UUID | None = None,
    session_id: uuid.UUID | None = None,
    is_proven: bool = True,
) -> Session:
    """Record a sign-in and return its session.

    The session that was not seen for longest ends when there would be more than 20. Sends
    ``signed_in`` after commit. Locks the user's row.

    :param session_id: where the credential itself says which session it stands for; rivals with
        the same one get an ``IntegrityError``.
    :param is_proven: whether this counts as a fresh proof of identity, for what asks for one.
    """
    agent = user_agent.replace("\x00", "")[:400]
    session = Session(
        pk=session_id or uuid.uuid4(),
        user=user,
        method=method,
        bot_id=bot_id,
        ip=ip,
        user_agent=agent,
        device=name_device(agent),
    )
    live_before = _insert(session, is_proven=is_proven)
    if live_before >= COUNT_AGAIN_FROM:
        _end_surplus(user)
    transaction.on_commit(
        lambda: signed_in.send_robust(sender=Session, user_id=user.pk, session_id=session.pk)
    )
    return session


def issue_tokens(
    session: Session, *, now: datetime | None = None, ttl_seconds: int | None = None
) -> Tokens:
    """Return the first pair of tokens of a session that ``open_session`` has just made.

    :param now: the database's clock, for a session that was made before.
    :param ttl_seconds: how long the access token lives, if not as usual.
    """
    token = _encode(secrets.token_bytes(32))
    session.refresh_tokens.create(token_hash=_hash(token), created_at=Now())
    claims = Claims(session.user_id, session.pk, session.user.token_version)
    return _tokens(claims, token, now=now or session.created_at, ttl_seconds=ttl_seconds)


def issue_access_token(session: Session, *, ttl_seconds: int) -> str:
    """Return an access token alone, for clients that know no refresh."""
    claims = Claims(session.user_id, session.pk, session.user.token_version)
    return encode_access_token(claims, now=session.created_at, ttl_seconds=ttl_seconds)


def refresh(token: str) -> Tokens:
    """Return a new pair for a refresh token, which is worth nothing afterwards.

    A repeat within 10 seconds gets the same successor. A later one ends the session, is audited
    and announced by ``refresh_token_reused``.

    :raises TokenRefusedError: ``token_invalid``: no such token; ``session_revoked``: its session
        has ended, or ends now.
    """
    old_hash, successor = _hash(token), _successor(token)
    row = _query(_ROTATE, old=old_hash, new=_hash(successor), idle=_idle())
    if row is not None:
        return _tokens(Claims(*row[:3]), successor, now=row[3])
    row = _query(_FIND_SPENT, old=old_hash, grace=timedelta(seconds=GRACE_SECONDS))
    if row is None:
        raise TokenRefusedError("token_invalid")
    user_id, session_id, version, now, is_within_grace, is_live = row
    if not is_live:
        raise TokenRefusedError("session_revoked")
    if not is_within_grace:
        _punish_reuse(user_id=user_id, session_id=session_id)
        raise TokenRefusedError("session_revoked")
    return _tokens(Claims(user_id, session_id, version), successor, now=now)


def touch_session(session_id: uuid.UUID) -> None:
    """Note that a session was just used; its idle time starts anew."""
    _query(_TOUCH, id=session_id, idle=_idle())


def revoke_session(*, session_id: uuid.UUID, reason: str = "signed_out") -> bool:
    """End one session, at once and for good. Returns whether it was still open."""
    return bool(_revoke(Session.objects.filter(pk=session_id), reason=reason))


def revoke_by_token(token: str) -> bool:
    """End the session of a refresh token, used or not. Returns whether one was open."""
    owned = Session.objects.filter(refresh_tokens__token_hash=_hash(token))
    return bool(_revoke(owned, reason="signed_out"))


def revoke_session_of(*, actor: User, session_id: uuid.UUID) -> None:
    """End a session of the actor's own.

    :raises NotFoundError: it is somebody else's, absent, or has ended before.
    """
    own = Session.objects.filter(user=actor, pk=session_id)
    if not _revoke(own, reason="ended_by_user"):
        raise NotFoundError


def revoke_all(*, user_id: int, reason: str, but: uuid.UUID | None = None) -> int:
    """End every session of a person, except ``but``. Returns how many ended."""
    sessions = Session.objects.filter(user_id=user_id)
    return len(_revoke(sessions.exclude(pk=but) if but else sessions, reason=reason))


def drop_cached(user_ids: Collection[int]) -> None:
    """Make every session and token of these people read anew once the open transaction commits.

    For whatever a request's user carries: role, ban, language, memberships.
    """
    wanted = list(user_ids)

    def drop() -> None:
        live = Session.objects.filter(user_id__in=wanted, revoked_at__isnull=True)
        tokens = ApiToken.objects.filter(user_id__in=wanted, revoked_at__isnull=True)
        hashes = tokens.values_list("token_hash", flat=True)
        keys = [*live.values_list("pk", flat=True), *map(cache_id, hashes)]
        principal_cache.drop(keys)

    transaction.on_commit(drop)


@transaction.atomic
def _revoke(sessions: QuerySet[Session], *, reason: str) -> list[uuid.UUID]:
    live = sessions.filter(revoked_at__isnull=True).select_for_update(no_key=True)
    ended = list(live.order_by("pk").values_list("pk", flat=True))
    if ended:
        Session.objects.filter(pk__in=ended).update(revoked_at=Now(), revoke_reason=reason)
        transaction.on_commit(lambda: principal_cache.drop(ended))
    return ended


def _insert(session: Session, *, is_proven: bool) -> int:
    row = _query(
        _OPEN,
        user=session.user_id,
        id=session.pk,
        method=str(session.method),
        bot=session.bot_id,
        ip=session.ip,
        agent=session.user_agent,
        device=session.device,
        proven=is_proven,
        idle=_idle(),
        absolute=timedelta(days=ABSOLUTE_DAYS),
    )
    if row is None:
        raise NotFoundError
    *moments, live_before = row
    session.created_at, session.authenticated_at, session.last_seen_at = moments[:3]
    session.idle_expires_at, session.expires_at = moments[3:]
    session._state.adding = False
    return int(live_before)


def _end_surplus(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_END_SURPLUS, {"user": user.pk, "most": MAX_LIVE})
        ended = [row[0] for row in cursor.fetchall()]
    if ended:
        transaction.on_commit(lambda: principal_cache.drop(ended))


@transaction.atomic
def _punish_reuse(*, user_id: int, session_id: uuid.UUID) -> None:
    if not revoke_session(session_id=session_id, reason="token_reused"):
        return
    user = User.objects.get(pk=user_id)
    record_audit(actor=user, action="session.token_reused", target=f"session:{session_id}")
    transaction.on_commit(
        lambda: refresh_token_reused.send_robust(
            sender=Session, user_id=user_id, session_id=session_id
        )
    )


def _query(sql: str, **parameters: Any) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _tokens(
    claims: Claims, refresh_token: str, *, now: datetime, ttl_seconds: int | None = None
) -> Tokens:
    seconds = settings.ACCESS_TOKEN_TTL_SECONDS if ttl_seconds is None else ttl_seconds
    return Tokens(
        user_id=claims.user_id,
        session_id=claims.session_id,
        access_token=encode_access_token(claims, now=now, ttl_seconds=seconds),
        refresh_token=refresh_token,
        expires_in=seconds,
    )


def _idle() -> timedelta:
    return timedelta(seconds=settings.REFRESH_TOKEN_TTL_SECONDS)


def _successor(token: str) -> str:
    digest = salted_hmac(_TOKEN_SALT, token, algorithm="sha256").digest()
    return _encode(digest)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
