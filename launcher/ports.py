"""Free ports: for the servers, chosen by us, and for the site, checked before anything starts."""

import random
import socket
from collections.abc import Mapping

from launcher.layout import LaunchError

# Below every system's range for outgoing connections, so nobody takes them while we are down.
SERVER_PORTS = range(20000, 30000)


def is_port_free(port: int, *, address: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen on this port of this address now."""
    with socket.socket() as trial:
        # As servers do: connections that linger from an earlier start are no obstacle.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
            trial.listen()
        except OSError:
            return False
    return True


def choose_port(taken: set[int]) -> int:
    """Choose a free port for an embedded server, none of `taken`.

    :raises LaunchError: there is none.
    """
    for port in random.sample(SERVER_PORTS, len(SERVER_PORTS)):
        if port not in taken and is_port_free(port):
            return port
    raise LaunchError(f"No free port between {SERVER_PORTS[0]} and {SERVER_PORTS[-1]}.")


def require_free_ports(wanted: Mapping[int, tuple[str, str]], *, address: str) -> None:
    """Make sure that the site's ports are free.

    :param wanted: port → what listens there, and the setting that moves it.
    :raises LaunchError: one is taken; says which, and what to do.
    """
    for port, (purpose, setting) in wanted.items():
        if not is_port_free(port, address=address):
            raise LaunchError(
                f"Port {port} ({purpose}) is already in use; set {setting} to another one."
            )
