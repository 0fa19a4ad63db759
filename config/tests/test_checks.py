import base64

import pytest
from django.core.checks import run_checks

from config import checks

KEY = base64.b64encode(b"k" * 32).decode()
SHORT = base64.b64encode(b"k" * 16).decode()


def found(check):
    return [message.id for message in check(None)]


@pytest.mark.parametrize(
    ("keys", "problems"),
    [
        (f"k1:{KEY}", []),
        (f"k2:{KEY},k1:{KEY}", []),
        (f"k2:{KEY}, k1:{KEY}", []),
        ("", ["config.E001"]),
        (KEY, ["config.E001"]),
        ("k1:", ["config.E001"]),
        (f"k1:{SHORT}", ["config.E001"]),
        ("k1:not-base64!", ["config.E001"]),
        (f"k1:{KEY},", ["config.E001"]),
        (f"k 1:{KEY}", ["config.E001"]),
        (f"k2:{SHORT},k1:{SHORT}", ["config.E001", "config.E001"]),
        (f"k1:{KEY},k1:{KEY}", ["config.E002"]),
    ],
)
def test_secrets_keys(settings, keys, problems):
    settings.SECRETS_KEYS = keys
    assert found(checks.check_secrets_keys) == problems


def test_no_message_shows_a_key(settings):
    settings.SECRETS_KEYS = f"k2:{SHORT},{KEY}"
    messages = checks.check_secrets_keys(None)
    assert len(messages) == 2
    for message in messages:
        assert SHORT not in str(message)
        assert KEY not in str(message)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEFAULT_REQUESTS_PER_MINUTE", 0),
        ("AUTH_REQUESTS_PER_MINUTE", -1),
        ("TRUSTED_PROXIES", -1),
        ("SWEEP_SECONDS", 0),
        ("ACCESS_TOKEN_TTL_SECONDS", 0),
    ],
)
def test_numbers_that_switch_something_off(settings, name, value):
    assert found(checks.check_numbers) == []
    setattr(settings, name, value)
    (message,) = checks.check_numbers(None)
    assert message.id == "config.E003"
    assert name in message.msg


@pytest.mark.parametrize("url", ["", "example.org", "ftp://example.org", "https://"])
def test_an_address_that_is_none(settings, url):
    settings.SITE_URL = url
    assert found(checks.check_site_url) == ["config.E004"]


class TestProduction:
    @pytest.fixture(autouse=True)
    def sound(self, settings):
        settings.IS_PRODUCTION = True
        settings.DEBUG = False
        settings.SECRET_KEY = "s" * 50
        settings.ALLOWED_HOSTS = ["example.org"]
        settings.SITE_URL = "https://example.org"
        settings.TRUSTED_PROXIES = 1
        return settings

    def test_a_sound_site_passes(self):
        assert found(checks.check_production) == []

    @pytest.mark.parametrize(
        ("name", "value", "problem"),
        [
            ("DEBUG", True, "config.E005"),
            ("SECRET_KEY", "short", "config.E006"),
            ("ALLOWED_HOSTS", ["*"], "config.E007"),
            ("SITE_URL", "http://example.org", "config.E008"),
            ("TRUSTED_PROXIES", 0, "config.W001"),
        ],
    )
    def test_what_is_fit_for_a_desk_only(self, sound, name, value, problem):
        setattr(sound, name, value)
        assert found(checks.check_production) == [problem]

    def test_metrics_for_other_machines_need_no_proxy(self, sound):
        sound.TRUSTED_PROXIES, sound.METRICS_ADDRESSES = 0, ["10.1.1.1"]
        assert found(checks.check_production) == []

    def test_other_settings_may_be_as_they_like(self, sound):
        sound.IS_PRODUCTION, sound.DEBUG = False, True
        assert found(checks.check_production) == []


def test_every_start_runs_them(settings):
    settings.SECRETS_KEYS = "nonsense"
    assert "config.E001" in [message.id for message in run_checks()]
