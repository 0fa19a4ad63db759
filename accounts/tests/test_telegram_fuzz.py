"""A small share of ``make chaos``'s forged sign-ins: 2,000 strings, no fault, nobody gets in."""

import pytest
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.tests.telegram import init_data
from bench.chaos.forgery import forge

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


@pytest.mark.parametrize("way", WAYS)
def test_forged_strings(platform, way):
    good = init_data(platform.token)

    statuses = {send(way, text) for text in forge(700, good=good, seed=WAYS.index(way))}

    assert statuses <= {400, 401}
    assert not User.objects.exists()
    assert not Session.objects.exists()


def test_the_good_string_would_sign_in(platform):
    """The control: what the forged ones are made of is accepted, by body and as a bearer."""
    text = init_data(platform.token)

    assert [send(way, text) for way in ("body", "bearer")] == [200, 200]


def test_forgery_never_gives_back_what_it_began_with(platform):
    good = init_data(platform.token)
    strings = list(forge(2000, good=good, seed=7))

    assert good not in strings
    assert len(set(strings)) > 1500
