"""Signing in by a Mini App's initData: in the body, and as the bearer of every request."""

import json
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Membership, Session, User
from accounts.services.sessions import revoke_all, revoke_session
from accounts.services.settings import update_site_settings
from accounts.tests.races import at_once
from accounts.tests.telegram import PUBLIC_KEY, USER, init_data, signed_init_data, widget_data

pytestmark = pytest.mark.django_db
URL = "/api/auth/v1/login/social/telegram"
ME = "/api/auth/v1/me"


def sign_in(text: str, **more):
    return APIClient().post(URL, {"init_data": text, **more}, format="json")


def ask(credentials: str, **headers):
    return APIClient().get(ME, HTTP_AUTHORIZATION=credentials, **headers)


@pytest.fixture
def shop_bot(make_bot, organization, settings):
    """A bot of an organization, in a world whose Telegram has a key of ours."""
    settings.TELEGRAM_THIRD_PARTY_KEYS = ["00" * 31 + "01", PUBLIC_KEY]
    return make_bot(organization)


def test_init_data_of_the_sandbox_signs_in(sandbox, platform):
    sandbox.control("telegram/bots", {"token": platform.token, "username": "platform_bot"})
    user = {"id": 501, "first_name": "Анна", "username": "anna", "language_code": "ru"}
    text = sandbox.control("telegram/init_data", {"bot": platform.token, "user": user})["init_data"]

    answer = sign_in(text)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["user"]["telegram_id"], body["user"]["first_name"]) == (501, "Анна")
    assert (body["user"]["lang_code"], body["expires_in"]) == ("ru", 600)
    assert ask(f"Bearer {body['access_token']}").status_code == 200
    session = Session.objects.get()
    assert (session.method, session.bot_id) == ("miniapp", platform.bot.pk)
    assert session.authenticated_at == session.created_at


def test_third_party_signature_of_the_sandbox_is_telegrams(
    sandbox, make_bot, organization, settings
):
    bot = make_bot(organization)
    key = sandbox.control("telegram/third_party_key")["public_key"]
    settings.TELEGRAM_THIRD_PARTY_KEYS = [key]
    sandbox.control("telegram/bots", {"token": bot.token, "username": "shop_bot"})
    text = sandbox.control("telegram/init_data", {"bot": bot.token, "user": 501})["init_data"]

    assert sign_in(text, bot=str(bot.bot.pk)).status_code == 200


def test_reload_finds_the_same_session(platform):
    text = init_data(platform.token)

    first, second = sign_in(text).json(), sign_in(text).json()

    assert Session.objects.count() == User.objects.count() == 1
    assert first["refresh_token"] != second["refresh_token"]
    for tokens in (first, second):
        assert ask(f"Bearer {tokens['access_token']}").status_code == 200


def test_late_reload_gets_a_token_that_lives(platform):
    text = init_data(platform.token)
    sign_in(text)
    Session.objects.update(created_at="2026-01-01T00:00Z")

    assert ask(f"Bearer {sign_in(text).json()['access_token']}").status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "tma", "TMA"])
def test_init_data_is_a_bearer(platform, scheme):
    text = init_data(platform.token)

    answers = [ask(f"{scheme} {text}") for _ in range(3)]

    assert [answer.json().get("telegram_id") for answer in answers] == [500] * 3
    assert Session.objects.count() == 1


def test_bearer_and_body_share_a_session(platform):
    text = init_data(platform.token)
    ask(f"tma {text}")
    sign_in(text)

    assert Session.objects.count() == 1


def test_repeated_bearer_costs_one_query_at_most(platform):
    text = init_data(platform.token)
    ask(f"tma {text}")

    with CaptureQueriesContext(connection) as queries:
        assert ask(f"tma {text}").status_code == 200
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_repeated_bearer_costs_no_query_with_redis(platform):
    text = init_data(platform.token)
    # The first opens, the second fills the cache.
    ask(f"tma {text}")
    ask(f"tma {text}")

    with CaptureQueriesContext(connection) as queries:
        assert ask(f"tma {text}").status_code == 200
    assert len(queries) == 0


