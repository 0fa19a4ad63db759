"""Log in with Telegram: to the sandbox's page and back."""

import time
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.test import Client

from accounts.models import Session, User
from accounts.telegram import oidc
from accounts.telegram.errors import TelegramRefusedError
from config.lib.errors import OutsideWorldError

pytestmark = pytest.mark.django_db
CALLBACK = "/login/telegram/callback"
PERSON = 501


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


@pytest.fixture
def telegram(sandbox, settings):
    """The sandbox as the issuer, with one person in it."""
    settings.TELEGRAM_OIDC_ISSUER = f"{sandbox.url}/oidc"
    settings.TELEGRAM_OIDC_CLIENT_ID = "700000001"
    settings.TELEGRAM_OIDC_CLIENT_SECRET = "sandbox-secret-of-700000001"
    sandbox.control("telegram/users", {"id": PERSON, "first_name": "Анна", "username": "anna"})
    return sandbox


def press(sandbox, address: str, user: int = PERSON) -> str:
    """Press the button on the page at ``address``; return where the browser is sent."""
    fields = {**dict(parse_qsl(urlsplit(address).query)), "user": str(user)}
    request = urllib.request.Request(f"{sandbox.url}/oidc/auth", urlencode(fields).encode())
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(_Stay).open(request, timeout=10)
    assert refused.value.code == 302
    return refused.value.headers["Location"]


def begin(client: Client, query: str = "") -> str:
    answer = client.get(f"/login/telegram{query}")
    assert answer.status_code == 302
    return answer["Location"]


def come_back(client: Client, address: str):
    return client.get(f"{CALLBACK}?{urlsplit(address).query}")


def test_person_signs_in(telegram):
    client = Client()
    address = begin(client, "?next=/account/sessions")
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"http://testserver{CALLBACK}"

    answer = come_back(client, press(telegram, address))

    assert (answer.status_code, answer["Location"]) == (302, "/account/sessions")
    user = User.objects.get()
    assert (user.telegram_id, user.first_name, user.telegram_username) == (PERSON, "Анна", "anna")
    assert Session.objects.get().method == "oidc"
    assert client.get("/account").status_code == 200


def test_page_shows_the_button_once(telegram):
    with urllib.request.urlopen(begin(Client()), timeout=10) as page:
        text = page.read().decode()

    assert text.count("<button") == 1
    assert "Анна" in text


def test_answer_of_another_browser_signs_nobody_in(telegram):
    address = press(telegram, begin(Client()))
    victim = Client()
    begin(victim)

    for client in (victim, Client()):
        assert come_back(client, address).status_code == 401
    assert not User.objects.exists()


def test_answer_works_once(telegram):
    client = Client()
    address = press(telegram, begin(client))
    assert come_back(client, address).status_code == 302

    assert come_back(client, address).status_code == 401


@pytest.mark.parametrize("query", ["", "?error=access_denied", "?code=x", "?state=x&code=x"])
def test_answer_without_a_code(telegram, query):
    client = Client()
    begin(client)

    assert client.get(f"{CALLBACK}{query}").status_code == 401


def test_wrong_code_is_refused(telegram):
    client = Client()
    state = dict(parse_qsl(urlsplit(begin(client)).query))["state"]

    assert client.get(f"{CALLBACK}?state={state}&code=made-up").status_code == 401


def test_wrong_secret_is_refused(telegram, settings):
    settings.TELEGRAM_OIDC_CLIENT_SECRET = "another"
    client = Client()

    assert come_back(client, press(telegram, begin(client))).status_code == 401
    assert not User.objects.exists()


def test_slow_person_begins_anew(telegram):
    import time_machine

    client = Client()
    address = press(telegram, begin(client))
    with time_machine.travel(time.time() + oidc.LOGIN_SECONDS + 1):
        assert come_back(client, address).status_code == 401


def test_code_without_its_verifier_is_worth_nothing(telegram):
    _, ours = oidc.begin_login(redirect_uri="http://testserver/x")
    address, theirs = oidc.begin_login(redirect_uri="http://testserver/x")
    code = dict(parse_qsl(urlsplit(press(telegram, address)).query))["code"]
    mixed = oidc.Login(theirs.state, ours.verifier, theirs.nonce, theirs.began_at)

    with pytest.raises(TelegramRefusedError):
        oidc.finish_login(
            login=mixed, state=theirs.state, code=code, redirect_uri="http://testserver/x"
        )


def test_switched_off_there_is_no_such_page(settings):
    settings.TELEGRAM_OIDC_CLIENT_ID = ""

    assert Client().get("/login/telegram").status_code == 404


def test_silent_issuer_is_its_fault(telegram, settings):
    settings.TELEGRAM_OIDC_ISSUER = "http://127.0.0.1:9/oidc"

    assert Client().get("/login/telegram").status_code == 502


def test_document_of_another_issuer_is_not_believed(telegram):
    with pytest.raises(OutsideWorldError):
        oidc.Provider(f"{telegram.url}/oidc/../oidc").endpoint("jwks_uri")


def claims_of(telegram, **changes) -> dict:
    now = int(time.time())
    issuer = f"{telegram.url}/oidc"
    known = {"iss": issuer, "aud": "700000001", "id": 1, "iat": now, "exp": now + 60}
    return {name: value for name, value in {**known, **changes}.items() if value is not None}


@pytest.mark.parametrize("how", ["own key", "no signature", "shared secret", "unknown key"])
def test_token_that_telegram_did_not_sign(telegram, how):
    claims = claims_of(telegram)
    key = generate_private_key(public_exponent=65537, key_size=2048)
    headers = {"kid": "sandbox"}
    token = {
        "own key": lambda: jwt.encode(claims, key, "RS256", headers),
        "no signature": lambda: jwt.encode(claims, None, "none", headers),
        "shared secret": lambda: jwt.encode(claims, "x" * 32, "HS256", headers),
        "unknown key": lambda: jwt.encode(claims, key, "RS256", {"kid": "another"}),
    }[how]()

    with pytest.raises(TelegramRefusedError):
        oidc.Provider(f"{telegram.url}/oidc").verify(token)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"aud": "another"},
        {"iss": "http://another"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"aud": None},
    ],
)
def test_token_for_somebody_else_or_too_old(telegram, monkeypatch, change):
    """Signed by the issuer's key; the first is the control."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    provider = oidc.Provider(f"{telegram.url}/oidc")
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    known = jwt.PyJWKSet.from_dict({"keys": [{**public, "kid": "k", "alg": "RS256"}]}).keys
    monkeypatch.setattr(provider, "_read_keys", lambda: {"k": known[0]})
    token = jwt.encode(claims_of(telegram, **change), key, "RS256", {"kid": "k"})

    if not change:
        assert provider.verify(token)["id"] == 1
        return
    with pytest.raises(TelegramRefusedError):
        provider.verify(token)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 9000, "e30.e30.e30"])
def test_rubbish_is_no_token(telegram, token):
    with pytest.raises(TelegramRefusedError):
        oidc.Provider(f"{telegram.url}/oidc").verify(token)
