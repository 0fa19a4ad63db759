"""What people are told about their accounts, and what goes when an account does."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Session, User
from accounts.signals import (
    account_deleted,
    email_changed,
    link_issued,
    password_changed,
    refresh_token_reused,
    second_factor_changed,
)
from integrations.services.outbox import register_kind
from notifications.models import ChannelAddress, ChannelCode, Notification
from notifications.services import link_mail, notify, register_notification
from notifications.services.kinds import NOTICE_POLICY

PASSWORD_CHANGED = "accounts.password_changed"  # noqa: S105 - a kind's name
SECOND_FACTOR_ON = "accounts.second_factor_on"
SECOND_FACTOR_OFF = "accounts.second_factor_off"
TOKEN_REUSED = "accounts.token_reused"  # noqa: S105 - a kind's name
SECURITY_PAGE = "/account/security"
# Whoever has read nothing for a week learns it on the site.
LIFE = timedelta(days=7)


def register() -> None:
    """Fill the registries and listen to accounts. Called once, by ``handlers.register``."""
    register_kind(link_mail.LINK_MAIL, link_mail.prepare_link, link_mail.settle, NOTICE_POLICY)
    register_kind(link_mail.EMAIL_LEFT, link_mail.prepare_left, link_mail.settle, NOTICE_POLICY)
    _register_notifications()
    link_issued.connect(on_link_issued)
    email_changed.connect(on_email_changed)
    password_changed.connect(on_password_changed)
    second_factor_changed.connect(on_second_factor_changed)
    refresh_token_reused.connect(on_refresh_token_reused)
    account_deleted.connect(on_account_deleted)


def on_link_issued(sender: object, link_id: int, **_kwargs: Any) -> None:
    """Mail a one-time link."""
    link_mail.mail_link(link_id)


def on_email_changed(sender: object, link_id: int, **_kwargs: Any) -> None:
    """Tell the mailbox that was left."""
    link_mail.mail_to_left_address(link_id)


def on_password_changed(sender: object, user_id: int, **_kwargs: Any) -> None:
    """Tell a person that their password is another one."""
    _tell(user_id, PASSWORD_CHANGED)


def on_second_factor_changed(sender: object, user_id: int, is_on: bool, **_kwargs: Any) -> None:
    """Tell a person that signing in asks for more, or for less."""
    _tell(user_id, SECOND_FACTOR_ON if is_on else SECOND_FACTOR_OFF)


def on_refresh_token_reused(sender: object, user_id: int, session_id: UUID, **_kwargs: Any) -> None:
    """Tell a person that somebody else holds a copy of what kept them signed in."""
    session = Session.objects.select_related("user").filter(pk=session_id, user=user_id).first()
    if session is None or not session.user.is_active:
        return
    notify(
        kind=TOKEN_REUSED,
        recipient=session.user,
        context={"device": session.device, "ip": session.ip or ""},
        dedup_key=f"{TOKEN_REUSED}:{session_id}",
    )


def on_account_deleted(sender: object, user_id: int, **_kwargs: Any) -> None:
    """Forget where a person was reached and what they were told."""
    ChannelAddress.objects.filter(user=user_id).delete()
    ChannelCode.objects.filter(user=user_id).delete()
    Notification.objects.filter(recipient=user_id).delete()


def _tell(user_id: int, kind: str) -> None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return
    stamp = timezone.now().isoformat()
    notify(kind=kind, recipient=user, context={}, dedup_key=f"{kind}:{user_id}:{stamp}")


def _register_notifications() -> None:
    register_notification(
        PASSWORD_CHANGED,
        subject=_("Your password was changed"),
        text=_(
            "The password of your account was changed, and other devices were signed out."
            " If it was not you, set a new password by e-mail at once."
        ),
        mandatory=True,
        path=SECURITY_PAGE,
        validity=LIFE,
    )
    register_notification(
        SECOND_FACTOR_ON,
        subject=_("Signing in now asks for a code"),
        text=_("A second factor was turned on for your account."),
        mandatory=True,
        path=SECURITY_PAGE,
        validity=LIFE,
    )
    register_notification(
        SECOND_FACTOR_OFF,
        subject=_("Signing in no longer asks for a code"),
        text=_(
            "The second factor of your account was turned off. If it was not you, change your"
            " password at once."
        ),
        mandatory=True,
        path=SECURITY_PAGE,
        validity=LIFE,
    )
    register_notification(
        TOKEN_REUSED,
        subject=_("A sign-in of yours was copied, and has been ended"),
        text=_(
            "A key that had been used already came once more, so somebody may hold a copy of it:"
            " the session on %(device)s, address %(ip)s, was ended. Sign in there anew. If you"
            " signed in nowhere else, change your password and end the other sessions."
        ),
        mandatory=True,
        path=SECURITY_PAGE,
        validity=LIFE,
        sample={"device": "Firefox", "ip": "192.0.2.7"},
    )