def test_ended_session_stays_ended(platform):
    text = init_data(platform.token)
    ask(f"tma {text}")
    revoke_session(session_id=Session.objects.get().pk)

    for answer in (ask(f"tma {text}"), sign_in(text)):
        assert (answer.status_code, answer.json()["code"]) == (401, "session_revoked")
    assert Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_same_string_many_times_at_once_is_one_session(platform):
    text = init_data(platform.token)

    answers = at_once(8, lambda _: ask(f"tma {text}").status_code)

    assert answers == [200] * 8
    assert (User.objects.count(), Session.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_different_strings_of_one_person_at_once_are_one_account(platform):
    texts = [init_data(platform.token, query_id=f"AA{number}") for number in range(8)]

    answers = at_once(8, lambda number: sign_in(texts[number]).status_code)

    assert answers == [200] * 8
    assert (User.objects.count(), Session.objects.count()) == (1, 8)


def forgeries(token: str, other_token: str) -> dict[str, tuple[str, str]]:
    """Return forged strings, each with the code of its refusal."""
    now = int(time.time())
    good = init_data(token)
    malformed, forged = "telegram_data_malformed", "telegram_data_forged"
    person = "telegram_person_invalid"
    nested = "[" * 1200

    def of(user: object) -> str:
        return init_data(token, user=user)

    return {
        "nothing": ("", malformed),
        "rubbish": ("hash=&auth_date=", malformed),
        "another bot's token": (init_data(other_token), forged),
        "the widget's key": (
            init_data(token, secret=__import__("hashlib").sha256(token.encode()).digest()),
            forged,
        ),
        "changed id": (good.replace("500", "501"), forged),
        "added field": (f"{good}&start_param=x", forged),
        "folded field": (
            init_data(token, query_id="AA1\nuser={}").replace("&user=", "&xuser="),
            malformed,
        ),
        "newline": (init_data(token, query_id="a\nb"), malformed),
        "doubled key": (f"{good}&auth_date={now}", malformed),
        "doubled hash": (f"{good}&hash={'0' * 64}", malformed),
        "bare key": (f"{good}&flag", malformed),
        "long key": (init_data(token, **{"k" * 33: "x"}), malformed),
        "key of digits": (init_data(token, key1="x"), malformed),
        "many fields": (init_data(token, **{f"k{'x' * n}": "x" for n in range(31)}), malformed),
        "long": (init_data(token, start_param="x" * 4096), malformed),
        "no UTF-8": (f"{good}&start_param=%ff", malformed),
        "not ASCII": (f"{good}&start_param=ы", malformed),
        "upper hash": (good[:-64] + good[-64:].upper(), malformed),
        "short hash": (good[:-1], malformed),
        "no hash": (good.partition("&hash=")[0], malformed),
        "old": (init_data(token, auth_date=str(now - 3700)), "telegram_data_expired"),
        "early": (init_data(token, auth_date=str(now + 90)), "telegram_data_early"),
        "other digits": (init_data(token, auth_date="١٢٣"), malformed),
        "negative date": (init_data(token, auth_date="-5"), malformed),
        "dotted date": (init_data(token, auth_date=f"{now}.5"), malformed),
        "endless date": (init_data(token, auth_date="9" * 400), malformed),
        "no date": (init_data(token, auth_date=None), malformed),
        "no user": (init_data(token, user=""), person),
        "user is a list": (of("[]"), person),
        "user is nested": (of(nested), person),
        "user is no JSON": (of("{"), person),
        "user with doubled keys": (of('{"id":500,"id":501}'), person),
        "id is text": (of({"id": "500"}), person),
        "id is true": (of({"id": True}), person),
        "id is a fraction": (of('{"id":500.0}'), person),
        "id is zero": (of({"id": 0}), person),
        "id is below zero": (of({"id": -5}), person),
        "id is too large": (of({"id": 2**52 + 1}), person),
        "id is endless": (of('{"id":' + "9" * 2000 + "}"), person),
        "no id": (of({"first_name": "x"}), person),
        "a bot": (of({"id": 500, "is_bot": True}), person),
    }


@pytest.mark.parametrize("name", list(forgeries("1:a", "2:b")))
def test_forged_data_is_refused_with_a_code(platform, make_bot, organization, name):
    other = make_bot(organization)
    text, code = forgeries(platform.token, other.token)[name]

    answer = sign_in(text)

    assert (answer.status_code, answer.json()["code"]) == (
        401,
        code,
    )
    if text.isascii() and "hash=" in text and "auth_date=" in text:
        answer = ask(f"Bearer {text}")
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert not User.objects.filter(telegram_id__isnull=False).exists()
    assert not Session.objects.exists()


def test_the_forgeries_begin_at_something_good(platform):
    """The control: what they are made of signs in."""
    text = init_data(platform.token, start_param="a b", chat_type="", new_field_of_telegram="x")

    assert sign_in(text).status_code == 200


def test_slashes_stay_as_they_were_signed(platform):
    user = json.dumps({**USER, "photo_url": "https://t.me/i"}).replace("/", "\\/")

    assert sign_in(init_data(platform.token, user=user)).status_code == 200


@pytest.mark.parametrize("name", ["a\\u0000b", "\\ud800", "x" * 300, "\\n", ""])
def test_any_name_can_be_stored(platform, name):
    answer = sign_in(init_data(platform.token, user=f'{{"id":500,"first_name":"{name}"}}'))

    assert answer.status_code == 200


def test_organizations_bot_convinces_by_telegrams_key_alone(shop_bot):
    """Its owner knows the token, and could sign for anybody."""
    name = str(shop_bot.bot.pk)
    by_token = sign_in(init_data(shop_bot.token), bot=name)
    by_telegram = sign_in(signed_init_data(shop_bot.bot.telegram_id), bot=name)

    assert (by_token.status_code, by_token.json()["code"]) == (401, "telegram_data_forged")
    assert by_telegram.status_code == 200
    session = Session.objects.get()
    assert (session.bot_id, session.authenticated_at) == (shop_bot.bot.pk, None)


@pytest.mark.parametrize("how", ["id", "telegram id", "user name"])
def test_bot_is_named_by_header_or_address(shop_bot, how):
    bot = shop_bot.bot
    names = {"id": str(bot.pk), "telegram id": str(bot.telegram_id), "user name": bot.username}
    text = signed_init_data(bot.telegram_id)

    assert ask(f"tma {text}", HTTP_X_TELEGRAM_BOT=names[how]).status_code == 200
    assert (
        APIClient().get(f"{ME}?bot={names[how]}", HTTP_AUTHORIZATION=f"tma {text}").status_code
        == 200
    )
    assert Session.objects.count() == 1


def test_no_other_bot_is_tried(platform, shop_bot):
    """Data of the organization's bot, sent where the platform's is meant, and the other way."""
    theirs = signed_init_data(shop_bot.bot.telegram_id)
    ours = init_data(platform.token)

    assert sign_in(theirs).json()["code"] == "telegram_data_forged"
    assert sign_in(ours, bot=shop_bot.bot.username).json()["code"] == "telegram_data_forged"
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "name", ["nobody_bot", "0", "9" * 30, "a\x00b", "' OR 1=1", "٣", "-1", "x" * 65]
)
def test_unknown_bot(platform, name):
    answer = ask(f"tma {init_data(platform.token)}", HTTP_X_TELEGRAM_BOT=name)

    assert (answer.status_code, answer.json()["code"]) == (401, "telegram_bot_unknown")


