"""Redis stopped: the site answers, and what is written meanwhile goes out when it returns."""

import asyncio
import secrets
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from bench.chaos.ledger import Check
from bench.relay import relay_answer, relay_question
from bench.site import FASTER, Site, SiteError
from bench.world import Dialog, World
from launcher.binaries import find_programs, find_server_user
from launcher.ports import choose_port

SETTINGS = {**FASTER, "AVITO_POLL_SECONDS": "5"}
ANSWER_SECONDS = 1.0
STAND_STILL_SECONDS = 8.0
RETURN_SECONDS = 60.0
START_SECONDS = 10.0
PAGES = ("/", "/client", "/client/dialogs")
CALLS = ("/api/dialogs", "/api/auth/v1/me", "/api/v1/health/liveness")
ROUNDS = 3


class OwnValkey:
    """A Redis-compatible server that we start and stop as we like; it forgets everything.

    A context manager, stopped at first.
    """

    def __init__(self) -> None:
        self._port = choose_port(set())
        self._password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it answers.

        :raises SiteError: it does not.
        """
        program = find_programs(find_server_user())[1]
        self._process = subprocess.Popen(
            [
                *(str(program), "--bind", "127.0.0.1", "--port", str(self._port)),
                *("--requirepass", self._password, "--save", "", "--appendonly", "no"),
            ],
            cwd=Path("/"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(redis.ConnectionError), redis.Redis.from_url(self.url) as client:
                client.ping()
                return
            time.sleep(0.05)
        raise SiteError("Valkey does not start")

    def stop(self) -> None:
        """Kill it, as a machine would be switched off."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


async def run_without_redis(site: Site, valkey: OwnValkey) -> list[Check]:
    """Take Redis away from a site at work, look at it, write through it, and give Redis back."""
    async with World(site) as world:
        dialog = await world.open_dialog(await world.open_shop(1), 1)
        await relay_question(world, dialog, 1)
        await relay_answer(world, dialog, 1)
        await world.sign_in_pages()
        dialog_id = (await world.api("GET", "/api/dialogs"))["results"][0]["id"]
        valkey.stop()
        try:
            slow = await _find_slow(world, dialog_id)
            after = await world.last_seq()
            await _write(world, dialog, dialog_id)
            await asyncio.sleep(STAND_STILL_SECONDS)
        finally:
            valkey.start()
        return [
            Check(f"pages and API answer within {ANSWER_SECONDS:.0f} s", slow),
            Check("what was written goes out", await _find_missing(world, dialog, after=after)),
        ]


async def _find_slow(world: World, dialog_id: str) -> list[str]:
    looks: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        *((path, partial(world.open_page, path)) for path in PAGES),
        *((path, partial(world.api, "GET", path)) for path in CALLS),
        ("messages", partial(world.api, "GET", f"/api/dialogs/{dialog_id}/messages")),
    ]
    slow = []
    for name, look in looks * ROUNDS:
        began = time.monotonic()
        try:
            await look()
        except SiteError as error:
            slow.append(f"{name}: {error}")
        if (seconds := time.monotonic() - began) > ANSWER_SECONDS:
            slow.append(f"{name}: {seconds:.2f} s")
    return slow


async def _write(world: World, dialog: Dialog, dialog_id: str) -> None:
    await world.ask(dialog, dialog.question(2))
    await world.reply(dialog, dialog.answer(2))
    await world.api("POST", f"/api/dialogs/{dialog_id}/messages", {"text": dialog.answer(3)})


def _speaks_of(text: str, call: Mapping[str, Any]) -> bool:
    return text in str(call["params"])


async def _find_missing(world: World, dialog: Dialog, *, after: int) -> list[str]:
    expected = {
        dialog.question(2): "telegram.sendMessage",
        dialog.answer(2): "avito.sendMessage",
        dialog.answer(3): "avito.sendMessage",
    }
    missing = []
    for text, on in expected.items():
        try:
            await world.wait_call(
                on,
                partial(_speaks_of, text),
                after=after,
                seconds=RETURN_SECONDS,
            )
        except SiteError as error:
            missing.append(f"{text}: {error}")
    return missing
