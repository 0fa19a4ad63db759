"""Whichever way a person comes, it is one account: through every room, over real sockets."""

import re
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from rest_framework.test import APIClient

from accounts.models import Organization, Session, User
from integrations.models import InboundEvent
from integrations.services import inbox, pump
from integrations.services.bots import create_bot

pytestmark = pytest.mark.django_db(transaction=True)

PERSON = 6_000_777


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


@pytest.fixture
def telegram(live_site, sandbox, settings, bot_token, other_organization):
    """The platform's bot, the issuer of "Log in with Telegram", and one person who knows both."""
    sandbox.control("telegram/bots", {"token": bot_token, "username": "platform_bot"})
    person = {"id": PERSON, "first_name": "Vera", "username": "vera_v", "language_code": "en"}
    sandbox.control("telegram/users", person)
    create_bot(
        actor=None,
        organization=other_organization,
        name="Platform",
        token=bot_token,
        is_platform=True,
    )
    bot_id = bot_token.partition(":")[0]
    settings.TELEGRAM_OIDC_ISSUER = f"{sandbox.url}/oidc"
    settings.TELEGRAM_OIDC_CLIENT_ID = bot_id
    settings.TELEGRAM_OIDC_CLIENT_SECRET = f"sandbox-secret-of-{bot_id}"
    return sandbox


@pytest.fixture
def ways(telegram, bot_token, client):
    """Each way of signing in, as a call that returns who the site says it is."""

    def by_mini_app() -> int:
        signed = telegram.control("telegram/init_data", {"bot": bot_token, "user": PERSON})
        answer = APIClient().post("/api/auth/v1/login/social/telegram", signed, format="json")
        return _who(answer)

    def by_bearer_of_the_mini_app() -> int:
        signed = telegram.control("telegram/init_data", {"bot": bot_token, "user": PERSON})
        return _me(signed["init_data"])

    def by_widget() -> int:
        answer = telegram.control("telegram/widget", {"bot": bot_token, "user": PERSON})
        fields = answer["widget"]
        return _who(APIClient().post("/api/auth/telegram", fields, format="json"))

    def by_master_bot() -> int:
        body = {"token": _token_of_the_bot(telegram, bot_token)}
        body |= {"email": "vera@example.com", "name": "Vera"}
        return _who(APIClient().post("/api/auth/master/exchange", body, format="json"))

    def by_oidc() -> int:
        page = client.get("/login/telegram")["Location"]
        fields = {**_query(page), "user": str(PERSON)}
        request = urllib.request.Request(
            f"{telegram.url}/oidc/auth", urlencode(fields).encode(), method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.build_opener(_Stay).open(request, timeout=10)
        back = urlsplit(answer.value.headers["Location"])
        assert client.get(f"{back.path}?{back.query}").status_code == 302
        assert client.get("/account").status_code == 200
        return Session.objects.filter(method=Session.Method.OIDC).latest("created_at").user_id

    return {
        "mini app": by_mini_app,
        "bearer": by_bearer_of_the_mini_app,
        "widget": by_widget,
        "master bot": by_master_bot,
        "oidc": by_oidc,
    }


@pytest.mark.parametrize("first", ["mini app", "bearer", "widget", "master bot", "oidc"])
def test_every_way_leads_to_the_account_that_the_first_one_made(ways, first):
    known = set(User.objects.values_list("pk", flat=True))
    made = ways[first]()

    others = {name: way() for name, way in ways.items() if name != first}

    assert others == dict.fromkeys(others, made)
    assert set(User.objects.values_list("pk", flat=True)) - known == {made}
    person = User.objects.get(pk=made)
    assert (person.telegram_id, person.telegram_username) == (PERSON, "vera_v")


def test_the_master_bots_way_makes_an_owner_once(ways):
    before = Organization.objects.count()
    made = ways["master bot"]()
    assert ways["mini app"]() == made

    again = ways["master bot"]()

    assert again == made
    assert Organization.objects.count() == before + 1
    roles = User.objects.get(pk=made).memberships.values_list("role", flat=True)
    assert list(roles) == ["owner"]


def _token_of_the_bot(sandbox, bot_token: str) -> str:
    """Press /start and take the one-time link out of what the bot answers."""
    known = InboundEvent.objects.count()
    say = {"bot": bot_token, "chat_id": PERSON, "user": PERSON, "text": "/start"}
    sandbox.control("telegram/say", say)
    deadline = time.monotonic() + 10
    while InboundEvent.objects.count() == known:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    inbox.drain()
    pump.drain("telegram")
    messages = sandbox.control(f"telegram/chats/{PERSON}?bot={bot_token}")["messages"]
    urls = [button.get("url", "") for row in messages[-1]["buttons"] for button in row]
    return next(found[1] for url in urls if (found := re.search(r"/login\?token=([\w-]+)", url)))


def _who(answer) -> int:
    assert answer.status_code in (200, 201), answer.content
    return _me(answer.json()["access_token"])


def _me(bearer: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {bearer}")
    answer = client.get("/api/auth/v1/me")
    assert answer.status_code == 200, answer.content
    return int(answer.json()["id"])


def _query(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
