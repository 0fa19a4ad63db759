"""What the address of the registration may say of who brought a person: ``/register?ref=<code>``.

An app above registers its parameter; without it such an address is as good as a plain one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from accounts.models import User
from config.lib.registry import Registry


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a parameter means.

    :param page: where a code leads on this site; empty for a code that means nothing. Ways of
        registering that keep no parameters go on there, and the page notes it.
    :param note: notes that a person who has just registered came by a code; refuses nothing.
    """

    page: Callable[[str], str]
    note: Callable[[User, str], None]


_arrivals: Registry[Arrival] = Registry("arrival")


def register_arrival(parameter: str, arrival: Arrival) -> None:
    """Say what ``/register?<parameter>=<code>`` means. Called in ``AppConfig.ready()`` only."""
    _arrivals.register(parameter, arrival)


def page_of_arrival(query: Mapping[str, str]) -> str:
    """Return where the parameters of an address lead on this site; empty if nowhere."""
    pages = (arrival.page(query[name]) for name, arrival in _arrivals.items() if name in query)
    return next(filter(None, pages), "")


def note_arrival(user: User, query: Mapping[str, str]) -> None:
    """Note by what a person came who has just registered."""
    for name, arrival in _arrivals.items():
        if name in query:
            arrival.note(user, query[name])
