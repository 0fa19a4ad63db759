import time

import pytest

from config.lib.redis import PAUSE_SECONDS, RedisError, get_redis, get_redis_at
from config.tests.conftest import GONE


def test_answers_are_text(redis):
    redis.set("word", "слово")
    assert redis.get("word") == "слово"


def test_one_client_for_each_server(settings):
    assert get_redis() is get_redis()
    assert get_redis() is get_redis_at(settings.REDIS_URL)
    assert get_redis_at(GONE) is not get_redis()


def test_a_lost_server_is_not_asked_again_for_a_while():
    client = get_redis_at(GONE)
    client._closed_until = 0.0
    with pytest.raises(RedisError, match="refused"):
        client.ping()
    with pytest.raises(RedisError, match="a moment ago"):
        client.ping()
    client._closed_until = time.monotonic() - PAUSE_SECONDS
    with pytest.raises(RedisError, match="refused"):
        client.ping()


def test_the_loss_of_one_server_says_nothing_about_another(redis):
    with pytest.raises(RedisError):
        get_redis_at(GONE).ping()
    assert redis.ping()


def test_a_wrong_command_is_no_loss(redis):
    redis.set("text", "x")
    with pytest.raises(RedisError, match="integer"):
        redis.incr("text")
    assert redis.ping()
