"""Which generation a panel is of, found by what it answers."""

from typing import Any

from integrations.xui.errors import NotSignedInError, RouteGoneError
from integrations.xui.generations import API, Words, speak
from integrations.xui.types import Generation
from integrations.xui.wire import ClosedError, Wire


def connect(wire: Wire) -> Words:
    """Sign in where needed, and return the words that the panel understands now.

    :raises SignInRefusedError: the panel refuses the credentials, or has refused them before.
    :raises NotSignedInError: it says yes, and then does not know us.
    :raises RouteGoneError: there is no panel under this address.
    :raises DownError: the panel cannot be reached.
    """
    wire.stop_if_refused()
    has_csrf = wire.take_csrf_token()
    wire.choose_bearer(is_known=has_csrf)
    generation = _look(wire, has_csrf=has_csrf) if wire.has_session else None
    if generation is None:
        generation = _sign_in(wire, has_csrf=has_csrf)
    return speak(wire, generation)


def _sign_in(wire: Wire, *, has_csrf: bool) -> Generation:
    if wire.has_bearer:
        # A wrong token is never called so: we are strangers, that is all.
        wire.refuse()
    try:
        wire.sign_in()
    except ClosedError as error:
        raise RouteGoneError(error.status) from None
    generation = _look(wire, has_csrf=has_csrf)
    if generation is None:
        raise NotSignedInError
    return generation


def _look(wire: Wire, *, has_csrf: bool) -> Generation | None:
    """Return the generation, or ``None`` if the panel does not know us.

    The list of inbounds is the one call that all of 2.x have in one place.
    """
    path = f"{API}/server/status" if has_csrf else f"{API}/inbounds/list"
    try:
        found: Any = wire.get(path)
    except ClosedError:
        return None
    if not has_csrf:
        return Generation.G2
    has_version = isinstance(found, dict) and "panelVersion" in found
    return Generation.G3B if has_version else Generation.G3A
