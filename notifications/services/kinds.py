"""What there is to tell: every kind with its texts."""

from dataclasses import dataclass

from django.utils.functional import Promise

from config.lib.registry import Registry
from integrations.services.calls import Ambiguity, Policy

Text = str | Promise

# A notice that came twice harms less than one that never came.
NOTICE_POLICY = Policy(on_ambiguous=Ambiguity.AT_LEAST_ONCE, max_attempts=8)


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """:param subject: a line without markup. :param text: Telegram's HTML, ``%(name)s`` in it.
    :param label: what the settings call it, without ``%(name)s``.
    """

    subject: Text
    text: Text
    mandatory: bool
    label: Text


kinds: Registry[NotificationKind] = Registry("notification kind")


def register_notification(
    kind: str, *, subject: Text, text: Text, mandatory: bool = False, label: Text = ""
) -> None:
    """Add a kind of notification. Called in ``AppConfig.ready()`` only.

    :param subject: lazily translated; ``%(name)s`` stands for ``context["name"]``.
    :param text: likewise; may hold ``<b>``, ``<i>`` and ``<a>``. What the context puts in is
        escaped, so it cannot be markup.
    :param mandatory: a person's wish not to be told does not count.
    :param label: what the settings call it; left out, the subject, which then holds no
        ``%(name)s``.
    """
    told = NotificationKind(subject=subject, text=text, mandatory=mandatory, label=label or subject)
    kinds.register(kind, told)
