import re
import time

import pytest
from redis.connection import Connection

from config.lib import ratelimit, tally
from config.lib.redis import get_redis_at
from config.lib.tally import Tally, window_of

pytestmark = pytest.mark.urls("config.tests.urls")

POLICY = re.compile(r'"(?P<name>\w+)";q=(?P<quota>\d+);w=(?P<window>\d+)')
LEFT = re.compile(r'"(?P<name>\w+)";r=(?P<left>\d+);t=(?P<reset>\d+)')


def test_every_answer_says_what_is_left(client, limits):
    limits.DEFAULT_REQUESTS_PER_MINUTE = 3
    first = client.get("/api/probe/echo")
    second = client.get("/api/probe/echo")
    assert first["RateLimit-Policy"] == '"default";q=3;w=60'
    assert LEFT.fullmatch(first["RateLimit"])["left"] == "2"
    assert LEFT.fullmatch(second["RateLimit"])["left"] == "1"
    assert 1 <= int(LEFT.fullmatch(first["RateLimit"])["reset"]) <= 60


def test_an_address_that_asks_too_much_is_refused(client, limits):
    limits.DEFAULT_REQUESTS_PER_MINUTE = 2
    assert [client.get("/api/probe/echo").status_code for _ in range(4)] == [200, 200, 429, 429]
    refused = client.get("/api/probe/echo")
    problem = refused.json()
    assert refused["Content-Type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (429, "rate_limited")
    assert problem["request_id"] == refused["X-Request-ID"]
    assert refused["Retry-After"] == LEFT.fullmatch(refused["RateLimit"])["reset"]
    assert LEFT.fullmatch(refused["RateLimit"])["left"] == "0"


def test_addresses_are_counted_apart(client, limits):
    limits.DEFAULT_REQUESTS_PER_MINUTE = 1
    limits.TRUSTED_PROXIES = 1
    codes = [
        client.get("/api/probe/echo", headers={"X-Forwarded-For": address}).status_code
        for address in (
            "1.1.1.1",
            "1.1.1.1",
            "2.2.2.2",
            "9.9.9.9, 2.2.2.2",
            "2001:db8::1",
            "2001:db8::2",
        )
    ]
    assert codes == [200, 429, 200, 429, 200, 429]


@pytest.mark.parametrize(
    "path",
    ["/static/none.css", "/api/webhooks/avito", "/metrics", "/api/v1/health/liveness"],
)
def test_some_paths_are_never_counted(client, limits, path, db):
    limits.DEFAULT_REQUESTS_PER_MINUTE = 1
    for _ in range(3):
        answer = client.get(path)
        assert answer.status_code != 429
        assert "RateLimit" not in answer


def test_the_switch_turns_everything_off(client, limits):
    limits.RATE_LIMIT_ENABLED = False
    limits.DEFAULT_REQUESTS_PER_MINUTE = 1
    answers = [client.post("/api/probe/letters") for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit-Policy" not in answers[0]


@pytest.mark.django_db
def test_a_person_gets_a_page(client, limits):
    limits.DEFAULT_REQUESTS_PER_MINUTE = 1
    client.get("/probe/echo")
    refused = client.get(
        "/probe/echo", headers={"Accept": "text/html,*/*", "Accept-Language": "en"}
    )
    assert refused.status_code == 429
    assert refused["Content-Type"].startswith("text/html")
    assert "Too many requests" in refused.content.decode()
    assert int(refused["Retry-After"]) > 0


def test_a_route_has_a_limit_of_its_own_beside_the_site_wide_one(client, limits):
    answers = [client.get("/api/probe/letters") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    names = [match["name"] for match in POLICY.finditer(answers[2]["RateLimit-Policy"])]
    assert names == ["default", "letters"]
    assert [m["left"] for m in LEFT.finditer(answers[2]["RateLimit"])] == ["997", "0"]
    assert client.get("/api/probe/echo").status_code == 200


def test_a_class_is_limited_by_a_rate_read_at_each_call(client, limits):
    answers = [client.get("/api/probe/class") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert POLICY.findall(answers[1]["RateLimit-Policy"])[1] == ("class", "1", "10")
    assert answers[1].json()["code"] == "rate_limited"


def test_a_method_of_a_drf_view_is_limited(client, limits):
    answers = [client.post("/api/probe/api") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json()["code"] == "rate_limited"
    assert POLICY.findall(answers[1]["RateLimit-Policy"])[1] == ("api", "1", "60")


def test_people_are_counted_by_who_they_are(rf, limits, db):
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

    ask = ratelimit.limited("by_user", "1/m", key="user")(lambda request: "ok")

    def request(user):
        made = rf.get("/")
        made.user = user
        return made

    anna, boris = User(pk=1), User(pk=2)
    assert [ask(request(user)) for user in (anna, boris, AnonymousUser())] == ["ok"] * 3
    for user in (anna, boris, AnonymousUser()):
        with pytest.raises(ratelimit.RateLimitedError):
            ask(request(user))


@pytest.mark.parametrize(
    ("rate", "seconds"), [("5/s", 1), ("5/m", 60), ("5/10s", 10), ("2/3h", 10800), ("1/d", 86400)]
)
def test_a_policy_states_its_window(rf, limits, rate, seconds):
    request = rf.get("/")
    ratelimit.spend(request, group="g", rate=rate, key=lambda _: "somebody")
    assert request.rate_limits[0].window_seconds == seconds


def test_counting_is_one_round_trip_and_the_count_ends_with_its_window(
    rf, limits, redis, monkeypatch
):
    sent = []
    send = Connection.send_command
    monkeypatch.setattr(
        Connection,
        "send_command",
        lambda self, *args, **how: sent.append(args[0]) or send(self, *args, **how),
    )
    request = rf.get("/")
    for _ in range(5):
        ratelimit.spend(request, group="g", rate="10/m", key=lambda _: "somebody")
    assert sent == ["EVAL"] * 5
    assert [usage.used for usage in request.rate_limits] == [1, 2, 3, 4, 5]
    (key,) = redis.keys("*")
    assert 0 < redis.ttl(key) <= 65


def test_processes_tell_each_other_of_a_twentieth_part_at_a_time(redis, settings):
    url = settings.RATE_LIMIT_REDIS_URL
    window = window_of("g", "somebody", limit=60, seconds=60)
    here, there = Tally(), Tally()

    assert [here.add(window, url=url) for _ in range(2)] == [1, 2]
    assert redis.keys("*") == []
    assert here.add(window, url=url) == 3
    assert redis.get(window.name) == "3"
    # The other one knows of these when it tells of its own.
    assert [there.add(window, url=url) for _ in range(3)] == [1, 2, 6]
    assert [here.add(window, url=url) for _ in range(3)] == [4, 5, 9]
    assert 60 <= redis.ttl(window.name) <= 65


def test_a_key_is_not_to_be_read_in_redis_and_has_windows_of_its_own(redis, settings):
    windows = [window_of("g", key, limit=1, seconds=600) for key in ("secret-1", "secret-2")]
    for window in windows:
        Tally().add(window, url=settings.RATE_LIMIT_REDIS_URL)

    assert len(redis.keys("*")) == 2
    assert not any("secret" in name for name in redis.keys("*"))
    assert windows[0].ends_at != windows[1].ends_at


def test_what_is_not_told_yet_takes_little_memory(redis, settings, monkeypatch):
    monkeypatch.setattr("config.lib.tally.MOST_KEPT", 2)
    tally = Tally()
    for number in range(5):
        window = window_of("g", str(number), limit=100, seconds=60)
        assert tally.add(window, url=settings.RATE_LIMIT_REDIS_URL) == 1
    assert len(tally._counts) <= 2


def test_without_redis_requests_pass_quickly_and_it_is_said_once(
    client, limits, redis_gone, caplog
):
    ratelimit._lost._silent_until = 0.0
    began = time.monotonic()
    answers = [client.get("/api/probe/letters") for _ in range(30)]
    assert time.monotonic() - began < 3
    assert {answer.status_code for answer in answers} == {200}
    assert "letters" not in answers[0]["RateLimit-Policy"]
    assert [r.message for r in caplog.records].count("rate limits are not counted") == 1
    assert get_redis_at(redis_gone)._closed_until > began


def test_a_full_window_looks_full_to_others_while_redis_is_told_of_it(monkeypatch):
    counts = Tally()
    window = window_of("group", "somebody", limit=60, seconds=60)
    seen = []

    def tell(_window, uses, *, url):
        """Redis, slow: meanwhile another thread counts one use."""
        if len(seen) < 2:
            seen.append(0)
            seen[-1] = counts.add(window, url=url)
        return 57 + uses

    monkeypatch.setattr(tally, "_tell", tell)
    for _ in range(2 * window.step):
        counts.add(window, url="")

    assert seen == [1, 61]
