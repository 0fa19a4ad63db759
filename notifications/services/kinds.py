"""What there is to tell: every kind with its texts and its rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from django.utils.functional import Promise

from config.lib.registry import Registry
from integrations.services.calls import Ambiguity, Policy

Text = str | Promise

# A notice that came twice harms less than one that never came.
NOTICE_POLICY = Policy(on_ambiguous=Ambiguity.AT_LEAST_ONCE, max_attempts=8)
# Of a code that counts once, say: a person decides whether it goes out again.
ONCE_POLICY = Policy(on_ambiguous=Ambiguity.AT_MOST_ONCE, max_attempts=8)


class Frequency(Enum):
    """How often somebody is told of a kind."""

    INSTANT = "instant"
    # Once a day, together with whatever else waits for the digest.
    DIGEST = "digest"
    # On the site only.
    OFF = "off"


class InQuiet(Enum):
    """What becomes of a notice that would be worthless before the quiet hours end."""

    SEND = "send"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """See ``register_notification``."""

    subject: Text
    text: Text
    mandatory: bool
    label: Text
    channel_texts: Mapping[str, Text] = field(default_factory=dict)
    path: str = ""
    validity: timedelta | None = None
    on_ambiguous: Ambiguity = Ambiguity.AT_LEAST_ONCE
    in_quiet: InQuiet = InQuiet.DROP
    frequency: Frequency = Frequency.INSTANT
    hourly_limit: int | None = None
    sample: Mapping[str, object] = field(default_factory=dict)


kinds: Registry[NotificationKind] = Registry("notification kind")


def register_notification(
    kind: str,
    *,
    subject: Text,
    text: Text,
    mandatory: bool = False,
    label: Text = "",
    channel_texts: Mapping[str, Text] | None = None,
    path: str = "",
    validity: timedelta | None = None,
    on_ambiguous: Ambiguity = Ambiguity.AT_LEAST_ONCE,
    in_quiet: InQuiet = InQuiet.DROP,
    frequency: Frequency = Frequency.INSTANT,
    hourly_limit: int | None = None,
    sample: Mapping[str, object] | None = None,
) -> None:
    """Add a kind of notification. Called in ``AppConfig.ready()`` only.

    :param subject: lazily translated; ``%(name)s`` stands for ``context["name"]``.
    :param text: likewise; may hold ``<b>``, ``<i>`` and ``<a>``. What the context puts in is
        escaped, so it cannot be markup.
    :param mandatory: wishes, quiet hours, digest and throttle do not count.
    :param label: what the settings call it; left out, the subject, which then holds no
        ``%(name)s``.
    :param channel_texts: other words than ``text`` over the channels named here.
    :param path: the page that a button opens where ``context["path"]`` names none.
    :param validity: how long it is worth sending where ``notify`` is given no ``expires_at``.
    :param on_ambiguous: ``AT_MOST_ONCE``: never sent again where nobody knows whether it was.
    :param in_quiet: what to do where it would be worthless before the quiet hours end.
    :param frequency: how often, as long as the person has chosen nothing.
    :param hourly_limit: to one person at most so many an hour; the rest waits for the digest.
    :param sample: a context that the texts may be shown with, every name of theirs in it.
    """
    told = NotificationKind(
        subject=subject,
        text=text,
        mandatory=mandatory,
        label=label or subject,
        channel_texts=channel_texts or {},
        path=path,
        validity=validity,
        on_ambiguous=on_ambiguous,
        in_quiet=in_quiet,
        frequency=frequency,
        hourly_limit=hourly_limit,
        sample=sample or {},
    )
    kinds.register(kind, told)
