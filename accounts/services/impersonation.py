"""A superuser seeing the site as somebody else does: for an hour, in the open, on the record.

The session shows no credential of the person, so whatever asks for a fresh sign-in (money,
secrets, passwords) refuses it. ``accounts.web.impersonation`` closes every other place to write.
"""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Session, User
from accounts.selectors.locks import lock_users
from accounts.services.audit import record_audit
from accounts.services.sessions import revoke_session
from config.lib.errors import ForbiddenError, NotFoundError

LIFE = timedelta(hours=1)
DEVICE = "staff"


@transaction.atomic
def start_impersonation(
    *, actor: User, user_id: int, ip: str | None = None, user_agent: str = ""
) -> Session:
    """Open a session of an hour in which ``actor`` acts as somebody else. Audited.

    Not a sign-in of the person: neither their last sign-in nor their notices know of it.

    :raises NotFoundError: there is no such person.
    :raises ForbiddenError: the actor is no SUPERUSER, or the person is staff, banned or the actor.
    """
    people = lock_users([actor.pk, user_id])
    staff, person = people.get(actor.pk), people.get(user_id)
    if staff is None or not staff.is_active or staff.role != User.Role.SUPERUSER:
        raise ForbiddenError
    if person is None:
        raise NotFoundError
    if person.is_staff or not person.is_active or person.pk == staff.pk:
        raise ForbiddenError
    session = _insert(person, staff, ip=ip, user_agent=user_agent)
    _audit(staff, "impersonation.started", session, ip=ip)
    return session


@transaction.atomic
def stop_impersonation(*, session_id: uuid.UUID, ip: str | None = None) -> None:
    """End such a session. Audited once; nothing happens to a session of another sort."""
    rows = Session.objects.filter(pk=session_id, impersonator__isnull=False)
    session = rows.select_related("impersonator").first()
    if session is None or session.impersonator is None:
        return
    if revoke_session(session_id=session_id, reason="stopped_by_staff"):
        _audit(session.impersonator, "impersonation.stopped", session, ip=ip)


def _insert(person: User, staff: User, *, ip: str | None, user_agent: str) -> Session:
    session = Session(
        user=person,
        impersonator=staff,
        method=Session.Method.LINK,
        ip=ip,
        user_agent=user_agent.replace("\x00", "")[:400],
        device=DEVICE,
        created_at=Now(),
        last_seen_at=Now(),
        idle_expires_at=Now() + LIFE,
        expires_at=Now() + LIFE,
    )
    session.save(force_insert=True)
    session.refresh_from_db()
    return session


def _audit(staff: User, action: str, session: Session, *, ip: str | None) -> None:
    record_audit(
        actor=staff,
        action=action,
        target=f"user:{session.user_id}",
        details={"session": str(session.pk)},
        ip=ip,
    )
