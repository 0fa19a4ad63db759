"""The channel "email": letters of the site."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from integrations.services.calls import Call
from notifications.channels import Message, NoticeChannel
from notifications.models import ChannelAddress

MAIL_SENDER = "mail:site"
State = ChannelAddress.State


def find_addresses(people: Collection[User]) -> Mapping[int, str]:
    """Return the mailboxes of those who have one."""
    return {person.pk: person.email for person in people if person.email}


def to_call(message: Message) -> Call:
    """Send subject and plain text, with the page's address below."""
    words = [message.plain, f"{message.button}: {message.url}" if message.url else ""]
    text = "\n\n".join(filter(None, words))
    return Call("mail", {"to": message.address, "subject": message.subject, "text": text})


EMAIL = NoticeChannel(
    name="email",
    label=_("e-mail"),
    icon="mail",
    rank=20,
    find_addresses=find_addresses,
    find_sender=lambda: MAIL_SENDER,
    to_call=to_call,
    budget_of=lambda sender, address: sender,
    shown=lambda user, address: address,
    add_url="accounts:email",
    # SMTP: no such mailbox, not local, no such name.
    states=dict.fromkeys(("smtp_550", "smtp_551", "smtp_553"), State.BROKEN),
)
