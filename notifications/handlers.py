"""What this app registers below, and what it hears from below."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from accounts.signals import invitation_made, signed_in, telegram_seen
from config.lib.live import register_room
from config.lib.queue import enqueue_on_commit
from integrations.models import AvitoAccount, Bot, InboundEvent
from integrations.services import bot_commands
from integrations.services.inbox import register_handler
from integrations.services.outbox import register_kind
from integrations.signals import (
    avito_account_limited,
    avito_account_refused,
    bot_token_refused,
)
from notifications import account_notices
from notifications.models import ChannelAddress
from notifications.selectors.people import owners_of
from notifications.services import (
    account_links,
    bell,
    bot_menu,
    bot_replies,
    bot_screens,
    bot_settings,
    digests,
    invitation_mail,
    notify,
    register_notification,
    yandex_talk,
)
from notifications.services.addresses import set_state
from notifications.services.email_channel import EMAIL
from notifications.services.kinds import NOTICE_POLICY
from notifications.services.platform_bot import take_command, take_press, take_words
from notifications.services.sending import register_channel
from notifications.services.sign_in_notices import SIGNED_IN, TELL
from notifications.services.start_payloads import register_start_payload
from notifications.services.telegram_channel import TELEGRAM
from notifications.services.telegram_contacts import note_membership, note_start
from notifications.services.yandex_channel import YANDEX

BOT_TOKEN_REFUSED = "integrations.bot_token_refused"  # noqa: S105 - a kind's name
AVITO_ACCOUNT_REFUSED = "integrations.avito_account_refused"
AVITO_NO_SUBSCRIPTION = "integrations.avito_no_subscription"
AVITO_LIMITED = "integrations.avito_limited"
ACCOUNTS_PAGE = "/client/integrations"
# Whoever has read nothing for a week learns it on the site.
LIFE = timedelta(days=7)
_ACCOUNT = {"account": "Велосипеды"}
_AVITO_KINDS = {AvitoAccount.Status.NO_SUBSCRIPTION.value: AVITO_NO_SUBSCRIPTION}


def register() -> None:
    """Fill the registries and listen to the floors below. Called once, when the apps are ready."""
    digests.register()
    register_channel(TELEGRAM)
    register_channel(EMAIL)
    register_channel(YANDEX)
    _register_bot()
    register_kind(
        invitation_mail.INVITATION,
        invitation_mail.prepare_invitation,
        invitation_mail.settle_invitation,
        NOTICE_POLICY,
    )
    register_handler("telegram", "message", on_message)
    register_handler("telegram", "channel_post", on_channel_post)
    register_handler("telegram", "callback_query", on_callback_query)
    register_handler("telegram", "my_chat_member", on_my_chat_member)
    register_kind(
        yandex_talk.REPLY, yandex_talk.prepare_reply, yandex_talk.settle_reply, yandex_talk.POLICY
    )
    register_handler("yandex", "message", yandex_talk.on_message)
    register_room("user", bell.may_hear)
    register_start_payload(account_links.PREFIX, account_links.link_account)
    _register_notifications()
    _register_avito_notifications()
    account_notices.register()
    bot_token_refused.connect(on_bot_token_refused)
    avito_account_refused.connect(on_avito_account_refused)
    avito_account_limited.connect(on_avito_account_limited)
    signed_in.connect(on_signed_in)
    invitation_made.connect(on_invitation_made)
    telegram_seen.connect(on_telegram_seen)


def _register_bot() -> None:
    """What the platform's bot offers of its own; the apps above add theirs."""
    register_kind(
        bot_replies.REPLY, bot_replies.prepare_reply, bot_replies.settle_reply, bot_replies.POLICY
    )
    register_kind(
        bot_screens.SCREEN,
        bot_screens.prepare_screen,
        bot_screens.settle_screen,
        bot_replies.POLICY,
    )
    register_kind(
        bot_screens.ANSWER_PRESS,
        bot_screens.prepare_press,
        bot_screens.settle_press,
        bot_replies.POLICY,
    )
    bot_commands.register_command("start", _("menu, app and sign-in"), rank=10)
    bot_commands.register_command("help", _("what I can do"), rank=90)
    bot_menu.register_screen(bot_menu.WORDS, bot_screens.show_words)
    bot_menu.register_screen(bot_menu.MENU, bot_screens.show_menu)
    bot_menu.register_press(bot_menu.MENU, lambda turn: bot_menu.Show(bot_menu.MENU))
    bot_settings.register()


def on_message(event: InboundEvent) -> bool:
    """Note who writes to the platform's bot; claim commands and what is said to it in private."""
    message = event.payload["message"]
    note_start(bot_id=event.account_id, message=message)
    return take_command(event, message) or take_words(event, message)


def on_channel_post(event: InboundEvent) -> bool:
    """Claim ``/getid`` in a channel."""
    return take_command(event, event.payload["channel_post"])


def on_callback_query(event: InboundEvent) -> bool:
    """Claim the buttons under messages of the platform's bot."""
    return take_press(event, event.payload["callback_query"])


