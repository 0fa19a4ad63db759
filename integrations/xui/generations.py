"""The words of each generation for the same deeds. Every one raises what ``Wire.call`` raises."""

import json
from collections.abc import Callable
from typing import Protocol, TypeVar

from integrations.xui.addresses import path_segment
from integrations.xui.errors import (
    SYSTEM,
    DownError,
    TakenError,
    UnaddressableError,
    UnknownClientError,
    UnknownInboundError,
)
from integrations.xui.types import (
    Client,
    Fields,
    FoundClient,
    Generation,
    Inbound,
    Status,
    Traffic,
    read_inbound,
    read_status,
    read_times,
    read_traffic,
)
from integrations.xui.wire import ClosedError, Wire

API = "/panel/api"
_Read = TypeVar("_Read")


class Words(Protocol):
    """What one can say to a panel of any generation; see ``client.XuiClient`` for the promises."""

    generation: Generation

    def list_inbounds(self) -> list[Inbound]: ...
    def add_client(self, inbound_id: int, client: Client) -> None: ...
    def update_client(self, inbound_id: int, client: Client) -> None: ...
    def delete_client(self, inbound_id: int, client: Client) -> None: ...
    def reset_traffic(self, inbound_id: int, email: str) -> None: ...
    def traffic(self, email: str) -> Traffic: ...
    def onlines(self) -> frozenset[str]: ...
    def last_online(self) -> dict[str, int]: ...
    def status(self) -> Status: ...


class _Common:
    """What all generations say alike."""

    generation: Generation
    activity_path: str

    def __init__(self, wire: Wire, generation: Generation) -> None:
        self.wire = wire
        self.generation = generation

    def list_inbounds(self) -> list[Inbound]:
        found = self.wire.get(f"{API}/inbounds/list")
        return _read(lambda: [read_inbound(document) for document in found or []])

    def get_inbound(self, inbound_id: int) -> Inbound:
        found = self.wire.call(
            "GET", f"{API}/inbounds/get/{inbound_id}", missing=UnknownInboundError
        )
        return _read(lambda: read_inbound(found))

    def find_client(self, inbound_id: int, email: str) -> tuple[Inbound, FoundClient]:
        inbound = self.get_inbound(inbound_id)
        found = inbound.find_client(email)
        if found is None:
            raise UnknownClientError
        return inbound, found

    def onlines(self) -> frozenset[str]:
        found = self.wire.call("POST", f"{self.activity_path}/onlines", is_safe=True)
        return frozenset(map(str, found or []))

    def last_online(self) -> dict[str, int]:
        found = self.wire.call("POST", f"{self.activity_path}/lastOnline", is_safe=True)
        return _read(lambda: read_times(found or {}))

    def _read_traffic(self, path: str) -> Traffic:
        found = self.wire.call("GET", path, missing=UnknownClientError)
        if found is None:
            raise UnknownClientError
        return _read(lambda: read_traffic(found))


class Older(_Common):
    """2.x and 3.0.0 to 3.0.2: a client belongs to one inbound and has its key in the path."""

    activity_path = f"{API}/inbounds"

    def add_client(self, inbound_id: int, client: Client) -> None:
        if self.generation is Generation.G3A:
            self._check_absent(inbound_id, client)
        self.wire.call(
            "POST",
            f"{API}/inbounds/addClient",
            json=_settings(inbound_id, client.created()),
            missing=UnknownInboundError,
        )

    def update_client(self, inbound_id: int, client: Client) -> None:
        inbound, found = self.find_client(inbound_id, client.email)
        key = _segment(_key_of(found, protocol=inbound.protocol))
        self.wire.call(
            "POST",
            f"{API}/inbounds/updateClient/{key}",
            json=_settings(inbound_id, _merge(found, client)),
            missing=UnknownClientError,
        )

    def delete_client(self, inbound_id: int, client: Client) -> None:
        inbound, found = self.find_client(inbound_id, client.email)
        self.wire.call(
            "POST",
            f"{API}/inbounds/{inbound_id}/{_deletion(found, protocol=inbound.protocol)}",
            missing=UnknownClientError,
        )

    def reset_traffic(self, inbound_id: int, email: str) -> None:
        self.wire.call(
            "POST",
            f"{API}/inbounds/{inbound_id}/resetClientTraffic/{_segment(email)}",
            missing=UnknownClientError,
        )

    def traffic(self, email: str) -> Traffic:
        return self._read_traffic(f"{API}/inbounds/getClientTraffics/{_segment(email)}")

    def _check_absent(self, inbound_id: int, client: Client) -> None:
        """Refuse what 3.0 would write a second time: one e-mail under one subId is free there."""
        if self.get_inbound(inbound_id).find_client(client.email) is not None:
            raise TakenError(field="email")

    def status(self) -> Status:
        try:
            found = self.wire.get(f"{API}/server/status")
        except ClosedError:
            # Up to 2.6.7 it has another place and method.
            found = self.wire.call("POST", "/server/status", is_safe=True)
        return _read(lambda: read_status(found, generation=self.generation))


