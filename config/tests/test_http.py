import datetime
import threading
import time
from email.utils import format_datetime

import pytest
from prometheus_client import REGISTRY

from config.lib.http import (
    AmbiguousError,
    OutsideError,
    OutsideSession,
    PermanentError,
    SignInError,
    TooManyRequestsError,
    TransientError,
)

SECRET = "/bot123456:AAE" + "x" * 32


@pytest.fixture
def session(outside):
    made = OutsideSession(outside.url, name="outside", connect_seconds=0.5, read_seconds=0.3)
    yield made
    made.close()


def answering(status, body=b"{}", **headers):
    return lambda call: call.reply(status, body, **headers)


def silence(call):
    time.sleep(0.6)
    call.hang_up()


def test_a_call_carries_what_it_was_given(outside, session):
    outside.play = answering(201, b'{"id": 5}', X_Kept="yes")
    answer = session.call(
        "POST", "/items", params={"page": 2}, json={"a": 1}, headers={"X-Own": "z"}
    )
    assert (answer.status, answer.json(), answer.headers["x-kept"]) == (201, {"id": 5}, "yes")
    ((method, path, headers, body),) = outside.seen
    assert (method, path, headers["X-Own"], body) == ("POST", "/items?page=2", "z", b'{"a": 1}')


def test_connections_are_kept_between_calls(outside, session):
    ports = set()

    def play(call):
        ports.add(call.client_address)
        call.reply()

    outside.play = play
    for _ in range(5):
        session.call("GET", "/")
    assert len(ports) == 1


def test_threads_share_a_session(outside, session):
    outside.play = lambda call: call.reply(200, call.path.encode())
    results = {}

    def work(number):
        results[number] = session.call("GET", f"/{number}").body

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: f"/{number}".encode() for number in range(20)}


def test_no_cookie_of_one_call_is_sent_with_the_next(outside, session):
    outside.play = answering(200, Set_Cookie="who=me; Path=/")
    session.call("GET", "/")
    session.call("GET", "/")
    assert "Cookie" not in outside.seen[1][2]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_was_never_sent(method):
    session = OutsideSession("http://127.0.0.1:1", name="outside")
    with pytest.raises(TransientError, match="no connection"):
        session.call(method, SECRET)


@pytest.mark.parametrize(
    ("method", "is_safe", "error"),
    [
        ("GET", None, TransientError),
        ("POST", None, AmbiguousError),
        ("POST", True, TransientError),
        ("GET", False, AmbiguousError),
    ],
)
@pytest.mark.parametrize("play", [silence, lambda call: call.hang_up(), answering(500)])
def test_no_clear_answer_is_ambiguous_unless_the_call_is_harmless(
    outside, session, play, method, is_safe, error
):
    outside.play = play
    with pytest.raises(error) as raised:
        session.call(method, "/", is_safe=is_safe)
    assert type(raised.value) is error


def test_safe_calls_are_tried_again_and_others_never(outside, session):
    outside.play = answering(503)
    with pytest.raises(TransientError):
        session.call("GET", "/")
    assert len(outside.seen) == 3
    with pytest.raises(AmbiguousError):
        session.call("POST", "/")
    assert len(outside.seen) == 4


def test_a_safe_call_succeeds_on_the_second_try(outside, session):
    outside.play = lambda call: call.reply(502 if len(outside.seen) == 1 else 200)
    assert session.call("GET", "/").status == 200


def test_a_lost_token_is_told_apart(outside, session):
    outside.play = answering(401)
    with pytest.raises(SignInError):
        session.call("POST", "/")


@pytest.mark.parametrize(
    ("header", "seconds"), [("17", 17), ("0", 0), ("soon", None), ("", None), ("-5", None)]
)
def test_who_asks_to_wait_says_how_long(outside, session, header, seconds):
    outside.play = answering(429, Retry_After=header)
    with pytest.raises(TooManyRequestsError) as raised:
        session.call("POST", "/")
    assert raised.value.retry_after == seconds
    assert isinstance(raised.value, TransientError)
    assert len(outside.seen) == 1


def test_a_wait_may_be_a_date(outside, session):
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)
    outside.play = answering(429, Retry_After=format_datetime(moment, usegmt=True))
    with pytest.raises(TooManyRequestsError) as raised:
        session.call("GET", "/")
    assert 25 < raised.value.retry_after <= 30


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (b'{"error": {"code": 1100, "message": "Bad chat"}}', "1100", "Bad chat"),
        (b'{"error": "bad_scope", "error_description": "No."}', "bad_scope", "No."),
        (b'{"code": "x", "message": "y"}', "x", "y"),
        (b'{"ok": false, "description": "chat not found"}', "", "chat not found"),
        (b"<html>Forbidden</html>", "", ""),
        (b"[1]", "", ""),
        (b'{"error": {"message": "token=s3cret"}}', "", "token=[redacted]"),
    ],
)
def test_a_refusal_keeps_what_was_said(outside, session, body, code, text):
    outside.play = answering(403, body)
    with pytest.raises(PermanentError) as raised:
        session.call("POST", "/")
    assert (raised.value.status, raised.value.code, raised.value.text) == (403, code, text)


def test_a_redirect_is_not_followed(outside, session):
    outside.play = answering(302, Location=f"{outside.url}/elsewhere")
    with pytest.raises(PermanentError) as raised:
        session.call("GET", "/")
    assert raised.value.status == 302
    assert len(outside.seen) == 1


def test_an_answer_without_end_is_cut(outside):
    small = OutsideSession(outside.url, name="outside", max_bytes=1000)
    outside.play = answering(200, b"x" * 5000)
    with pytest.raises(PermanentError, match="too_large"):
        small.call("GET", "/")
    with pytest.raises(AmbiguousError, match="too large"):
        small.call("POST", "/")


def test_an_answer_that_drips_is_given_up(outside, session):
    def drip(call):
        call.send_response(200)
        call.end_headers()
        for _ in range(40):
            call.wfile.write(b"x" * 70_000)
            call.wfile.flush()
            time.sleep(0.1)

    outside.play = drip
    began = time.monotonic()
    with pytest.raises(TransientError, match="too long"):
        session.call("GET", "/")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(("method", "error"), [("GET", TransientError), ("POST", AmbiguousError)])
def test_a_body_that_is_not_json_is_no_success(outside, session, method, error):
    outside.play = answering(200, b"<html>")
    with pytest.raises(error, match="not JSON"):
        session.call(method, "/").json()


@pytest.mark.parametrize("play", [answering(400), answering(500), answering(401), silence])
def test_no_error_shows_an_address_or_its_cause(outside, session, play):
    outside.play = play
    with pytest.raises(OutsideError) as raised:
        session.call("POST", SECRET, headers={"Authorization": "Bearer very-secret"})
    error = raised.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    for leak in (SECRET, "very-secret", "127.0.0.1"):
        assert leak not in str(error)


def test_a_header_that_cannot_be_sent_is_refused_without_showing_it(session):
    with pytest.raises(PermanentError) as raised:
        session.call("GET", "/", headers={"Authorization": "Bearer a\nb"})
    assert "Bearer" not in str(raised.value)


def test_calls_are_counted_by_outcome(outside, session):
    def counted(outcome):
        labels = {"system": "outside", "outcome": outcome}
        return REGISTRY.get_sample_value("depesha_outside_calls_total", labels) or 0

    before = counted("ok"), counted("sign_in")
    session.call("GET", "/")
    outside.play = answering(401)
    with pytest.raises(SignInError):
        session.call("GET", "/")
    assert (counted("ok"), counted("sign_in")) == (before[0] + 1, before[1] + 1)