def on_my_chat_member(event: InboundEvent) -> bool:
    """Note who blocked the platform's bot or let it in again, and leave the update to others."""
    note_membership(bot_id=event.account_id, update=event.payload["my_chat_member"])
    return False


def on_bot_token_refused(
    sender: object, organization: Organization, account: Bot, **_kwargs: Any
) -> None:
    """Tell the owners that a bot was switched off."""
    stamp = timezone.now().isoformat()
    for owner in owners_of(organization.pk):
        notify(
            kind=BOT_TOKEN_REFUSED,
            recipient=owner,
            context={"bot": account.username, "path": f"/client/bots/{account.pk}"},
            dedup_key=f"{BOT_TOKEN_REFUSED}:{account.pk}:{stamp}:{owner.pk}",
        )


def on_avito_account_refused(
    sender: object, organization: Organization, account: AvitoAccount, **_kwargs: Any
) -> None:
    """Tell the owners that an account can no longer be answered from."""
    stamp = timezone.now().isoformat()
    kind = _AVITO_KINDS.get(account.status, AVITO_ACCOUNT_REFUSED)
    for owner in owners_of(organization.pk):
        notify(
            kind=kind,
            recipient=owner,
            context={"account": account.name},
            dedup_key=f"{kind}:{account.pk}:{stamp}:{owner.pk}",
        )


def on_avito_account_limited(
    sender: object, organization: Organization, account: AvitoAccount, **_kwargs: Any
) -> None:
    """Tell the owners that answers go out with delay."""
    since = account.limited_at.isoformat() if account.limited_at else ""
    for owner in owners_of(organization.pk):
        notify(
            kind=AVITO_LIMITED,
            recipient=owner,
            context={"account": account.name},
            dedup_key=f"{AVITO_LIMITED}:{account.pk}:{since}:{owner.pk}",
        )


def on_signed_in(sender: object, user_id: int, session_id: UUID, **_kwargs: Any) -> None:
    """Have a person told of a new device, outside of the request that signs them in."""
    enqueue_on_commit(TELL, user_id=user_id, session_id=str(session_id))


def on_telegram_seen(sender: object, user_id: int, may_write: bool | None, **_kwargs: Any) -> None:
    """Keep what Telegram said about whether its bot may write to a person."""
    user = User.objects.filter(pk=user_id).first()
    if user is None or may_write is None:
        return
    state = ChannelAddress.State.ACTIVE if may_write else ChannelAddress.State.NEVER_STARTED
    set_state(user, ChannelAddress.Channel.TELEGRAM, state)


def on_invitation_made(sender: object, invitation_id: UUID, **_kwargs: Any) -> None:
    """Mail the link of an invitation to its address."""
    invitation_mail.mail_invitation(invitation_id)


def _register_notifications() -> None:
    register_notification(
        BOT_TOKEN_REFUSED,
        subject=_("The bot @%(bot)s was switched off"),
        label=_("A bot was switched off"),
        text=_(
            "Telegram no longer accepts the token of the bot <b>@%(bot)s</b>, so it was switched"
            " off. Enter a new token on the bot's page; what waits goes out then."
        ),
        mandatory=True,
        validity=LIFE,
        sample={"bot": "velo_bot"},
    )
    register_notification(
        SIGNED_IN,
        subject=_("A new sign-in to your account"),
        text=_(
            "Somebody signed in to your account from a new device: %(device)s, address %(ip)s."
            " If it was not you, change your password and end that session."
        ),
        mandatory=True,
        path="/account/sessions",
        sample={"device": "Firefox", "ip": "192.0.2.7"},
    )


def _register_avito_notifications() -> None:
    register_notification(
        AVITO_ACCOUNT_REFUSED,
        subject=_("Avito does not let us into the account %(account)s"),
        label=_("Avito does not let us into an account"),
        text=_(
            "Avito no longer accepts the client id and secret of the account"
            " <b>%(account)s</b>. Enter new ones on the account's page; answers wait until then."
        ),
        mandatory=True,
        path=ACCOUNTS_PAGE,
        validity=LIFE,
        sample=_ACCOUNT,
    )
    register_notification(
        AVITO_NO_SUBSCRIPTION,
        subject=_("The account %(account)s has no Avito subscription"),
        label=_("An account has no Avito subscription"),
        text=_(
            "Avito asks for a paid subscription before the account <b>%(account)s</b> may use"
            " messages from outside. Answers wait until it is there: pay for it on Avito, we look"
            " once an hour and go on by ourselves."
        ),
        mandatory=True,
        path=ACCOUNTS_PAGE,
        validity=LIFE,
        sample=_ACCOUNT,
    )
    register_notification(
        AVITO_LIMITED,
        subject=_("Avito asks the account %(account)s to go slower"),
        label=_("Avito asks an account to go slower"),
        text=_(
            "For more than ten minutes Avito has been refusing calls of the account"
            " <b>%(account)s</b> for their pace. Nothing is lost; messages come and answers go with"
            " delay. If other programs use the same keys, give each its own."
        ),
        path=ACCOUNTS_PAGE,
        # By the next day they are either through or told of anew.
        validity=timedelta(days=1),
        hourly_limit=3,
        sample=_ACCOUNT,
    )
