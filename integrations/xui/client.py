"""A 3X-UI panel, whichever generation it is of.

Our identity of a client is its e-mail. What a panel says is told apart by the errors of
``integrations.xui.errors``; every method may raise

- ``DownError`` or ``BusyError``: nothing was done, later is better;
- ``NotSignedInError``, ``SignInRefusedError``: nothing was done, the credentials are to be seen to;
- ``RouteGoneError``, ``RefusedError`` and its kinds: nothing was done, nor will be;
- ``config.lib.http.AmbiguousError``, of the methods that write: it may have been done, read back.
"""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from integrations.xui.errors import RouteGoneError
from integrations.xui.generations import Words
from integrations.xui.probe import connect
from integrations.xui.types import Client, Credentials, Generation, Inbound, Status, Traffic
from integrations.xui.wire import ClosedError, Wire

_Result = TypeVar("_Result")
_MOST_PANELS = 256


class XuiClient:
    """Calls of one panel in the name of one account. May be used by many threads.

    Signs in and finds the generation at the first call, and once more where a call meets a closed
    door: the session may be over, the panel may have become another one.

    :param url: the panel's address with its base path.
    :raises AddressError: that is not the address of a panel.
    """

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._wire = Wire(url, credentials)
        self._connecting = threading.Lock()
        self._words: Words | None = None

    @property
    def generation(self) -> Generation:
        """Return the panel's generation as it was last found; asks where it never was."""
        return self._speak(None).generation

    def list_inbounds(self) -> list[Inbound]:
        """Return all inbounds with their clients and counters, strangers' among them."""
        return self._do(lambda words: words.list_inbounds())

    def add_client(self, inbound_id: int, client: Client) -> None:
        """Put a new client into an inbound.

        A panel since 3.0.0 takes the same e-mail and ``sub_id`` into further inbounds; since 3.1.0
        that is the same client, which stays as it was, also where it is in this inbound already.
        2.x has no lock: of two writers on one inbound one may lose what it wrote.

        :raises TakenError: the e-mail, or since 3.1.0 the ``sub_id``, is a client's already.
        :raises UnknownInboundError: there is no such inbound.
        """
        self._do(lambda words: words.add_client(inbound_id, client))

    def update_client(self, inbound_id: int, client: Client) -> None:
        """Write a client anew: our fields as given, all others as they are.

        Leaves the counters alone: a depleted client also needs ``reset_traffic``. Since 3.1.0 it
        is written in all inbounds that it is in.

        :raises UnknownClientError: it is not in this inbound; nothing was written.
        :raises UnaddressableError: its present password cannot stand in a path (to 3.0.2).
        """
        self._do(lambda words: words.update_client(inbound_id, client))

    def delete_client(self, inbound_id: int, client: Client) -> None:
        """Take a client out of one inbound, whatever its other fields are.

        :raises UnknownClientError: it is not in this inbound.
        :raises LastClientError: 2.x and 3.0 keep the last one of an inbound.
        """
        self._do(lambda words: words.delete_client(inbound_id, client))

    def reset_traffic(self, inbound_id: int, email: str) -> None:
        """Begin counting at 0, and let a depleted client in again.

        :raises UnknownClientError: there is no such client.
        """
        self._do(lambda words: words.reset_traffic(inbound_id, email))

    def traffic(self, email: str) -> Traffic:
        """Return what a client has used.

        :raises UnknownClientError: there is no such client.
        """
        return self._do(lambda words: words.traffic(email))

    def onlines(self) -> frozenset[str]:
        """Return the e-mails of those who are connected now."""
        return self._do(lambda words: words.onlines())

    def last_online(self) -> dict[str, int]:
        """Return when each client was last seen, Unix milliseconds by e-mail.

        :raises RouteGoneError: the panel is older than 2.6.8.
        """
        return self._do(lambda words: words.last_online())

    def status(self) -> Status:
        """Return how the panel and its Xray are."""
        return self._do(lambda words: words.status())

    def try_again(self) -> None:
        """Let refused credentials be tried once more at the next call: a person asks for it."""
        self._wire.allow_again()

    def close(self) -> None:
        self._wire.close()

    def _do(self, work: Callable[[Words], _Result]) -> _Result:
        words = self._speak(None)
        try:
            return work(words)
        except ClosedError:
            words = self._speak(words)
        try:
            # A closed door means that nothing was done; what an earlier step of the same work has
            # done may be done again.
            return work(words)
        except ClosedError as error:
            raise RouteGoneError(error.status) from None

    def _speak(self, stale: Words | None) -> Words:
        """Return words that are not the stale ones; only one thread looks for new ones."""
        with self._connecting:
            if self._words is None or self._words is stale:
                self._words = None
                self._words = connect(self._wire)
            return self._words


@lru_cache(maxsize=_MOST_PANELS)
def panel_client(url: str, credentials: Credentials) -> XuiClient:
    """Return the process's client of a panel, whose session and generation outlive a call."""
    return XuiClient(url, credentials)
