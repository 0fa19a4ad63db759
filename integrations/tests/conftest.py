import pytest


@pytest.fixture
def sandbox(sandbox, settings):
    """The outside world, told of an address on this machine where nobody listens."""
    settings.SITE_URL = "http://127.0.0.1:9"
    return sandbox
