"""What higher apps let an organization set, beside its name, at ``/api/clients/{id}``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import Organization, User
from config.lib.registry import Registry

Read = Callable[[Organization], Mapping[str, Any]]
Write = Callable[[User, Organization, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Fields:
    """Some fields of an organization that another app keeps.

    :param serializer: a DRF serializer that declares them, for reading and for a partial change.
    :param read: returns the values of all of them.
    :param write: stores those that are given, for a member who may manage the organization;
        within a transaction that a refusal undoes.
    """

    serializer: type[Any]
    read: Read
    write: Write


registered: Registry[Fields] = Registry("organization fields")


def register_fields(prefix: str, *, serializer: type[Any], read: Read, write: Write) -> None:
    """Add fields whose names begin with ``prefix``. Called in ``AppConfig.ready()`` only."""
    registered.register(prefix, Fields(serializer=serializer, read=read, write=write))


def read_fields(organization: Organization) -> dict[str, Any]:
    """Return the values of everything that is registered, by field name."""
    values: dict[str, Any] = {}
    for fields in registered.values():
        values |= fields.read(organization)
    return values


def write_fields(actor: User, organization: Organization, changes: Mapping[str, Any]) -> None:
    """Store what is given of each app's fields; names that nobody registered are passed over.

    :raises InputError: an app refuses a value; what others have stored is for the caller to undo.
    """
    for prefix, fields in registered.items():
        own = {name: value for name, value in changes.items() if name.startswith(prefix)}
        if own:
            fields.write(actor, organization, own)
