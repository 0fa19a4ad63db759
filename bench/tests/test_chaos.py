"""`make chaos` in small: a whole site, broken while it relays, and what it said on the wires."""

import asyncio

import pytest

from bench import specs
from bench.chaos import storm
from bench.site import Site
from bench.wiretap import Wiretap
from conftest import free_port

SMALL = storm.Size(dialogs=6, messages=5, pace=2.0)


@pytest.mark.whole_site
def test_nothing_is_lost_and_nothing_happens_twice_while_everything_breaks(tmp_path, monkeypatch):
    specs.require(specs.TELEGRAM, specs.AVITO)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    site = Site("storm", storm.SETTINGS)
    with Wiretap(f"{site.sandbox_url}/avito", port=free_port()) as tap:
        site.settings["AVITO_API_BASE"] = tap.url
        with site:
            result = asyncio.run(storm.run_storm(site, SMALL, say=print))
    broken = {check.name: check.broken for check in result.checks if not check.is_kept}
    assert not broken
    assert {"telegram.createForumTopic", "telegram.sendMessage"} <= {c["on"] for c in result.calls}
    assert specs.find_telegram_breaches(result.calls) == []
    assert any(exchange.path.endswith("/messages") for exchange in tap.exchanges)
    assert specs.find_avito_breaches(tap.exchanges) == []
