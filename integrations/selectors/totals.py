"""Figures about a bot that only the apps above can count; they register how."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from config.lib.registry import Registry

# Returns a number for each bot that has any, in one query.
Count = Callable[[Collection[UUID]], Mapping[UUID, int]]

_counts: Registry[Count] = Registry("figure of a bot")


@dataclass(frozen=True, slots=True)
class BotTotals:
    users: int = 0
    messages: int = 0
    leads: int = 0


def register_bot_figure(name: str, count: Count) -> None:
    """Say how ``users``, ``messages`` or ``leads`` of bots are counted."""
    _counts.register(name, count)


def totals_of(bot_ids: Collection[UUID]) -> dict[UUID, BotTotals]:
    """Return the figures of bots; 0 for what nobody counts."""
    found = {name: count(bot_ids) for name, count in _counts.items()}
    return {
        bot_id: BotTotals(**{name: numbers.get(bot_id, 0) for name, numbers in found.items()})
        for bot_id in bot_ids
    }
