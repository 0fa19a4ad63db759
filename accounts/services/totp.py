"""The second factor: codes of an authenticator app, and recovery codes for its loss.

django-otp keeps devices and slows down guessing: after each wrong code the wait doubles. Of
recovery codes only a keyed digest is kept, in the place of its clear ones (ADR 7).
"""

import base64
import secrets
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import ThrottlingMixin
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from accounts.selectors.locks import lock_user
from accounts.services.audit import record_audit
from accounts.signals import second_factor_changed
from config.lib.errors import ConflictError, NotFoundError, NotSignedInError, RateLimitedError

DEVICE = "authenticator"
RECOVERY_CODES = 10
_CODE_BYTES = 10
_CODE_DIGITS = 6
_DIGEST_LENGTH = 16
_KEY_SALT = "accounts.recovery-code"


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app needs: the secret in base32, its address, and that as a picture.

    :param qr: a ``data:`` address of an SVG image.
    """

    secret: str
    uri: str
    qr: str


def has_second_factor(user: User) -> bool:
    """Tell whether signing in with a password asks this person for a code as well."""
    known: bool | None = getattr(user, "has_second_factor", None)
    return _confirmed(user.pk).exists() if known is None else known


def count_recovery_codes(user: User) -> int:
    codes: int = StaticToken.objects.filter(device__user=user, device__name=DEVICE).count()
    return codes


@transaction.atomic
def begin_setup(user: User) -> Setup:
    """Return what to show for setting up; the same until it is confirmed.

    :raises ConflictError: ``otp_on``: there is a second factor already.
    """
    lock_user(user.pk)
    if _confirmed(user.pk).exists():
        raise ConflictError(_("A second factor is on already."), code="otp_on")
    device, _is_new = TOTPDevice.objects.get_or_create(user=user, name=DEVICE, confirmed=False)
    secret = base64.b32encode(device.bin_key).decode().rstrip("=")
    label = quote(f"{settings.APP_NAME}:{user.email or user.username or user.pk}")
    query = urlencode({"secret": secret, "issuer": settings.APP_NAME}, quote_via=quote)
    uri = f"otpauth://totp/{label}?{query}"
    return Setup(secret, uri, segno.make(uri, error="m").svg_data_uri(scale=5, border=4))


def confirm_setup(*, user: User, code: str) -> list[str]:
    """Turn the second factor on with the first code of the app; return the recovery codes.

    They are never shown again.

    :raises NotFoundError: no setting-up has begun.
    :raises NotSignedInError: ``otp_invalid``: the code is wrong; nothing is on.
    :raises RateLimitedError: ``locked_out``: too soon after wrong ones.
    """
    with transaction.atomic():
        lock_user(user.pk)
        devices = TOTPDevice.objects.select_for_update()
        device = devices.filter(user=user, name=DEVICE, confirmed=False).first()
        if device is None:
            raise NotFoundError
        _require_allowed(device)
        is_right = device.verify_token(_clean(code))
        if is_right:
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            codes = _make_codes(user)
            _tell(user, actor=user, action="user.otp_on")
    if not is_right:
        raise _otp_invalid()
    return codes


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """Return new recovery codes; the old ones are worth nothing.

    The caller has asked for a fresh sign-in.

    :raises NotFoundError: there is no second factor.
    """
    lock_user(user.pk)
    if not _confirmed(user.pk).exists():
        raise NotFoundError
    codes = _make_codes(user)
    record_audit(actor=user, action="user.recovery_codes_renewed", target=f"user:{user.pk}")
    return codes


@transaction.atomic
def turn_off(*, actor: User, user: User) -> None:
    """Take the second factor away. The caller has asked for a fresh sign-in, or is the admin.

    :raises NotFoundError: there is none.
    """
    lock_user(user.pk)
    was_on = _confirmed(user.pk).exists()
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    if not was_on:
        raise NotFoundError
    _tell(user, actor=actor, action="user.otp_off")


def require_second_factor(user: User, code: str) -> None:
    """Refuse a sign-in by password that lacks the code this person has chosen to be asked for.

    :param code: of the app, or a recovery code; empty if none was sent.
    :raises NotSignedInError: ``otp_required`` without a code, ``otp_invalid`` for a wrong one.
    :raises RateLimitedError: ``locked_out``: too soon after wrong ones.
    """
    if not has_second_factor(user):
        return
    if not code:
        raise NotSignedInError(_("Enter the code of your authenticator app."), code="otp_required")
    verify_code(user=user, code=code)


def verify_code(*, user: User, code: str) -> None:
    """Use up a code of the app or a recovery code.

    Each works once. Wrong ones are counted even though this raises, so it must not run inside
    the caller's transaction.

    :raises NotSignedInError: ``otp_invalid``: it is wrong, or there is no second factor.
    :raises RateLimitedError: ``locked_out``: too soon after wrong ones; nothing was checked.
    """
    with transaction.atomic():
        is_right = _try(user, _clean(code))
    if not is_right:
        raise _otp_invalid()


def _try(user: User, code: str) -> bool:
    device = _confirmed(user.pk).select_for_update().first()
    if device is None:
        return False
    if len(code) == _CODE_DIGITS and code.isascii() and code.isdigit():
        _require_allowed(device)
        return bool(device.verify_token(code))
    spare = StaticDevice.objects.select_for_update().filter(user=user, name=DEVICE).first()
    if spare is None:
        return False
    _require_allowed(spare)
    if not spare.verify_token(_digest(spare.pk, code)):
        return False
    record_audit(actor=user, action="user.recovery_code_used", target=f"user:{user.pk}")
    return True


def _make_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=DEVICE, confirmed=True)
    codes = [_new_code() for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_digest(device.pk, _clean(code))) for code in codes
    )
    return codes


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _digest(device_id: int, code: str) -> str:
    """Return 80 bits in the 16 places that django-otp has for a code."""
    raw = salted_hmac(_KEY_SALT, f"{device_id}:{code}", algorithm="sha256").digest()
    return base64.b32encode(raw).decode()[:_DIGEST_LENGTH]


def _clean(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _confirmed(user_id: int) -> QuerySet[TOTPDevice]:
    devices: QuerySet[TOTPDevice] = TOTPDevice.objects.filter(user=user_id, confirmed=True)
    return devices.order_by("pk")


def _require_allowed(device: ThrottlingMixin) -> None:
    is_allowed, why = device.verify_is_allowed()
    if not is_allowed:
        left = (why["locked_until"] - timezone.now()).total_seconds()
        raise RateLimitedError(
            _("Too many wrong codes. Please wait a little."),
            retry_after=max(1, int(left) + 1),
            code="locked_out",
        )


def _tell(user: User, *, actor: User, action: str) -> None:
    record_audit(actor=actor, action=action, target=f"user:{user.pk}")
    is_on = action == "user.otp_on"
    transaction.on_commit(
        lambda: second_factor_changed.send_robust(sender=User, user_id=user.pk, is_on=is_on)
    )


def _otp_invalid() -> NotSignedInError:
    return NotSignedInError(_("This code is wrong or was used already."), code="otp_invalid")
