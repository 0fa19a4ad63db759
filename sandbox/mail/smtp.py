"""A small SMTP server (RFC 5321) that keeps what it is given and sends nothing on."""

import asyncio
import contextlib
import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.core import Sandbox

MAIL_BYTES = 10 * 1024 * 1024
LINE_BYTES = 64 * 1024
KEPT_MAILS = 500
_ADDRESS = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>.*", re.IGNORECASE | re.DOTALL)


class SmtpServer:
    """Listens on loopback; every accepted mail joins ``World.mail``, the latest last."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """:raises OSError: the port is taken."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._sandbox.settings.smtp_port, limit=LINE_BYTES
        )

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            # A line beyond the limit, or a client that goes away, ends the conversation.
            with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
                await _Conversation(self._sandbox, reader, writer).run()
        finally:
            self._writers.discard(writer)
            writer.close()


class _Conversation:
    def __init__(
        self, sandbox: "Sandbox", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sandbox = sandbox
        self._reader = reader
        self._writer = writer
        self._sender: str | None = None
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._reply("220 sandbox ESMTP")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            verb = verb.upper()
            if verb == "DATA":
                await self._reply(await self._data())
                continue
            await self._reply(self._answer(verb, rest))
            if verb == "QUIT":
                return

    def _answer(self, verb: str, rest: str) -> str:
        match verb:
            case "EHLO":
                return f"250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {MAIL_BYTES}"
            case "HELO":
                return "250 sandbox"
            case "MAIL":
                return self._mail(rest)
            case "RCPT":
                return self._rcpt(rest)
            case "RSET":
                self._forget()
                return "250 OK"
            case "NOOP":
                return "250 OK"
            case "QUIT":
                return "221 Bye"
        return "502 Command not implemented"

    def _mail(self, rest: str) -> str:
        address = _ADDRESS.fullmatch(rest)
        if address is None:
            return "501 Syntax: MAIL FROM:<address>"
        self._forget()
        self._sender = address[1]
        return "250 OK"

    def _rcpt(self, rest: str) -> str:
        address = _ADDRESS.fullmatch(rest)
        if self._sender is None:
            return "503 MAIL first"
        if address is None or not address[1]:
            return "501 Syntax: RCPT TO:<address>"
        self._recipients.append(address[1])
        return "250 OK"

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    async def _data(self) -> str:
        if not self._recipients:
            return "503 RCPT first"
        await self._reply("354 End with <CRLF>.<CRLF>")
        content = bytearray()
        while (line := await self._reader.readline()) not in (b".\r\n", b".\n"):
            if not line:
                raise ConnectionResetError
            if len(content) <= MAIL_BYTES:
                content += line[1:] if line.startswith(b".") else line
        sender, recipients = self._sender or "", self._recipients
        self._forget()
        if len(content) > MAIL_BYTES:
            return "552 Too much mail data"
        self._keep(_read_mail(bytes(content), sender=sender, recipients=recipients))
        return "250 OK"

    def _keep(self, mail: dict[str, Any]) -> None:
        mails = self._sandbox.world.mail
        mails.append({"id": mails[-1]["id"] + 1 if mails else 1, **mail})
        del mails[:-KEPT_MAILS]
        self._sandbox.changed()

    async def _reply(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())
        await self._writer.drain()


def _read_mail(content: bytes, *, sender: str, recipients: list[str]) -> dict[str, Any]:
    message = message_from_bytes(content, policy=policy.default)
    return {
        "at": time.time(),
        "from": sender,
        "to": recipients,
        "subject": str(message.get("Subject", "")).strip(),
        "headers": {name: str(value) for name, value in message.items()},
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
    }


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        text = str(part.get_content())
    except (LookupError, ValueError):
        # A charset that nobody knows, or bytes that are not in it.
        text = str(part.get_payload())
    return text.replace("\r\n", "\n")
