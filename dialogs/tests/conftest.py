import pytest

from dialogs.tests.relay import Relay


@pytest.fixture
def relay(live_site, sandbox, organization, bot_token):
    """A shop that is ready, with webhooks that reach the site."""
    return Relay(sandbox, organization, bot_token)
