"""Questions to a port, in the protocol of whoever should be listening there."""

import http.client
import socket
import struct

PROBE_SECONDS = 1.0
POSTGRES_PROTOCOL = 3 << 16


def postgres_answers(port: int, *, user: str) -> bool:
    """Tell whether PostgreSQL on this port takes clients now.

    While it starts or recovers it answers too, but with an error; only a request to authenticate
    ("R") means that it serves.
    """
    fields = b"user\0" + user.encode() + b"\0\0"
    start_up = struct.pack("!II", 8 + len(fields), POSTGRES_PROTOCOL) + fields
    return _ask(port, start_up, expected=b"R")


def valkey_answers(port: int, *, password: str) -> bool:
    """Tell whether a Redis-compatible server on this port takes our password and serves."""
    return _ask(port, f"AUTH {password}\r\nPING\r\n".encode(), expected=b"+OK\r\n+PONG")


def http_answers(address: str, port: int, path: str) -> bool:
    """Tell whether a GET of this path is answered with 200."""
    connection = http.client.HTTPConnection(address, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _ask(port: int, question: bytes, *, expected: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), PROBE_SECONDS) as connection:
            connection.settimeout(PROBE_SECONDS)
            connection.sendall(question)
            answer = b""
            while len(answer) < len(expected) and expected.startswith(answer):
                if not (part := connection.recv(len(expected) - len(answer))):
                    break
                answer += part
            return answer == expected
    except OSError:
        return False
