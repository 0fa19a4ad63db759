import pytest

from integrations.tests.panels import GENERATIONS, Panel


@pytest.fixture
def sandbox(sandbox, settings):
    """The outside world, told of an address on this machine where nobody listens."""
    settings.SITE_URL = "http://127.0.0.1:9"
    return sandbox


@pytest.fixture
def make_panel(sandbox, settings):
    """Return a maker of 3X-UI panels of the sandbox, where they may stand."""
    settings.XUI_ALLOWED_HOSTS = [f"127.0.0.1:{sandbox.port}"]
    settings.XUI_TIMEOUT_SECONDS = 0.5
    made = []

    def make(generation, **options):
        made.append(Panel(sandbox, generation, **options))
        return made[-1]

    yield make
    for panel in made:
        panel.client.close()


@pytest.fixture(params=GENERATIONS)
def panel(request, make_panel):
    """A panel of each generation in turn."""
    return make_panel(request.param)
