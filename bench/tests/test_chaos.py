"""`make chaos` in small: a whole site, broken while it relays, and what it said on the wires."""

import asyncio

import pytest

from bench import specs
from bench.chaos import storm
from bench.site import Site

SMALL = storm.Size(dialogs=6, messages=5, pace=2.0)
# Not avito.deleteMessage: what is taken back before it has left is never spoken of.
SPOKEN = {
    *("telegram.createForumTopic", "telegram.sendMessage", "telegram.sendPhoto"),
    *("telegram.sendVoice", "telegram.setMessageReaction", "telegram.editMessageText"),
    *("avito.sendMessage", "avito.sendImage", "avito.uploadImages"),
}


@pytest.mark.whole_site
def test_nothing_is_lost_and_nothing_happens_twice_while_everything_breaks(tmp_path, monkeypatch):
    specs.require(specs.TELEGRAM, specs.AVITO)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    with Site("storm", storm.SETTINGS) as site:
        result = asyncio.run(storm.run_storm(site, SMALL, say=print))
    broken = {check.name: check.broken for check in result.checks if not check.is_kept}
    assert not broken
    assert {call["on"] for call in result.calls} >= SPOKEN
    assert specs.find_breaches_in_journal(result.calls) == []
