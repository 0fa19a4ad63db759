"""An organization with one of everything that belongs to it, each with a name to be found by."""

import uuid
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import ApiToken, Invitation, Job, Membership, Organization, Session, User
from accounts.services.invitations import invitation_token, invite
from dialogs.models import Contact, Dialog, Message
from integrations.models import AvitoAccount, Bot, IntegrationLog, StoredFile
from notifications.models import Notification
from vpnconfigs.models import (
    Config,
    Device,
    Inbound,
    MassAction,
    News,
    Panel,
    PromoCode,
    Request,
    SubscriptionLink,
    Tariff,
)

# Each stands in some text of the owner's; a stranger must never read one.
MARKERS = (
    "marker-bot",
    "marker-avito",
    "marker-contact",
    "marker-item",
    "marker-words",
    "marker-log",
    "marker-config",
    "marker-device",
    "marker-inbound",
    "marker-news",
    "marker-notice",
    "marker-panel",
    "marker-promo",
    "marker-request",
    "marker-tariff",
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
        **build_shop(owner),
    }
    ids = tuple(str(x.pk) for x in (bot, account, contact, dialog, session, organization))
    return World(organization=organization, owned=owned, ids=ids)


def build_shop(owner: User) -> dict[str, object]:
    """One of everything of the VPN shop: the owner's own, and what only staff may see."""
    panel = Panel.objects.create(
        name="marker-panel", url="http://127.0.0.1:1/marker-panel", sealed_credentials="x"
    )
    inbound = Inbound.objects.create(
        panel=panel,
        external_id=1,
        protocol="vless",
        network="tcp",
        security="none",
        port=443,
        remark="marker-inbound",
        mirrored_at=timezone.now(),
    )
    tariff = Tariff.objects.create(
        code="marker-tariff", name_ru="marker-tariff", name_en="marker-tariff", is_visible=False
    )
    link = SubscriptionLink.objects.create(user=owner, token="marker-token-of-a-subscription")
    config = Config.objects.create(
        user=owner,
        subscription=link,
        name="marker-config",
        protocol="vless",
        tariff=tariff,
        inbound=inbound,
        email="marker-config",
        secret=str(uuid.uuid4()),
        sub_id="marker-config",
        state="active",
        synced_revision=1,
    )
    device = Device.objects.create(
        subscription=link, hwid="marker-device", model="marker-device", last_seen_at=timezone.now()
    )
    request = Request.objects.create(
        user=owner, kind="support", config=config, last_message_at=timezone.now()
    )
    request.messages.create(author=owner, text="marker-request")
    news = News.objects.create(title_ru="marker-news", text_ru="marker-news", author=owner)
    promo = PromoCode.objects.create(code="MARKER-PROMO", effect="days", value=1)
    job = Job.objects.create(kind="vpnconfigs.mass_action", owner=owner, correlation_id="c")
    MassAction.objects.create(job=job, action="extend", days=1)
    notification = Notification.objects.create(
        kind="accounts.signed_in",
        recipient=owner,
        context={"device": "marker-notice", "ip": ""},
        dedup_key="marker-notice",
        correlation_id="c",
    )
    return {
        "panel_id": panel.pk,
        "inbound_id": inbound.pk,
        "tariff_id": tariff.pk,
        "config_id": config.pk,
        "device_id": device.pk,
        "request_id": request.pk,
        "news_id": news.pk,
        "promo_id": promo.pk,
        "job_id": job.pk,
        "notification_id": notification.pk,
        # As with the token above: who holds a good one is no stranger.
        "subscription_token": "none-has-this-token",
        "gift_code": "none-has-this-code",
        "referral_code": "none-has-this",
    }