def test_switched_off_bot_vouches_for_nobody(platform):
    platform.bot.status = "inactive"
    platform.bot.save()

    assert sign_in(init_data(platform.token)).json()["code"] == "telegram_bot_unknown"


@pytest.mark.parametrize("change", ["signature", "key", "bot", "field", "no signature"])
def test_forged_third_party_signature(shop_bot, change):
    bot_id = shop_bot.bot.telegram_id
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    good = signed_init_data(bot_id)
    text = {
        "signature": good.replace("signature=", "signature=A", 1)[: len(good)],
        "key": signed_init_data(bot_id, key=Ed25519PrivateKey.generate()),
        "bot": signed_init_data(bot_id + 1),
        "field": good.replace("Ivan", "Boris"),
        "no signature": "&".join(p for p in good.split("&") if not p.startswith("signature")),
    }[change]

    answer = sign_in(text, bot=str(bot_id))

    assert answer.status_code == 401
    assert answer.json()["code"] in ("telegram_data_forged", "telegram_data_malformed")
    assert not Session.objects.exists()


@pytest.mark.parametrize("standing", ["staff", "member elsewhere"])
def test_organizations_bot_opens_no_account_with_power(
    shop_bot, stranger, other_organization, standing
):
    """Whoever runs the bot's Mini App sees the initData of all who open it."""
    stranger.telegram_id = 500
    stranger.role = "ADMIN" if standing == "staff" else "USER"
    stranger.save()
    if standing == "staff":
        Membership.objects.filter(user=stranger).delete()

    answer = sign_in(signed_init_data(shop_bot.bot.telegram_id), bot=shop_bot.bot.username)

    assert (answer.status_code, answer.json()["code"]) == (401, "telegram_bot_untrusted")
    assert not Session.objects.exists()


def test_banned_person_stays_out(platform, owner):
    text = init_data(platform.token)
    sign_in(text)
    User.objects.filter(telegram_id=500).update(is_active=False)
    revoke_all(user_id=User.objects.get(telegram_id=500).pk, reason="banned")

    assert sign_in(text).json()["code"] == "session_revoked"
    answer = sign_in(init_data(platform.token, query_id="AA2"))
    assert (answer.status_code, answer.json()["code"]) == (401, "account_blocked")


@pytest.mark.django_db(transaction=True)
def test_closed_registration_keeps_new_people_out_and_old_ones_in(platform, staff):
    sign_in(init_data(platform.token))
    update_site_settings(actor=staff, changes={"is_registration_open": False})

    assert sign_in(init_data(platform.token, query_id="AA2")).status_code == 200
    new = sign_in(init_data(platform.token, user={**USER, "id": 600}))
    assert (new.status_code, new.json()["code"]) == (403, "registration_closed")
    assert not User.objects.filter(telegram_id=600).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("may_write", "state"), [(True, "active"), (False, "never_started"), (None, None)]
)
def test_what_telegram_says_of_writing_is_kept(platform, may_write, state):
    user = USER if may_write is None else {**USER, "allows_write_to_pm": may_write}
    sign_in(init_data(platform.token, user=user))

    addresses = User.objects.get(telegram_id=500).channel_addresses
    assert [address.state for address in addresses.all()] == ([state] if state else [])


def test_names_follow_telegram_only_where_nothing_was_entered(platform):
    sign_in(init_data(platform.token))
    User.objects.update(first_name="Vanya")
    sign_in(init_data(platform.token, user={**USER, "username": "ivan2", "first_name": "Other"}))

    user = User.objects.get()
    assert (user.first_name, user.telegram_username) == ("Vanya", "ivan2")
    assert not user.has_usable_password()


def test_widget_data_is_no_init_data(platform):
    from urllib.parse import urlencode

    assert sign_in(urlencode(widget_data(platform.token))).status_code == 401
