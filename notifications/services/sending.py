"""Notifications on the wire: how each channel's deliveries are prepared and settled."""

from integrations.models import Delivery
from integrations.services.calls import Again, Call, Drop, Outcome, Prepared, Status
from notifications.models import ChannelAddress, Notification
from notifications.services import addresses
from notifications.services.rendering import render

Channel = ChannelAddress.Channel
State = ChannelAddress.State

BAD_MARKUP = "bad_markup"
STRIKE_PAUSE_SECONDS = 3600.0

# Bot API codes (integrations.telegram.errors) that say for good how somebody can be reached.
_TELEGRAM_STATES = {
    "bot_blocked": State.BLOCKED,
    "user_deactivated": State.BLOCKED,
    "never_started": State.NEVER_STARTED,
    "chat_not_found": State.BROKEN,
}
_STRIKE = "forbidden"
# SMTP: no such mailbox, not local, no such name.
_NO_MAILBOX = frozenset({"smtp_550", "smtp_551", "smtp_553"})


def prepare_telegram(delivery: Delivery) -> Prepared:
    """Send it as HTML; as plain text where Telegram could not read the markup."""
    notification = _load(delivery)
    address = _reachable(notification, Channel.TELEGRAM)
    if notification is None or address is None:
        return Drop("the person cannot be reached here")
    rendered = render(notification)
    chat_id = int(address.address)
    if delivery.last_error_code == BAD_MARKUP:
        return Call("sendMessage", {"chat_id": chat_id, "text": rendered.plain})
    return Call("sendMessage", {"chat_id": chat_id, "text": rendered.html, "parse_mode": "HTML"})


def settle_telegram(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Learn from the outcome whether the person can still be reached."""
    notification = _load(delivery)
    if notification is None:
        return None
    person = notification.recipient
    if outcome.status is Status.SENT:
        addresses.set_state(person, Channel.TELEGRAM, State.ACTIVE)
    elif outcome.code in _TELEGRAM_STATES:
        addresses.set_state(person, Channel.TELEGRAM, _TELEGRAM_STATES[outcome.code])
    elif outcome.code == _STRIKE:
        is_over = addresses.strike(person, Channel.TELEGRAM)
        return None if is_over else Again(STRIKE_PAUSE_SECONDS)
    elif outcome.code == BAD_MARKUP and delivery.last_error_code != BAD_MARKUP:
        return Again()
    return None


def prepare_email(delivery: Delivery) -> Prepared:
    """Send subject and plain text."""
    notification = _load(delivery)
    address = _reachable(notification, Channel.EMAIL)
    if notification is None or address is None:
        return Drop("the person cannot be reached here")
    rendered = render(notification)
    return Call(
        "mail", {"to": address.address, "subject": rendered.subject, "text": rendered.plain}
    )


def settle_email(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Learn from the outcome whether the mailbox exists."""
    notification = _load(delivery)
    if notification is not None and outcome.code in _NO_MAILBOX:
        addresses.set_state(notification.recipient, Channel.EMAIL, State.BROKEN)
    return None


def _load(delivery: Delivery) -> Notification | None:
    rows = Notification.objects.select_related("recipient")
    return rows.filter(pk=delivery.payload["notification_id"]).first()


def _reachable(notification: Notification | None, channel: Channel) -> ChannelAddress | None:
    if notification is None:
        return None
    address = addresses.get_address(notification.recipient, channel)
    return address if address and address.state == State.ACTIVE else None
