"""What a panel has said in one answer, found by inbound and e-mail."""

from collections.abc import Iterator, Sequence

from integrations.xui.types import FoundClient, Inbound, Traffic


class Listing:
    """The inbounds of a panel at one moment. E-mails count without regard to case."""

    def __init__(self, inbounds: Sequence[Inbound]) -> None:
        self.inbounds = {inbound.id: inbound for inbound in inbounds}
        self._clients = {
            (inbound.id, client.email.lower()): client
            for inbound in inbounds
            for client in inbound.clients
        }
        # A panel counts by e-mail; a client of two inbounds has one row.
        self._traffic = {
            email.lower(): traffic
            for inbound in inbounds
            for email, traffic in inbound.traffic.items()
        }

    def find(self, number: int, email: str) -> FoundClient | None:
        """Return the client of an e-mail in an inbound."""
        return self._clients.get((number, email.lower()))

    def traffic(self, email: str) -> Traffic | None:
        """Return the counters of an e-mail."""
        return self._traffic.get(email.lower())

    def clients(self) -> Iterator[tuple[int, str, FoundClient]]:
        """Return all clients with their inbound's number and their e-mail in lower case."""
        return ((number, email, client) for (number, email), client in self._clients.items())
