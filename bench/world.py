"""The outside world of a site: its sandbox, and shops in it that the site knows by its own API."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp

from bench.site import OWNER, Site, SiteError

RIGHTS = {"can_manage_topics": True, "can_pin_messages": True, "can_delete_messages": True}
SELLER = 5_000_001
LOOK_SECONDS = 0.1
CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')

Json = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """A bot in a forum group of its own, and the Avito account that it speaks for.

    :param bot_id: the bot in the site, `token` the same in Telegram.
    :param group: the group's chat id.
    :param seller: the account's number on Avito.
    """

    number: int
    bot_id: str
    token: str
    group: int
    seller: int


@dataclass
class Dialog:
    """A buyer's chat with a shop. `thread` is its topic, once it is known.

    `said_at` and `answered_at` hold when each message had been written, oldest first.
    """

    shop: Shop
    number: int
    chat_id: str
    thread: int | None = None
    said_at: list[float] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)

    def question(self, number: int) -> str:
        """The buyer's message of this number, counted from 1."""
        return f"b{self.number:03}-{number:03}"

    def answer(self, number: int) -> str:
        """The seller's message of this number, counted from 1."""
        return f"s{self.number:03}-{number:03}"


async def wait_until(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Wait until a condition outside of this process holds; tell whether it did in time."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:  # noqa: ASYNC110  not our loop
        await asyncio.sleep(LOOK_SECONDS)
    return held


class World:
    """Plays the people around a site: an asynchronous context manager over one HTTP session."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=30),
            # Cookies of an address by number: browsers keep them, aiohttp asks to be told.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        )
        self._token = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def control(
        self, path: str, body: Mapping[str, object] | None = None, *, method: str | None = None
    ) -> Any:
        """Make a control call of the sandbox; return its decoded answer.

        :raises SiteError: it was refused.
        """
        verb = method or ("GET" if body is None else "POST")
        url = f"{self.site.sandbox_url}/control/{path}"
        async with self._session.request(verb, url, json=body) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise SiteError(f"{verb} /control/{path}: {answer.status} {text}")
            return json.loads(text)

    async def calls(self, on: str, *, after: int = 0) -> list[Json]:
        """Get what the sandbox's journal has under a name, oldest first."""
        found: list[Json] = await self.control(f"calls?on={on}&after={after}")
        return found

    async def fault(self, on: str, do: str, **more: object) -> None:
        """Switch a fault on."""
        await self.control("faults", {"on": on, "do": do, **more})

    async def clear_faults(self) -> None:
        await self.control("faults", method="DELETE")

    async def sign_in(self) -> str:
        """Get an access token of the demo's owner, kept for the calls that follow."""
        if not self._token:
            login, password = OWNER
            pair = await self._call(
                "POST", "/api/auth/v1/login", {"login": login, "password": password}
            )
            self._token = str(pair["access_token"])
        return self._token

    async def api(self, verb: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Make a call of the site's API as the demo's owner.

        :raises SiteError: it was refused.
        """
        token = await self.sign_in()
        return await self._call(verb, path, body, Authorization=f"Bearer {token}")

    async def open_page(self, path: str) -> None:
        """Open a page as a browser in which the demo's owner is signed in.

        :raises SiteError: it is no page but a refusal.
        """
        url = self.site.url + path
        async with self._session.get(url, headers={"Accept": "text/html"}) as answer:
            await answer.read()
            if answer.status != 200:
                raise SiteError(f"GET {path}: {answer.status}")

    async def sign_in_pages(self) -> None:
        """Sign the demo's owner in by the form, so that pages open for him.

        :raises SiteError: the form did not take him.
        """
        login, password = OWNER
        url = self.site.url + "/login"
        async with self._session.get(url) as answer:
            found = CSRF_FIELD.search(await answer.text())
        fields = {
            "login": login,
            "password": password,
            "csrfmiddlewaretoken": found[1] if found else "",
        }
        async with self._session.post(
            url, data=fields, headers={"Referer": url}, allow_redirects=False
        ) as answer:
            if answer.status != 302:
                raise SiteError(f"POST /login: {answer.status}")

    async def open_shop(self, number: int) -> Shop:
        """Make a bot, its group and an Avito account, and connect them to the site."""
        token = f"{800_000_000 + number}:{secrets.token_urlsafe(26)[:35]}"
        await self.control("telegram/users", {"id": SELLER, "first_name": "Seller"})
        await self.control("telegram/bots", {"token": token, "username": f"bench{number}_bot"})
        group = await self.control(
            "telegram/groups",
            {"title": f"Shop {number}", "bots": [token], "is_forum": True, "rights": RIGHTS},
        )
        client = {"client_id": f"bench-{number}", "client_secret": secrets.token_urlsafe(16)}
        account = await self.control("avito/accounts", client)
        bot = await self.api(
            "POST",
            "/api/bots",
            {
                "name": f"Shop {number}",
                "token": token,
                "group_chat_id": group["chat_id"],
                "topic_mode": True,
            },
        )
        await self.api(
            "POST",
            "/api/avito/accounts",
            {
                "name": f"Shop {number}",
                "api_client_id": client["client_id"],
                "api_client_secret": client["client_secret"],
                "bot_id": bot["id"],
            },
        )
        return Shop(number, bot["id"], token, group["chat_id"], account["user_id"])

    async def open_dialog(self, shop: Shop, number: int) -> Dialog:
        """Let a new buyer open a chat; nothing is said yet."""
        chat = await self.control(
            "avito/chats",
            {
                "user_id": shop.seller,
                "item": {"title": f"Bicycle {number}", "price": 100 + number},
                "buyer": {"name": f"Buyer {number}"},
            },
        )
        return Dialog(shop, number, chat["chat_id"])

    async def ask(self, dialog: Dialog, text: str) -> float:
        """Let the buyer write; return when that was."""
        at = time.time()
        await self.say_on_avito(dialog, text=text)
        return at

    async def say_on_avito(self, dialog: Dialog, **content: object) -> Json:
        """Let the buyer say ``text``, ``image`` or ``voice``; return ``message_id``."""
        said: Json = await self.control("avito/say", {"chat_id": dialog.chat_id, **content})
        return said

    async def reply(self, dialog: Dialog, text: str) -> float:
        """Let the seller write in the dialog's topic; return when that was."""
        at = time.time()
        await self.say_in_topic(dialog, text=text)
        return at

    async def say_in_topic(self, dialog: Dialog, **content: object) -> Json:
        """Let the seller say ``text``, ``photo`` or ``album``, or change what it ``edits``.

        :returns: ``message_id`` and, unless it is an edit, ``message_ids``.
        """
        where = {
            "bot": dialog.shop.token,
            "chat_id": dialog.shop.group,
            "user": SELLER,
            "thread_id": dialog.thread,
        }
        said: Json = await self.control("telegram/say", {**where, **content})
        return said

    async def fetch(self, url: str) -> bytes:
        """Get what is at an address of the sandbox.

        :raises SiteError: it is not there.
        """
        async with self._session.get(url) as answer:
            if answer.status != 200:
                raise SiteError(f"GET {url}: {answer.status}")
            return await answer.read()

    async def group_messages(self, shop: Shop) -> list[Json]:
        """Get what stands in a shop's group, oldest first."""
        chat = await self.control(f"telegram/chats/{shop.group}")
        found: list[Json] = [m for m in chat["messages"] if not m.get("deleted")]
        return found

    async def wait_call(
        self, on: str, fits: Callable[[Json], bool], *, after: int, seconds: float
    ) -> Json:
        """Wait for a call that the sandbox took with 200.

        :raises SiteError: none came in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for call in await self.calls(on, after=after):
                if call["status"] == 200 and fits(call):
                    return call
            await asyncio.sleep(LOOK_SECONDS)
        raise SiteError(f"no fitting {on} within {seconds:.0f} s")

    async def last_seq(self) -> int:
        """Get the number of the journal's latest call."""
        state = await self.control("state")
        return int(state["last_seq"])

    async def _call(
        self, verb: str, path: str, body: Mapping[str, object] | None, **headers: str
    ) -> Any:
        url = self.site.url + path
        async with self._session.request(verb, url, json=body, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise SiteError(f"{verb} {path}: {answer.status} {text[:500]}")
            return json.loads(text) if text else None
