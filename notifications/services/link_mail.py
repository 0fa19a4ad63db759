"""Mails with a one-time link, and the notice to an address that was left.

They go to one address and never to Telegram: the link proves that somebody reads that mailbox.
The delivery holds the link's id alone; its token is made when the mail leaves.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import LinkToken
from accounts.services.email_links import Purpose, token_of
from integrations.models import Delivery
from integrations.services.calls import Call, Drop, Outcome, Prepared
from integrations.services.outbox import deliver
from notifications.services.email_channel import MAIL_SENDER
from notifications.services.kinds import Text
from notifications.services.rendering import language_of

LINK_MAIL = "accounts.link_mail"
EMAIL_LEFT = "accounts.email_left"


@dataclass(frozen=True, slots=True)
class Letter:
    """:param path: the page that the link opens. :param text: with ``%(url)s`` in it."""

    path: str
    subject: Text
    text: Text


LETTERS = {
    Purpose.VERIFY_EMAIL.value: Letter(
        "/email/confirm",
        _("Confirm your e-mail address"),
        _(
            "Open this page to confirm that this address is yours:\n\n%(url)s\n\n"
            "The link works for three days. If you did not register, ignore this mail."
        ),
    ),
    Purpose.CHANGE_EMAIL.value: Letter(
        "/email/confirm",
        _("Confirm your new e-mail address"),
        _(
            "Open this page to sign in with this address from now on:\n\n%(url)s\n\n"
            "The link works for one day. If you did not ask for it, ignore this mail."
        ),
    ),
    Purpose.RESET_PASSWORD.value: Letter(
        "/password/reset/confirm",
        _("Set a new password"),
        _(
            "Open this page to set a new password:\n\n%(url)s\n\n"
            "The link works for one hour. If you did not ask for it, ignore this mail:"
            " your password stays as it is."
        ),
    ),
}
_LEFT_SUBJECT = _("Your e-mail address was changed")
_LEFT_TEXT = _(
    "Your account now has another e-mail address. If it was not you, write to the people who run"
    " this site at once."
)


def mail_link(link_id: int) -> None:
    """Have a link's mail sent. One that nobody asked for in vain is written too, and dropped."""
    link = LinkToken.objects.get(pk=link_id)
    deliver(
        kind=LINK_MAIL,
        sender=MAIL_SENDER,
        lane=f"link:{link.pk}",
        budget_key=MAIL_SENDER,
        payload={"link_id": link.pk},
        idempotency_key=f"{LINK_MAIL}:{link.pk}",
        expires_at=link.expires_at,
    )


def mail_to_left_address(link_id: int) -> None:
    """Have the address told that a link has replaced; there may have been none."""
    link = LinkToken.objects.get(pk=link_id)
    if link.data["old"]:
        deliver(
            kind=EMAIL_LEFT,
            sender=MAIL_SENDER,
            lane=f"link:{link.pk}",
            budget_key=MAIL_SENDER,
            payload={"link_id": link.pk},
            idempotency_key=f"{EMAIL_LEFT}:{link.pk}",
        )


def prepare_link(delivery: Delivery) -> Prepared:
    """Make the letter with its link, unless that would open nothing any more."""
    open_links = LinkToken.objects.filter(
        pk=delivery.payload["link_id"], used_at__isnull=True, expires_at__gt=Now()
    )
    link = open_links.select_related("user").first()
    letter = LETTERS.get(link.purpose) if link else None
    if link is None or link.user is None or letter is None:
        return Drop("the link opens nothing")
    url = f"{settings.SITE_URL}{letter.path}?{urlencode({'token': token_of(link)})}"
    with translation.override(language_of(link.user)):
        subject, text = str(letter.subject), str(letter.text) % {"url": url}
    return Call("mail", {"to": link.data["email"], "subject": subject, "text": text})


def prepare_left(delivery: Delivery) -> Prepared:
    """Make the letter to the address that was left."""
    rows = LinkToken.objects.select_related("user")
    link = rows.filter(pk=delivery.payload["link_id"]).first()
    if link is None or link.user is None:
        return Drop("the person is gone")
    with translation.override(language_of(link.user)):
        subject, text = str(_LEFT_SUBJECT), str(_LEFT_TEXT)
    return Call("mail", {"to": link.data["old"], "subject": subject, "text": text})


def settle(delivery: Delivery, outcome: Outcome) -> None:
    """Nothing is learnt: who got no mail asks for another."""
