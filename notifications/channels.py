"""The ways to a person: each channel says who is reached over it and how a notice becomes a call.

To add one, give the outbox a way out (``integrations.services.outbox.register_channel``), then
call ``notifications.services.sending.register_channel(NoticeChannel(...))`` from the app's
``handlers.register``. The planner, preferences, fallback, journal and pages take it from there:

- ``ChannelAddress`` rows under its name are made of what ``find_addresses`` answers, and forget
  what was learnt as soon as that answer changes. Who starts writing to us again is revived by
  ``addresses.set_state(user, name, State.ACTIVE)``.
- Its deliveries have the kind ``notifications.<name>``, and ``notifications.<name>_once`` where a
  notice must never come twice; one lane for each person, so they come in order.
- A call that ends for good with a code of ``states`` stops all later ones to that person.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise

from accounts.models import User
from config.lib.registry import Registry
from integrations.services.calls import Call
from notifications.models import ChannelAddress


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in the recipient's language, ready to leave.

    :param address: what ``find_addresses`` said of the person.
    :param html: ``<b>``, ``<i>``, ``<a href>`` and escaped text. :param plain: without markup.
    :param url: the page that a button opens, in full; empty where there is none.
    :param button: what stands on that button.
    :param refused: the code that the last try was refused with, if it is of ``simpler_after``.
    """

    address: str
    subject: str
    html: str
    plain: str
    url: str = ""
    button: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class NoticeChannel:
    """One way to a person.

    :param name: of letters, digits and ``_``, at most 16; part of wishes, kinds and lanes.
    :param label: what people call it. :param icon: a name of ``templates/icons``' set.
    :param rank: its place where a person has chosen no order; Telegram is 10, e-mail 20.
    :param find_addresses: of these people, by user id, those who have an address and which; a
        handful of queries at most, however many people there are.
    :param find_sender: the outbox sender that speaks for the site now; ``None``: there is none,
        and nobody is reached.
    :param to_call: what the outbox's channel is to do. Runs just before it is done.
    :param budget_of: whose allowance a call spends, from sender and address.
    :param shown: an address as its owner reads it.
    :param add_url: the name of the page where a person gives an address.
    :param states: what a refusal for good says of an address, by the outcome's code.
    :param strikes: codes of refusals that may pass; three a day apart are a block.
    :param simpler_after: codes after which ``to_call`` is asked once more, with ``refused``.
    """

    name: str
    label: str | Promise
    icon: str
    rank: int
    find_addresses: Callable[[Collection[User]], Mapping[int, str]]
    find_sender: Callable[[], str | None]
    to_call: Callable[[Message], Call]
    budget_of: Callable[[str, str], str]
    shown: Callable[[User, str], str]
    add_url: str
    states: Mapping[str, ChannelAddress.State] = field(default_factory=dict)
    strikes: frozenset[str] = frozenset()
    simpler_after: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """The outbox kind of its deliveries."""
        return f"notifications.{self.name}"

    @property
    def once_kind(self) -> str:
        """The outbox kind of those that must never come twice."""
        return f"notifications.{self.name}_once"


channels: Registry[NoticeChannel] = Registry("notice channel")


def ranked() -> list[NoticeChannel]:
    """Return every channel in the order that holds where a person has chosen none."""
    return sorted(channels.values(), key=lambda channel: (channel.rank, channel.name))


def address_of(user: User, channel: str) -> str:
    """Return where a person is reached over a channel, empty if nowhere.

    :raises LookupError: there is no such channel.
    """
    return channels.get(channel).find_addresses([user]).get(user.pk, "")
