import base64
from dataclasses import replace
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from integrations.checks import check_rates, check_secrets_keys, check_site_url
from integrations.metrics import secrets_up
from integrations.models import Bot
from integrations.services import bots, secrets
from integrations.services.sealed_fields import rotate, sealed_fields
from integrations.services.secrets import (
    SecretRef,
    SecretsUnavailableError,
    SecretUnreadableError,
)

TOKEN = "123456789:AAmarker-of-a-secret-token-000000ab12"
REF = SecretRef(purpose="telegram.bot_token", model="integrations.Bot", pk="1", owner="7")


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


OLD = f"k1:{key('a')}"
NEW = f"k2:{key('b')}"


@pytest.fixture
def old_key(settings):
    settings.SECRETS_KEYS = OLD


def make_bots(organization, count, *, first=1):
    made = []
    for number in range(first, first + count):
        bot = Bot(organization=organization, name="b", telegram_id=number, username=f"b{number}")
        bot.sealed_token = secrets.seal(bots.token_ref(bot), f"{number}:{TOKEN}")
        bot.save()
        made.append(bot)
    return made


def test_what_is_sealed_opens_in_its_place_and_shows_nothing(old_key):
    token = secrets.seal(REF, TOKEN)
    assert token.startswith("dps1.local.k1.")
    assert "marker" not in token
    assert secrets.open(REF, token) == TOKEN.encode()
    assert secrets.seal(REF, TOKEN) != token
    assert secrets.key_id(token) == "k1"


@pytest.mark.parametrize("part", ["purpose", "model", "pk", "owner"])
def test_a_secret_moved_to_another_place_does_not_open(old_key, part):
    token = secrets.seal(REF, TOKEN)
    with pytest.raises(SecretUnreadableError) as refusal:
        secrets.open(replace(REF, **{part: "other"}), token)
    assert (refusal.value.status, refusal.value.error_code) == (503, "secret_unreadable")


@pytest.mark.parametrize(
    "damage",
    [
        lambda token: token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB"),
        lambda token: token[:25],
        lambda token: token.replace("dps1", "dps2"),
        lambda token: "nonsense",
        lambda token: token + "ж",
    ],
)
def test_a_damaged_secret_is_refused_with_its_own_error(old_key, damage):
    with pytest.raises(SecretUnreadableError):
        secrets.open(REF, damage(secrets.seal(REF, TOKEN)))


def test_the_first_key_seals_and_all_open(settings, old_key):
    token = secrets.seal(REF, TOKEN)
    settings.SECRETS_KEYS = f"{NEW},{OLD}"
    assert secrets.open(REF, token) == TOKEN.encode()
    moved = secrets.rewrap(REF, token)
    assert secrets.key_id(moved) == "k2"
    assert secrets.rewrap(REF, moved) == moved
    settings.SECRETS_KEYS = NEW
    assert secrets.open(REF, moved) == TOKEN.encode()
    with pytest.raises(SecretsUnavailableError) as refusal:
        secrets.open(REF, token)
    assert refusal.value.error_code == "secrets_unavailable"


@pytest.mark.parametrize(
    "text",
    ["", "k1", "k1:short", f"k1:{key('a')},k1:{key('b')}", f"k.1:{key('a')}", ":" + key("a")],
)
def test_unusable_keys_are_named_by_the_check_and_the_health(settings, text):
    settings.SECRETS_KEYS = text
    with pytest.raises(ImproperlyConfigured):
        secrets.parse_keys(text)
    assert [problem.id for problem in check_secrets_keys()] == ["integrations.E001"]
    assert not secrets.health().is_up
    assert secrets_up()[0].samples[0].value == 0
    assert key("a")[:20] not in secrets.health().error


def test_good_settings_pass_the_checks(settings, old_key):
    settings.SITE_URL = "https://depesha.example"
    assert check_secrets_keys() == check_rates() == check_site_url() == []
    assert secrets.health() == secrets.Health(backend="local", key_id="k1")
    sample = secrets_up()[0].samples[0]
    assert (sample.name, sample.labels, sample.value) == (
        "depesha_secrets_up",
        {"backend": "local"},
        1,
    )


