"""Joining an account with a person in Yandex Messenger by a short code, and parting them."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record_audit
from notifications.models import ChannelAddress, ChannelCode
from notifications.selectors.locks import lock_code
from notifications.services.yandex_channel import NAME

CODE_LIFE = timedelta(minutes=10)
CODE_LENGTH = 8
# Without the letters and digits that are taken for one another; 2**39 codes.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_BETWEEN = re.compile(r"[\s-]+")
_CODE = re.compile(rf"[{ALPHABET}]{{{CODE_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class NewCode:
    """:param code: in two groups, as a person copies it. It is shown once and not kept."""

    code: str
    expires_at: datetime


@transaction.atomic
def make_code(user: User) -> NewCode:
    """Return a code that links whoever sends it to the bot; an earlier one works no longer."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    expires_at = timezone.now() + CODE_LIFE
    ChannelCode.objects.update_or_create(
        user=user, channel=NAME, defaults={"code_hash": _hash(code), "expires_at": expires_at}
    )
    half = CODE_LENGTH // 2
    return NewCode(f"{code[:half]}-{code[half:]}", expires_at)


def read_code(text: str) -> str | None:
    """Return the code that a text consists of, however it was typed, or ``None``."""
    code = _BETWEEN.sub("", text).upper()
    return code if _CODE.fullmatch(code) else None


@transaction.atomic
def link_by_code(*, code: str, login: str) -> User | None:
    """Link ``login`` with the account that the code was made for; ``None``: it opens nothing.

    Another login that the account had is left. The code is used up.
    """
    row = lock_code(_hash(code))
    if row is None or row.channel != NAME or row.expires_at <= timezone.now():
        return None
    user = row.user
    row.delete()
    if not user.is_active:
        return None
    ChannelAddress.objects.update_or_create(
        user=user,
        channel=NAME,
        defaults={
            "address": login,
            "state": ChannelAddress.State.ACTIVE,
            "strikes": 0,
            "last_strike_at": None,
        },
    )
    _record(user, "user.yandex_linked", login)
    return user


@transaction.atomic
def unlink_login(login: str) -> int:
    """Write to ``login`` no more; return how many accounts it was linked with."""
    rows = ChannelAddress.objects.filter(channel=NAME, address=login).select_related("user")
    return sum(_unlink(row) for row in rows.select_for_update(of=("self",), no_key=True))


@transaction.atomic
def unlink_user(user: User) -> int:
    """Part an account from Yandex Messenger; return 1, or 0 where it was not linked."""
    rows = ChannelAddress.objects.filter(channel=NAME, user=user).select_related("user")
    return sum(_unlink(row) for row in rows.select_for_update(of=("self",), no_key=True))


def _unlink(row: ChannelAddress) -> int:
    _record(row.user, "user.yandex_unlinked", row.address)
    row.delete()
    return 1


def _record(user: User, action: str, login: str) -> None:
    record_audit(actor=user, action=action, target=f"user:{user.pk}", details={"login": login})


def _hash(code: str) -> bytes:
    """Return what is kept of a code: so short a one must not be found by trying from a dump."""
    words = f"channel-code:{code}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), words, hashlib.sha256).digest()
