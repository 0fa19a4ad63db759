"""Signing in by what a Telegram client shows: a Mini App's initData or the Login Widget's fields.

The same string comes again with every reload, and with every request of a client that sends it as
its bearer. So the session's id is derived from the string with a key of ours: a repeat finds the
session that the first one opened, with no look-up but the session's own, and one that has been
ended stays ended.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.bots import PLATFORM, KnownBot, get_bot
from accounts.models import LinkToken, Session, User
from accounts.selectors import principal_cache
from accounts.selectors.principals import Principal, find_principal
from accounts.selectors.sessions import live_sessions_of
from accounts.services.bot_sessions import require_trust
from accounts.services.links import NewLink, make_link, read_link, use_link
from accounts.services.sessions import open_session
from accounts.services.telegram_people import find_by_telegram, obtain_owner, obtain_person
from accounts.services.totp import require_second_factor
from accounts.signals import telegram_seen
from accounts.telegram.init_data import (
    InitData,
    check_age,
    check_by_signature,
    check_by_token,
    read_init_data,
)
from accounts.telegram.person import TelegramPerson, build_person
from accounts.telegram.widget import WidgetData
from accounts.tokens import TokenRefusedError
from config.lib.errors import NotSignedInError

_SALT = "accounts.telegram-session"


@dataclass(frozen=True, slots=True)
class Client:
    """The program that asks."""

    ip: str | None = None
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A person whom Telegram has vouched for.

    :param auth_date: when, in seconds since 1970.
    :param session_id: the session that this very proof stands for, if it may come again.
    """

    person: TelegramPerson
    method: str
    auth_date: float
    bot: KnownBot | None = None
    session_id: uuid.UUID | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the data never passed through the hands of somebody else's bot."""
        return self.bot is None or self.bot.is_platform


@dataclass(frozen=True, slots=True)
class Opened:
    """A live session, new or met again, at this moment of the database's clock."""

    session: Session
    now: datetime


def prove_by_init_data(text: str, *, bot_name: str = "") -> Proof:
    """Return who sends this initData.

    :param bot_name: whose Mini App it is; the platform's own by default. Only this bot is asked.
    :raises TelegramRefusedError: it proves nothing.
    """
    return _prove(_read(text), bot_name or PLATFORM)


def prove_by_widget(body: Mapping[str, Any]) -> Proof:
    """Return who has pressed the Login Widget of the platform's bot.

    :raises TelegramRefusedError: it proves nothing.
    """
    data = WidgetData(body)
    _check_age(data.auth_date)
    bot = get_bot(PLATFORM)
    data.check(token=bot.open_token())
    return Proof(
        person=data.person,
        method=Session.Method.WIDGET,
        auth_date=data.auth_date,
        bot=bot,
        session_id=_session_id("widget", data.lines),
    )


def admit(proof: Proof, *, otp: str = "") -> User:
    """Return the account of who was vouched for, which may be new. Sends ``telegram_seen``.

    A bot of an organization sees the initData of everybody who opens it, and could send it here.
    So its word counts only for who has nothing to lose elsewhere: neither staff nor a member of
    another organization.

    :raises TelegramRefusedError: ``telegram_bot_untrusted``.
    :raises NotSignedInError: ``account_blocked``, ``otp_required``, ``otp_invalid``.
    :raises ForbiddenError: ``registration_closed``.
    """
    user = obtain_person(proof.person)
    check_admission(user, otp=otp)
    if not proof.is_ours:
        require_trust(user, proof.bot)
    else:
        _announce(user, proof.person)
    return user


def check_admission(user: User, *, otp: str) -> None:
    """Refuse who is banned, or does not show the second factor that they have.

    :raises NotSignedInError: ``account_blocked``, ``otp_required``, ``otp_invalid``.
    """
    if not user.is_active:
        raise NotSignedInError(_("This account is blocked."), code="account_blocked")
    require_second_factor(user, otp)


def sign_in(proof: Proof, *, client: Client, otp: str = "") -> Opened:
    """Return the session of a proof: opened by its first use, found again by the others.

    :raises TokenRefusedError: ``session_revoked``: that session has ended.
    :raises NotSignedInError: as ``admit``.
    """
    met = _find_session(proof.session_id)
    if met is not None:
        return met
    user = admit(proof, otp=otp)
    try:
        with transaction.atomic():
            session = open_session(
                user=user,
                method=proof.method,
                ip=client.ip,
                user_agent=client.user_agent,
                bot_id=proof.bot.id if proof.bot else None,
                session_id=proof.session_id,
                is_proven=proof.is_ours,
            )
            if not proof.is_ours:
                # Their row is locked by now: who joins or becomes staff meanwhile waits for us.
                user.refresh_from_db(fields=["role"])
                require_trust(user, proof.bot)
    except IntegrityError:
        # The same string came twice at once, and the other one was first.
        met = _find_session(proof.session_id)
        if met is None:
            raise
        return met
    return Opened(session, session.created_at)


