"""Notices on the wire: how each channel's deliveries are prepared and settled."""

from collections.abc import Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.models import Delivery
from integrations.services.calls import Again, Bulk, Call, Drop, Outcome, Prepared, Status
from integrations.services.outbox import register_kind
from notifications.channels import Message, NoticeChannel, channels
from notifications.models import ChannelAddress, Notification
from notifications.services import addresses
from notifications.services.digests import DIGEST, items_of
from notifications.services.fallback import fall_back
from notifications.services.kinds import NOTICE_POLICY, ONCE_POLICY, kinds
from notifications.services.rendering import language_of, render

State = ChannelAddress.State

STRIKE_PAUSE_SECONDS = 3600.0
# What the pump calls a delivery that came too late.
EXPIRED = "expired"


def register_channel(channel: NoticeChannel) -> None:
    """Add a way to people; see ``notifications.channels``. Called in ``AppConfig.ready()`` only."""
    channels.register(channel.name, channel)
    many = Bulk(prepare=prepare_many, settle_sent=settle_sent)
    register_kind(channel.kind, prepare, settle, NOTICE_POLICY, many)
    # One by one: what is marked as about to leave together is unclear together after a crash.
    register_kind(channel.once_kind, prepare, settle, ONCE_POLICY)


def prepare(delivery: Delivery) -> Prepared:
    """Make the call from the latest words, to where the person is reached now."""
    notification = _load([delivery]).get(delivery.payload["notification_id"])
    channel = channel_of(delivery)
    address = None
    if notification is not None:
        address = addresses.get_address(notification.recipient, channel.name)
    is_active = address is not None and address.state == State.ACTIVE
    return _prepare(delivery, notification, address if is_active else None)


def prepare_many(deliveries: Sequence[Delivery]) -> list[Call | Drop | Exception]:
    """Do as ``prepare`` does for many; what fails in one of them is its own affair."""
    notices = _load(deliveries)
    people = {notice.recipient_id: notice.recipient for notice in notices.values()}
    active = addresses.find_active(list(people.values()))
    made: list[Call | Drop | Exception] = []
    for delivery in deliveries:
        notice = notices.get(delivery.payload["notification_id"])
        key = (notice.recipient_id, channel_of(delivery).name) if notice is not None else (0, "")
        try:
            made.append(_prepare(delivery, notice, active.get(key)))
        except Exception as error:  # noqa: BLE001  the pump says what is wrong with it
            made.append(error)
    return made


def _prepare(
    delivery: Delivery, notification: Notification | None, address: ChannelAddress | None
) -> Call | Drop:
    """:param address: where the person is reached, ``None``: not here."""
    if notification is None:
        return Drop("the notice is gone")
    if notification.kind == DIGEST and not items_of(notification):
        return Drop("all of it was read on the site")
    if address is None:
        fall_back(delivery, notification)
        return Drop("the person cannot be reached here")
    channel = channel_of(delivery)
    return channel.to_call(_message(notification, address, channel, delivery))


def settle_sent(deliveries: Sequence[Delivery]) -> None:
    """Note that these people are reached."""
    notices = Notification.objects.filter(
        pk__in=[delivery.payload["notification_id"] for delivery in deliveries]
    )
    names = {channel_of(delivery).name for delivery in deliveries}
    addresses.revive(notices.values("recipient"), names)


def settle(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Learn from the outcome whether the person can still be reached; else try the next way."""
    channel = channel_of(delivery)
    notification = _load([delivery]).get(delivery.payload["notification_id"])
    if notification is None:
        return None
    if outcome.status is Status.SENT:
        addresses.set_state(notification.recipient, channel.name, State.ACTIVE)
    elif outcome.status is Status.PERMANENT and outcome.code != EXPIRED:
        return _refused(delivery, outcome, notification, channel)
    return None


def _refused(
    delivery: Delivery, outcome: Outcome, notification: Notification, channel: NoticeChannel
) -> Again | None:
    person = notification.recipient
    if outcome.code in channel.simpler_after and delivery.last_error_code != outcome.code:
        return Again()
    is_over = True
    if outcome.code in channel.states:
        addresses.set_state(person, channel.name, channel.states[outcome.code])
    elif outcome.code in channel.strikes:
        is_over = addresses.strike(person, channel.name)
    if fall_back(delivery, notification) or is_over:
        return None
    return Again(STRIKE_PAUSE_SECONDS)


def channel_of(delivery: Delivery) -> NoticeChannel:
    """Return the channel of a notice's delivery."""
    name = delivery.kind.partition(".")[2]
    return channels.find(name) or channels.get(name.removesuffix("_once"))


def _message(
    notification: Notification,
    address: ChannelAddress,
    channel: NoticeChannel,
    delivery: Delivery,
) -> Message:
    rendered = render(notification, channel.name)
    code = delivery.last_error_code
    with translation.override(language_of(notification.recipient)):
        actions = actions_of(notification)
        # Beside a button such as "Open the config" it shall say what else is opened.
        button = _("Open the page") if actions else _("Open")
    return Message(
        address=address.address,
        subject=rendered.subject,
        html=rendered.html,
        plain=rendered.plain,
        url=page_of(notification),
        button=button,
        key=key_of(delivery),
        refused=code if code in channel.simpler_after else "",
        actions=actions,
    )


def actions_of(notification: Notification) -> Sequence[tuple[str, str]]:
    """Return what can be done about a notice at once, in the active language."""
    kind = kinds.find(notification.kind)
    return kind.buttons(notification.context) if kind and kind.buttons else ()


def key_of(delivery: Delivery) -> str:
    """Return a name that no other delivery has had, also before a database was made anew."""
    return f"{delivery.pk}-{delivery.created_at.timestamp():.6f}"


def page_of(notification: Notification) -> str:
    """Return the page that a notice's button opens, empty where there is none."""
    kind = kinds.find(notification.kind)
    path = notification.context.get("path") or (kind.path if kind else "")
    is_ours = isinstance(path, str) and path.startswith("/") and not path.startswith("//")
    return f"{settings.SITE_URL}{path}" if is_ours else ""


def _load(deliveries: Sequence[Delivery]) -> dict[int, Notification]:
    wanted = [delivery.payload["notification_id"] for delivery in deliveries]
    return Notification.objects.select_related("recipient").in_bulk(wanted)
