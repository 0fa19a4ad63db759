"""A small share of ``make chaos``'s forged sign-ins: no fault, and nobody gets in."""

from collections import defaultdict

import pytest
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.tests.telegram import init_data
from bench.chaos.forgery import Target, forge, sorts
from bench.chaos.fuzz import ACCEPTED, verify

pytestmark = pytest.mark.django_db
LOGIN = "/api/auth/v1/login/social/telegram"
WAYS = ["body", "bearer", "widget"]


def send(way: str, text: str) -> int:
    client = APIClient(raise_request_exception=False)
    if way == "body":
        return client.post(LOGIN, {"init_data": text}, format="json").status_code
    if way == "widget":
        fields = dict(part.partition("=")[::2] for part in text.split("&"))
        return client.post("/api/auth/telegram", fields, format="json").status_code
    credentials = f"tma {text}".encode().decode("latin-1")
    return client.get("/api/auth/v1/me", HTTP_AUTHORIZATION=credentials).status_code


# What each sort must be refused for; the others may fail at several checks.
REASONS = {
    "not utf8": "telegram_data_malformed",
    "key twice": "telegram_data_malformed",
    "field added": "telegram_data_forged",
    "hash of another form": "telegram_data_malformed",
    "person written anew": "telegram_data_forged",
    "another bots token": "telegram_data_forged",
    "the widgets key": "telegram_data_forged",
    "key and message swapped": "telegram_data_forged",
    "folded": "telegram_data_malformed",
    "control character": "telegram_data_malformed",
    "key of another form": "telegram_data_malformed",
    "too many fields": "telegram_data_malformed",
    "too long": "telegram_data_malformed",
    "moment of another form": "telegram_data_malformed",
    "too old": "telegram_data_expired",
    "too early": "telegram_data_early",
    "nobody": "telegram_person_invalid",
    "third party signature": "telegram_data_forged",
}


@pytest.fixture
def target(platform):
    return Target(platform.token, init_data(platform.token))


@pytest.mark.parametrize("way", WAYS)
def test_forged_strings(target, way):
    forged = forge(700, target=target, seed=WAYS.index(way))

    assert {send(way, forgery.text) for forgery in forged} == {401}
    assert not User.objects.exists()
    assert not Session.objects.exists()


def test_every_sort_reaches_the_check_that_it_is_meant_for(target):
    reasons = defaultdict(set)
    for forgery in forge(3000, target=target, seed=5):
        reasons[forgery.sort].add(verify(forgery.text, token=target.token))

    assert set(reasons) == set(sorts())
    assert {sort: reasons[sort] for sort in REASONS} == {
        sort: {reason} for sort, reason in REASONS.items()
    }
    assert not any(ACCEPTED in found for found in reasons.values())


def test_the_good_string_would_sign_in(target):
    """The control: what the forged ones are made of is accepted, by body and as a bearer."""
    assert [send(way, target.good) for way in ("body", "bearer")] == [200, 200]
    assert verify(target.good, token=target.token) == ACCEPTED


def test_forgery_never_gives_back_what_it_began_with(target):
    strings = [forgery.text for forgery in forge(2000, target=target, seed=7)]

    assert target.good not in strings
    assert len(set(strings)) > 1500
