"""Connections that are made only where one may go: the guard against being led to our own network.

The address is checked between the look-up of its name and the connection, and the connection is
made to the very address that was checked. So a name whose answer changes leads nowhere.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

Address = IPv4Address | IPv6Address
MayConnect = Callable[[str, int, Address], bool]
_NAT64 = ip_network("64:ff9b::/96")


class AddressRefusedError(Exception):
    """A name leads to an address that nobody may be connected to. Nothing was sent."""


def is_public(address: Address) -> bool:
    """Say whether an address lies in the open internet, also where it hides in an IPv6 one."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast


def _inner(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class GuardedAdapter(HTTPAdapter):
    """An adapter whose connections ask first.

    :param may_connect: gets the name as it was asked for, the port and an address of that name.
        A name is refused whole for one wrong address among several.
    """

    def __init__(self, may_connect: MayConnect, **options: Any) -> None:
        self._may_connect = may_connect
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        guard = {"may_connect": staticmethod(self._may_connect)}
        plain = type("PlainConnection", (_Guarded, HTTPConnection), guard)
        secure = type("SecureConnection", (_Guarded, HTTPSConnection), guard)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }


class _Guarded(HTTPConnection):
    """What ``urllib3`` calls for a new socket, with the question in between."""

    may_connect: MayConnect

    def _new_conn(self) -> socket.socket:
        failure: Exception | None = None
        for address in self._permitted():
            try:
                return create_connection(
                    (address, self.port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except TimeoutError:
                failure = ConnectTimeoutError(self, "the connection timed out")
            except OSError as error:
                failure = NewConnectionError(self, type(error).__name__)
        raise failure or NewConnectionError(self, "the name has no address")

    def _permitted(self) -> list[str]:
        # A name of ours may end in a dot, which the names that are compared do not.
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError):
            error = socket.gaierror("no such name")
            raise NameResolutionError(self.host, self, error) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            # The zone of a link-local address is no part of its number.
            number = ip_address(address.partition("%")[0])
            if not self.may_connect(self.host, self.port, number):
                raise AddressRefusedError
        return addresses