def find_init_data_principal(text: str, *, client: Client, bot_name: str = "") -> Principal:
    """Return who sends this initData as a bearer; the first use opens the session.

    A repeat costs what an access token costs: one look at Redis, or one query.

    :raises TelegramRefusedError: it proves nothing.
    :raises TokenRefusedError: ``session_revoked``: the person has ended that session.
    :raises NotSignedInError: as ``admit``.
    """
    data, name = _read(text), bot_name or PLATFORM
    session_id = _init_data_session_id(data, name)
    principal = find_principal(session_id)
    if principal is None:
        sign_in(_prove(data, name), client=client)
        # The first look left a mark there that would keep the session from being cached.
        principal_cache.drop([session_id])
        principal = find_principal(session_id)
    if principal is None:
        raise TokenRefusedError("session_revoked")
    return principal


def make_sign_in_link(person: TelegramPerson) -> NewLink:
    """Return a link by which a person who wrote to the platform's bot signs in on the site."""
    data = {
        "id": person.telegram_id,
        "username": person.username,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language_code": person.lang_code,
    }
    return make_link(purpose=LinkToken.Purpose.SIGN_IN, data=data)


def read_sign_in_link(token: str) -> tuple[TelegramPerson, User | None]:
    """Return for whom a link was made, and their account if there is one. Uses nothing up.

    :raises LinkRefusedError: the link opens nothing.
    """
    person = build_person(read_link(token, purpose=LinkToken.Purpose.SIGN_IN).data)
    return person, find_by_telegram(person.telegram_id)


def exchange_link(*, token: str, email: str = "", name: str = "", otp: str = "") -> User:
    """Use a sign-in link up and return whose it is, at the head of an organization.

    :param email: of a new person; an account that is there already keeps its own.
    :raises LinkRefusedError: the link opens nothing.
    :raises NotSignedInError: ``account_blocked``, ``otp_required``, ``otp_invalid``.
    :raises InputError: a new person gave no address or a bad one; the link can be used again.
    :raises ConflictError: ``email_taken``; the link can be used again.
    :raises ForbiddenError: ``registration_closed``; the link can be used again.
    """
    _person, known = read_sign_in_link(token)
    if known is not None:
        check_admission(known, otp=otp)
    with transaction.atomic():
        link = use_link(token, purpose=LinkToken.Purpose.SIGN_IN)
        user = obtain_owner(build_person(link.data), email=email, name=name)
        # They have written to the bot, which may answer ever since.
        _announce(user, build_person({**link.data, "allows_write_to_pm": True}))
    return user


def _read(text: str) -> InitData:
    data = read_init_data(text)
    _check_age(data.auth_date)
    return data


def _check_age(auth_date: int) -> None:
    max_age = settings.TELEGRAM_AUTH_MAX_AGE_SECONDS
    check_age(auth_date, now=time.time(), max_age_seconds=max_age)


def _prove(data: InitData, bot_name: str) -> Proof:
    bot = get_bot(bot_name)
    if bot.is_platform:
        check_by_token(data, token=bot.open_token())
    else:
        # The owner of the bot knows its token and could make an HMAC for anybody.
        keys = settings.TELEGRAM_THIRD_PARTY_KEYS
        check_by_signature(data, bot_id=bot.telegram_id, public_keys=keys)
    return Proof(
        person=data.person,
        method=Session.Method.MINI_APP,
        auth_date=data.auth_date,
        bot=bot,
        session_id=_init_data_session_id(data, bot_name),
    )


def _announce(user: User, person: TelegramPerson) -> None:
    transaction.on_commit(
        lambda: telegram_seen.send_robust(
            sender=User,
            user_id=user.pk,
            telegram_id=person.telegram_id,
            may_write=person.may_write,
        )
    )


def _find_session(session_id: uuid.UUID | None) -> Opened | None:
    if session_id is None:
        return None
    known = Session.objects.select_related("user").annotate(now=Now())
    session = known.filter(pk=session_id).first()
    if session is None:
        return None
    if not session.user.is_active or not live_sessions_of(session.user).filter(pk=session_id):
        raise TokenRefusedError("session_revoked")
    return Opened(session, session.now)


def _init_data_session_id(data: InitData, bot_name: str) -> uuid.UUID:
    return _session_id(bot_name.casefold(), data.lines(without=()))


def _session_id(audience: str, text: str) -> uuid.UUID:
    """The name of a bot holds no newline, so no two pairs are one text."""
    digest = salted_hmac(_SALT, f"{audience}\n{text}", algorithm="sha256").digest()
    return uuid.UUID(bytes=digest[:16], version=4)
