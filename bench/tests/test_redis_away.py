import pytest
import redis

from bench.chaos.redis_away import OwnValkey


def test_a_server_of_our_own_starts_stops_and_forgets():
    with OwnValkey() as valkey:
        valkey.start()
        client = redis.Redis.from_url(valkey.url)
        client.set("bell", 1)
        valkey.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("bell")
        valkey.start()
        assert client.get("bell") is None
    with pytest.raises(redis.ConnectionError):
        client.ping()
