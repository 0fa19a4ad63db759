"""What can go wrong with a panel, told apart by what one does about it.

``BusyError`` and ``DownError``: try again later. ``config.lib.http.AmbiguousError``: read back
first. ``NotSignedInError``: a person has to look at the credentials. ``RefusedError`` and its
kinds: the same call will be refused again. Nothing was done in all cases but ``AmbiguousError``.
"""

import re
from typing import Any

from config.lib.http import (
    FOREIGN_ADDRESS,
    TEXT_LENGTH,
    PermanentError,
    SignInError,
    TransientError,
)
from config.lib.logs import redact

SYSTEM = "xui"
_INNER = re.compile(r"\((.*)\)\s*\Z", re.DOTALL)
_BUSY = re.compile(r"database (table )?is locked|SQLITE_BUSY", re.IGNORECASE)


class BusyError(TransientError):
    """The panel's database was locked by somebody else (``database is locked``)."""

    def __init__(self) -> None:
        super().__init__(SYSTEM, "the panel's database is locked")


class DownError(TransientError):
    """The panel cannot be reached, or answers as no panel does."""


class NotSignedInError(SignInError):
    """The panel does not know us, though we signed in a moment ago."""

    def __init__(self, text: str = "the panel takes the sign-in and forgets it") -> None:
        super().__init__(SYSTEM, text)


class SignInRefusedError(NotSignedInError):
    """The panel refuses the credentials; they are not tried again before they change.

    :param is_remembered: no call was made, because the panel has refused them before.
    """

    def __init__(self, *, is_remembered: bool) -> None:
        super().__init__("the panel refuses the credentials")
        self.is_remembered = is_remembered


class RouteGoneError(PermanentError):
    """The panel knows us, but not this call: it is of a version that has none such, or no panel."""

    def __init__(self, status: int = 404) -> None:
        super().__init__(SYSTEM, status=status, code="route_gone", text="")


class RefusedError(PermanentError):
    """The panel said no.

    :param text: what it said inside of its localised words, redacted and cut.
    """

    code_of_kind = "refused"

    def __init__(self, text: str = "") -> None:
        shown = redact(text)[:TEXT_LENGTH]
        super().__init__(SYSTEM, status=0, code=self.code_of_kind, text=shown)


class AddressError(RefusedError):
    """A panel's address is not the address of a panel, or one where none may stand."""

    code_of_kind = FOREIGN_ADDRESS


class UnknownClientError(RefusedError):
    """There is no client of this e-mail, or not in this inbound."""

    code_of_kind = "unknown_client"


class UnknownInboundError(RefusedError):
    """There is no inbound of this number."""

    code_of_kind = "unknown_inbound"


class LastClientError(RefusedError):
    """A panel of the second generation keeps the last client of an inbound: disable it instead."""

    code_of_kind = "last_client"


class UnaddressableError(RefusedError):
    """The e-mail or password holds marks that no path of this panel can carry."""

    code_of_kind = "unaddressable"


class TakenError(RefusedError):
    """Another client has what a client must have for itself.

    :param field: ``email`` or ``sub_id``.
    """

    code_of_kind = "taken"

    def __init__(self, text: str = "", *, field: str) -> None:
        super().__init__(text)
        self.field = field


_TAKEN = (
    (re.compile(r"duplicate email|email already in use", re.IGNORECASE), "email"),
    (re.compile(r"duplicate subid|subid already in use", re.IGNORECASE), "sub_id"),
)
_KINDS: tuple[tuple[re.Pattern[str], type[RefusedError]], ...] = (
    (re.compile(r"no client remained in inbound", re.IGNORECASE), LastClientError),
    (
        re.compile(
            r"client not found in inbound|client with email .* not found"
            r"|client .* not found in any inbound|inbound not found for email",
            re.IGNORECASE | re.DOTALL,
        ),
        UnknownClientError,
    ),
)
# The same words for an inbound, a client, or whatever else was looked for; "empty client ID" is
# how 2.x speaks of a client that is not there.
_NOT_FOUND = re.compile(r"record not found|empty client id", re.IGNORECASE)


def read_refusal(
    document: dict[str, Any], *, missing: type[RefusedError] = RefusedError
) -> BusyError | RefusedError:
    """Return what an answer ``success: false`` means.

    Panels word refusals in the reader's language around an English kernel in brackets, which is
    all that is looked at; what cannot be told is a plain ``RefusedError``.

    :param missing: what is missing where the panel names nothing, as in ``record not found``.
    """
    text = _kernel(document)
    if _BUSY.search(text):
        return BusyError()
    for pattern, field in _TAKEN:
        if pattern.search(text):
            return TakenError(text, field=field)
    for pattern, kind in _KINDS:
        if pattern.search(text):
            return kind(text)
    return (missing if _NOT_FOUND.search(text) else RefusedError)(text)


def _kernel(document: dict[str, Any]) -> str:
    message = str(document.get("msg") or "")
    details = document.get("obj")
    issues = details.get("issues") if isinstance(details, dict) else None
    if isinstance(issues, list):
        told = [f"{issue.get('field')}: {issue.get('rule')}" for issue in issues if issue]
        return ", ".join([message, *told])
    inner = _INNER.search(message)
    return (inner.group(1) if inner else message).strip()
