import pytest

from vpnconfigs.tests.panels import GENERATIONS, ShopPanel, may_stand


@pytest.fixture
def shop_panel(db, sandbox, settings):
    """Return a maker of panels that the shop sells from."""
    may_stand(sandbox, settings)

    def make(generation="g3b", **options) -> ShopPanel:
        return ShopPanel(sandbox, generation, **options)

    return make


@pytest.fixture(params=GENERATIONS)
def panel(request, shop_panel):
    """A panel of each generation in turn, with its row and inbounds that are sold."""
    return shop_panel(request.param)