def test_allowances_that_stop_everything_and_an_open_address_are_reported(settings):
    settings.AVITO_PER_SECOND = 0
    settings.SITE_URL = "http://depesha.example"
    assert [problem.msg for problem in check_rates()] == [
        "AVITO_PER_SECOND must be greater than 0."
    ]
    assert [problem.id for problem in check_site_url()] == ["integrations.W001"]


def test_a_hint_shows_the_bot_and_four_characters():
    assert secrets.token_hint(TOKEN) == "123456789:…ab12"
    assert secrets.token_hint("1:short") == "1:…"


def test_every_sealed_field_of_this_app_is_known():
    assert {field.label for field in sealed_fields()} >= {
        "integrations.Bot.sealed_token",
        "integrations.AvitoAccount.sealed_client_secret",
        "integrations.AvitoAccount.sealed_access_token",
    }


@pytest.mark.django_db
def test_rotation_moves_every_row_and_only_then_may_the_old_key_go(settings, old_key, organization):
    made = make_bots(organization, 5)
    settings.SECRETS_KEYS = f"{NEW},{OLD}"
    with pytest.raises(CommandError, match="k1 still seals 5 secrets"):
        run("secrets_status", may_drop="k1")
    assert "Bot.sealed_token: 5 to seal anew" in run("rotate_secrets", dry_run=True)
    assert "dps1.local.k1" in Bot.objects.get(pk=made[0].pk).sealed_token
    assert "5 sealed anew, 0 left, 0 unreadable" in run("rotate_secrets", batch=2)
    settings.SECRETS_KEYS = NEW
    assert [bots.open_token(bot) for bot in Bot.objects.order_by("telegram_id")] == [
        f"{number}:{TOKEN}" for number in range(1, 6)
    ]
    assert "k1 may be dropped" in run("secrets_status", may_drop="k1")
    with pytest.raises(CommandError, match="current key"):
        run("secrets_status", may_drop="k2")


@pytest.mark.django_db
def test_rotation_goes_on_behind_a_secret_that_nobody_can_open(settings, old_key, organization):
    make_bots(organization, 3)
    Bot.objects.filter(telegram_id=2).update(sealed_token=secrets.seal(REF, TOKEN))
    settings.SECRETS_KEYS = f"{NEW},{OLD}"
    with pytest.raises(CommandError, match="1 secrets could not be opened"):
        run("rotate_secrets", batch=1)
    keys = [secrets.key_id(bot.sealed_token) for bot in Bot.objects.order_by("telegram_id")]
    assert keys == ["k2", "k1", "k2"]


@pytest.mark.django_db
def test_rotation_of_one_purpose_leaves_the_others(settings, old_key, organization):
    make_bots(organization, 1)
    settings.SECRETS_KEYS = f"{NEW},{OLD}"
    run("rotate_secrets", purpose="avito.client_secret")
    assert secrets.key_id(Bot.objects.get().sealed_token) == "k1"
    run("rotate_secrets", purpose="telegram.bot_token")
    assert secrets.key_id(Bot.objects.get().sealed_token) == "k2"


@pytest.mark.django_db(transaction=True)
def test_rotation_passes_over_a_row_that_somebody_holds_and_finds_it_later(
    settings, old_key, organization
):
    held = make_bots(organization, 3)[1]
    settings.SECRETS_KEYS = f"{NEW},{OLD}"
    field = next(
        field for field in sealed_fields() if field.label == "integrations.Bot.sealed_token"
    )
    is_locked, may_end = Event(), Event()

    def hold():
        with transaction.atomic():
            Bot.objects.select_for_update().get(pk=held.pk)
            is_locked.set()
            may_end.wait(10)
        connection.close()

    thread = Thread(target=hold)
    thread.start()
    is_locked.wait(10)
    try:
        first = rotate(field)
    finally:
        may_end.set()
        thread.join()
    assert (first.rewrapped, first.left) == (2, 1)
    second = rotate(field)
    assert (second.rewrapped, second.left) == (1, 0)


def run(command: str, **options) -> str:
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()
