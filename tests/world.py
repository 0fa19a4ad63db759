"""An organization with one of everything that belongs to it, each with a name to be found by."""

import uuid
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import ApiToken, Invitation, Membership, Organization, Session, User
from accounts.services.invitations import invitation_token, invite
from dialogs.models import Contact, Dialog, Message
from integrations.models import AvitoAccount, Bot, IntegrationLog, StoredFile

# Each stands in some text of the owner's; a stranger must never read one.
MARKERS = (
    "marker-bot",
    "marker-avito",
    "marker-contact",
    "marker-item",
    "marker-words",
    "marker-log",
)


@dataclass
class World:
    """Parameter names of routes, and the owner's object that stands for each."""

    organization: Organization
    owned: dict[str, object]
    ids: tuple[str, ...]


def build_world(organization: Organization, owner: User) -> World:
    bot = Bot.objects.create(
        organization=organization,
        name="marker-bot",
        telegram_id=uuid.uuid4().int % 10**12,
        username="marker_bot",
        sealed_token="x",
        token_hint="1:…",
        group_chat_id=-100500,
    )
    account = AvitoAccount.objects.create(
        organization=organization,
        name="marker-avito",
        api_client_id="client",
        sealed_client_secret="x",
        avito_user_id=uuid.uuid4().int % 10**12,
        bot=bot,
    )
    contact = Contact.objects.create(
        organization=organization, source="avito", external_id="7", name="marker-contact"
    )
    dialog = Dialog.objects.create(
        organization=organization,
        avito_account=account,
        external_id="u2i-1",
        contact=contact,
        bot=bot,
        title="marker-item",
        item={"title": "marker-item"},
        last_message_at=timezone.now(),
        last_message_text="marker-words",
    )
    message = Message.objects.create(
        dialog=dialog,
        direction="avito",
        is_incoming=True,
        text="marker-words",
        correlation_id="c",
        written_at=timezone.now(),
    )
    picture = StoredFile(
        organization=organization, sha256="0" * 64, content_type="image/jpeg", size=4
    )
    picture.content.save("picture.jpg", ContentFile(b"jpeg"))
    attachment = message.attachments.create(kind="photo", state="stored", file=picture)
    dialog.item["file"] = str(picture.pk)
    dialog.save(update_fields=["item"])
    for source in ("avito", "telegram"):
        IntegrationLog.objects.create(
            organization=organization, source=source, event="marker-log", correlation_id="c"
        )
    session = Session.objects.filter(user=owner).first() or Session.objects.create(
        user=owner,
        method="password",
        created_at=timezone.now(),
        last_seen_at=timezone.now(),
        idle_expires_at=timezone.now() + timezone.timedelta(days=1),
        expires_at=timezone.now() + timezone.timedelta(days=1),
    )
    invitation = invite(actor=owner, organization_id=organization.pk, role="manager")
    spent = invite(actor=owner, organization_id=organization.pk, role="manager")
    Invitation.objects.filter(pk=spent.pk).update(revoked_at=timezone.now())
    token = ApiToken.objects.create(
        user=owner, name="marker-token", hint="d…", token_hash=b"t" * 32, created_at=timezone.now()
    )
    owned = {
        "bot_id": bot.pk,
        "account_id": account.pk,
        "dialog_id": dialog.pk,
        "message_id": message.pk,
        "attachment_id": attachment.pk,
        "contact_id": contact.pk,
        "session_id": session.pk,
        "organization_id": organization.pk,
        "client_id": organization.pk,
        "invitation_id": invitation.pk,
        "member_id": Membership.objects.get(organization=organization, user=owner).pk,
        "user_id": owner.pk,
        "token_id": token.pk,
        # Whoever holds a good link is no stranger to what it opens, so this one opens nothing.
        "token": invitation_token(spent),
    }
    ids = tuple(str(x.pk) for x in (bot, account, contact, dialog, session, organization))
    return World(organization=organization, owned=owned, ids=ids)
