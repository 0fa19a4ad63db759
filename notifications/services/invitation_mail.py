"""Letters with an invitation's link, to people who may not be known here."""

from uuid import UUID

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Invitation
from accounts.selectors.invitations import open_invitations
from accounts.services.invitations import invitation_url
from config.lib.errors import NotFoundError
from integrations.models import Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Prepared
from integrations.services.outbox import deliver
from notifications.services.email_channel import MAIL_SENDER

INVITATION = "notifications.invitation"


def mail_invitation(invitation_id: UUID) -> None:
    """Send the link of an invitation to its address, once."""
    invitation = open_invitations().filter(pk=invitation_id).exclude(email="").first()
    if invitation is None:
        return
    deliver(
        kind=INVITATION,
        sender=MAIL_SENDER,
        lane=f"invitation:{invitation.pk}",
        budget_key=MAIL_SENDER,
        payload={"invitation_id": str(invitation.pk)},
        idempotency_key=f"{INVITATION}:{invitation.pk}",
        expires_at=invitation.expires_at,
    )


def prepare_invitation(delivery: Delivery) -> Prepared:
    """Write the letter in the language of who invites; the link is made here and kept nowhere."""
    rows = open_invitations().select_related("organization", "invited_by")
    invitation = rows.filter(pk=delivery.payload["invitation_id"]).first()
    if invitation is None:
        return Drop("the invitation is not open any more")
    try:
        url = invitation_url(invitation)
    except NotFoundError:
        return Drop("the invitation was made with another key")
    with translation.override(_language(invitation)):
        return Call("mail", {"to": invitation.email, **_letter(invitation, url)})


def settle_invitation(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Nothing hangs on it: the link can be copied from the organization's page as well."""
    return None


def _language(invitation: Invitation) -> str:
    host = invitation.invited_by
    return (host.lang_code if host else "") or settings.LANGUAGE_CODE


def _letter(invitation: Invitation, url: str) -> dict[str, str]:
    facts = {
        "host": invitation.invited_by.display_name if invitation.invited_by else "",
        "organization": invitation.organization.name,
        "role": invitation.get_role_display(),
        "until": timezone.localtime(invitation.expires_at).strftime("%d.%m.%Y %H:%M UTC"),
        "url": url,
    }
    subject = _("%(host)s invites you to %(organization)s") % facts
    text = _(
        "%(host)s invites you to work in “%(organization)s” as %(role)s.\n\n"
        "Accept here, until %(until)s:\n%(url)s\n\n"
        "If you do not know them, do nothing."
    )
    return {"subject": " ".join(subject.split()), "text": text % facts}
