import json
import logging
import sys
import time

import pytest

from config.lib.correlation import correlated, note
from config.lib.logs import ContextFilter, RedactingJsonFormatter, redact

BOT_TOKEN = "7012345678:AAE" + "x" * 32
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI1In0.c2lnbmF0dXJlLXBhcnQ"
SESSION = "1" + "Ab_-" * 90


def line(message, *args, exc_info=None, **extra):
    record = logging.getLogger("test").makeRecord(
        "test", logging.WARNING, "file.py", 1, message, args, exc_info, extra=extra
    )
    ContextFilter().filter(record)
    return json.loads(RedactingJsonFormatter().format(record))


def test_a_line_carries_time_level_logger_and_message():
    written = line("order %s taken", 5, order=5)
    assert written["level"] == "WARNING"
    assert written["logger"] == "test"
    assert written["message"] == "order 5 taken"
    assert written["order"] == 5
    assert written["timestamp"].endswith("Z")
    assert "T" in written["timestamp"]


def test_a_line_names_request_and_person_of_its_scope_only():
    with correlated("request-1"):
        note(user_id=7, tenant="t1")
        inside = line("hello")
    outside = line("hello")
    assert (inside["request_id"], inside["user_id"], inside["tenant"]) == ("request-1", 7, "t1")
    assert not {"request_id", "user_id", "tenant"} & set(outside)


def test_what_a_call_says_itself_is_not_overwritten():
    with correlated("request-1"):
        assert line("hello", request_id="mine")["request_id"] == "mine"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"GET https://api.telegram.org/bot{BOT_TOKEN}/getMe failed", BOT_TOKEN),
        (f"Authorization: Bearer {JWT}", JWT),
        ("Authorization: Bearer opaque-token-1", "opaque-token-1"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        (f"the answer was {JWT} and more", JWT),
        (f"session {SESSION} opened", SESSION),
        ("auth_date=1&hash=abcdef0123&user=5", "abcdef0123"),
        ("Authorization: tma auth_date=1&hash=abcdef0123", "abcdef0123"),
        ("/cb?access_token=s3cret&x=1", "s3cret"),
        ("/cb?token=s3cret", "s3cret"),
        ("token%3Ds3cret", "s3cret"),
        ("{'client_secret': 's3cret', 'a': 1}", "s3cret"),
        ('{"password": "s3cret"}', "s3cret"),
        ('{\\"password\\": \\"s3cret\\"}', "s3cret"),
        ("POST /api/webhooks/avito/0b1d/s3cret-path 200", "s3cret-path"),
        ("POST /api/webhooks/telegram/0b1d/s3cret-path?x=1", "s3cret-path"),
        ("POST /api/webhooks/yandex/s3cret-path 200", "s3cret-path"),
        ("Too Many Requests: /sub/s3cret-token?format=clash", "s3cret-token"),
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(text, secret):
    assert secret in text
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call +7 (999) 123-45-67 now", "call +7***67 now"),
        ("+79991234567", "+7***67"),
        ("89991234567", "8***67"),
        ("phone=79991234567&x", "phone=7***67&x"),
    ],
)
def test_a_phone_keeps_its_ends(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "chat -1001234567890 of bot 7012345678",
        "moved at 1795171200.123 in 00:01:02",
        "dialog 0b1d2c3e-0000-4000-8000-79991234567a",
        "GET /api/dialogs?limit=20&cursor=WzAsMV0",
        "order o1-89 for 1 234,56 ₽, tokens are counted",
    ],
)
def test_what_is_no_secret_stays_readable(text):
    assert redact(text) == text


def test_arguments_and_extras_are_redacted_at_any_depth():
    written = line(
        "sent to %s",
        f"bot{BOT_TOKEN}",
        url=f"/x?token={JWT}",
        call={"headers": {"Authorization": "Bearer abcdefgh"}, "steps": [("a", BOT_TOKEN)]},
        password="hunter2",
        phone=79991234567,
    )
    text = json.dumps(written)
    for secret in (BOT_TOKEN, JWT, "abcdefgh", "hunter2", "9991234567"):
        assert secret not in text
    assert written["call"]["headers"]["Authorization"] == "[redacted]"
    assert written["phone"] == "7***67"


def test_exception_text_is_redacted():
    try:
        raise ValueError(f"https://api.telegram.org/bot{BOT_TOKEN}/getMe")
    except ValueError:
        written = line("failed", exc_info=sys.exc_info())
    assert BOT_TOKEN not in written["exc_info"]
    assert "ValueError: https://api.telegram.org/bot[redacted]/getMe" in written["exc_info"]


def test_a_dictionary_as_message_is_redacted_too():
    assert line({"event": "x", "secret": "s3cret"})["secret"] == "[redacted]"


def test_arguments_that_do_not_fit_leave_a_line_with_both():
    written = line("%d orders, token=%s", "many", "s3cret")
    assert written["message"].startswith("%d orders")
    assert written["arguments"] == ["many", "s3cret"]
    assert written["log_error"].startswith("TypeError")


def test_an_extra_that_raises_leaves_the_line():
    class Broken:
        def __str__(self):
            raise RuntimeError("no")

    assert line("hello", thing=Broken())["thing"] == "<Broken: RuntimeError>"


def test_an_extra_that_contains_itself_ends():
    loop = {}
    loop["self"] = loop
    assert line("hello", loop=loop)["message"] == "hello"


@pytest.mark.parametrize(
    "piece", ["1", "7 ", "+7", "token ", "token_", "eyJ", "eyJ.", "Bearer ", "/api/webhooks/x/"]
)
def test_a_long_line_takes_no_longer_than_its_length(piece):
    began = time.perf_counter()
    redact(piece * 40_000)
    assert time.perf_counter() - began < 2


def test_one_line_per_record():
    record = logging.makeLogRecord({"msg": "a\nb", "name": "test", "levelname": "INFO"})
    assert "\n" not in RedactingJsonFormatter().format(record)


@pytest.mark.urls("config.tests.urls")
def test_a_refused_request_is_logged_with_its_id(client, caplog):
    client.get("/api/nothing", headers={"X-Request-ID": "request-of-mine"})
    record = next(r for r in caplog.records if r.name == "django.request")
    ContextFilter().filter(record)
    assert record.request_id == "request-of-mine"
