"""How an organization's auto-reply is set."""

import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from accounts.services.audit import record_audit
from config.lib.errors import FieldError, InputError
from dialogs.models import AutoReply, AutoReplySettings
from dialogs.selectors.auto_replies import get_auto_reply_settings
from dialogs.services.auto_reply import SWITCHED_OFF
from dialogs.services.messages import MAX_TEXT

# The names under which the outside knows the fields: ``auto_reply_enabled`` and so on.
PREFIX = "auto_reply_"
NAMES = ("enabled", "always", "start_time", "end_time", "timezone", "text", "delay_seconds")
MIN_DELAY_SECONDS = 10
MAX_DELAY_SECONDS = 3600


def read_settings(organization: Organization) -> dict[str, Any]:
    """Return an organization's settings under their outer names; of one never set, the defaults."""
    settings = get_auto_reply_settings(organization)
    return {f"{PREFIX}{name}": getattr(settings, name) for name in NAMES}


@transaction.atomic
def change_settings(actor: User, organization: Organization, changes: Mapping[str, Any]) -> None:
    """Change some of an organization's settings; audited.

    Switching off calls off what is planned; changed hours count for the next message.

    :param actor: who has been found to be an owner or an admin of the organization.
    :param changes: outer names with ``bool``, ``str``, ``int``, and ``time`` or ``None``.
    :raises InputError: a zone is unknown, the text is too long, the delay is not between 10
        seconds and an hour, or something is missing that the auto-reply needs to be switched on:
        the text, the hours; nothing is changed.
    """
    settings = get_auto_reply_settings(organization)
    before = _facts(settings)
    for name, value in changes.items():
        setattr(settings, name.removeprefix(PREFIX), value)
    # A form's lines end as those of a letter do; the limit counts one character for each.
    settings.text = settings.text.replace("\x00", "").replace("\r\n", "\n").strip()
    errors = list(_errors(settings))
    if errors:
        raise InputError(fields=errors)
    settings.save()
    if not settings.enabled:
        _call_off(organization)
    record_audit(
        actor=actor,
        action="auto_reply.changed",
        target=f"organization:{organization.pk}",
        organization=organization,
        details={"from": before, "to": _facts(settings)},
    )


def _errors(settings: AutoReplySettings) -> Iterator[FieldError]:
    if settings.timezone not in zoneinfo.available_timezones():
        yield _error("timezone", "invalid_choice", _("There is no such time zone."))
    if len(settings.text) > MAX_TEXT:
        text = _("At most %(most)s characters.") % {"most": MAX_TEXT}
        yield _error("text", "max_length", text)
    if not MIN_DELAY_SECONDS <= settings.delay_seconds <= MAX_DELAY_SECONDS:
        code = "min_value" if settings.delay_seconds < MIN_DELAY_SECONDS else "max_value"
        bounds = {"least": MIN_DELAY_SECONDS, "most": MAX_DELAY_SECONDS}
        yield _error("delay_seconds", code, _("From %(least)s to %(most)s seconds.") % bounds)
    if settings.enabled and not settings.text:
        yield _error("text", "required", _("Write what buyers shall read."))
    if settings.enabled and not settings.always:
        yield from _hour_errors(settings.start_time, settings.end_time)


def _hour_errors(start: time | None, end: time | None) -> Iterator[FieldError]:
    if start is None:
        yield _error("start_time", "required", _("Say when the hours begin."))
    if end is None:
        yield _error("end_time", "required", _("Say when the hours end."))
    if start is not None and start == end:
        text = _("The hours end when they begin. For the whole day choose “at any time”.")
        yield _error("end_time", "same_time", text)


def _error(name: str, code: str, text: Any) -> FieldError:
    return FieldError(f"{PREFIX}{name}", code, text)


def _call_off(organization: Organization) -> None:
    waiting = AutoReply.objects.filter(
        dialog__organization=organization, state=AutoReply.State.WAITING
    )
    waiting.update(state=AutoReply.State.CANCELLED, reason=SWITCHED_OFF)


def _facts(settings: AutoReplySettings) -> dict[str, str]:
    return {name: str(getattr(settings, name)) for name in NAMES if name != "text"}