class Newer(_Common):
    """3.1.0 and later: a client has its e-mail for a key and may be in many inbounds."""

    activity_path = f"{API}/clients"

    def add_client(self, inbound_id: int, client: Client) -> None:
        self.wire.call(
            "POST",
            f"{API}/clients/add",
            json={"client": client.created(), "inboundIds": [inbound_id]},
            missing=UnknownInboundError,
        )
        if not client.enabled:
            # A new client is always switched on, whatever was asked for.
            self.update_client(inbound_id, client)

    def update_client(self, inbound_id: int, client: Client) -> None:
        _inbound, found = self.find_client(inbound_id, client.email)
        self.wire.call(
            "POST",
            f"{API}/clients/update/{_segment(found.email)}",
            json=_merge(found, client),
            missing=UnknownClientError,
        )

    def delete_client(self, inbound_id: int, client: Client) -> None:
        path = f"{API}/clients/get/{_segment(client.email)}"
        record = self.wire.call("GET", path, missing=UnknownClientError)
        inbound_ids = _read(lambda: {int(number) for number in record["inboundIds"] or []})
        if inbound_id not in inbound_ids:
            raise UnknownClientError
        email = _segment(client.email)
        if inbound_ids == {inbound_id}:
            path, body = f"{API}/clients/del/{email}", None
        else:
            path, body = f"{API}/clients/{email}/detach", {"inboundIds": [inbound_id]}
        self.wire.call("POST", path, json=body, missing=UnknownClientError)

    def reset_traffic(self, inbound_id: int, email: str) -> None:
        path = f"{API}/clients/resetTraffic/{_segment(email)}"
        self.wire.call("POST", path, missing=UnknownClientError)

    def traffic(self, email: str) -> Traffic:
        return self._read_traffic(f"{API}/clients/traffic/{_segment(email)}")

    def status(self) -> Status:
        found = self.wire.get(f"{API}/server/status")
        return _read(lambda: read_status(found, generation=self.generation))


def speak(wire: Wire, generation: Generation) -> Words:
    """Return the words that a generation understands."""
    kind = Newer if generation is Generation.G3B else Older
    return kind(wire, generation)


def _settings(inbound_id: int, client: Fields) -> Fields:
    return {"id": inbound_id, "settings": json.dumps({"clients": [client]})}


def _merge(found: FoundClient, client: Client) -> Fields:
    """Return a client to write whole: an update replaces, so what is left out would be lost."""
    return {**found.fields, **client.written(), "email": found.email}


def _key_of(found: FoundClient, *, protocol: str) -> str:
    return found.email if protocol == "shadowsocks" else found.secret


def _deletion(found: FoundClient, *, protocol: str) -> str:
    try:
        return f"delClient/{path_segment(_key_of(found, protocol=protocol))}"
    except ValueError:
        return f"delClientByEmail/{_segment(found.email)}"


def _segment(text: str) -> str:
    try:
        return path_segment(text)
    except ValueError:
        raise UnaddressableError from None


def _read(read: Callable[[], _Read]) -> _Read:
    """Return what an answer means, or say that it is not a panel's."""
    try:
        return read()
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DownError(SYSTEM, "the answer is not a panel's") from None
