"""Every field that holds an envelope, so that a new key reaches all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Model, QuerySet, Value
from django.db.models.expressions import F, Func
from django.db.models.fields import CharField
from django.db.models.functions import Concat

from config.lib.registry import Registry
from integrations.services import secrets
from integrations.services.secrets import SecretRef

RefOf = Callable[[Any], SecretRef]


@dataclass(frozen=True, slots=True)
class SealedField:
    """A text field of a model. An empty text holds no secret."""

    model: type[Model]
    name: str
    ref_of: RefOf

    @property
    def label(self) -> str:
        return f"{self.model._meta.label}.{self.name}"

    def rows(self) -> QuerySet[Any]:
        """Return the rows that hold a secret."""
        return self.model._base_manager.exclude(**{self.name: ""})

    def stale_rows(self) -> QuerySet[Any]:
        """Return the rows whose secret is not sealed with the current key."""
        return self.rows().exclude(**{f"{self.name}__startswith": secrets.current_prefix()})

    def counts(self) -> dict[str, int]:
        """Return how many rows there are for each ``<back end>.<key id>``."""
        key = Concat(_part(self.name, 2), Value("."), _part(self.name, 3))
        found = self.rows().order_by().annotate(_key=key).values_list("_key").annotate(Count("pk"))
        return {str(name): number for name, number in found}


@dataclass(slots=True)
class Rotation:
    """What one run did with one field."""

    field: str
    rewrapped: int = 0
    unreadable: int = 0
    # Held by others at that moment; the next run finds them.
    left: int = 0


_fields: Registry[SealedField] = Registry("sealed field")


def register_sealed(model: type[Model], field: str, ref_of: RefOf) -> None:
    """Say that ``field`` of ``model`` holds envelopes. Called in ``AppConfig.ready()`` only.

    :param ref_of: returns the place of a row's secret.
    """
    entry = SealedField(model=model, name=field, ref_of=ref_of)
    _fields.register(entry.label, entry)


def sealed_fields() -> Iterator[SealedField]:
    """Return all of them, by label."""
    return (field for _label, field in _fields.items())


def rotate(field: SealedField, *, purpose: str = "", batch: int = 500) -> Rotation:
    """Seal every stale secret of a field anew, with the current key.

    Goes by primary key, a transaction for each batch; rows that others hold are passed over. May
    be stopped and run again at any time, and beside itself.

    :param purpose: only secrets of this purpose.
    :raises SecretsUnavailableError: the store of secrets is down; finished batches stay.
    """
    result = Rotation(field.label)
    last: Any = None
    while True:
        last, seen = _rotate_batch(field, result, after=last, purpose=purpose, batch=batch)
        if seen < batch:
            break
    result.left = max(0, field.stale_rows().count() - result.unreadable)
    return result


@transaction.atomic
def _rotate_batch(
    field: SealedField, result: Rotation, *, after: Any, purpose: str, batch: int
) -> tuple[Any, int]:
    rows = field.stale_rows().order_by("pk").select_for_update(skip_locked=True, of=("self",))
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found = list(rows[:batch])
    for row in found:
        ref = field.ref_of(row)
        if not purpose or ref.purpose == purpose:
            _rotate_row(field, row, ref, result)
    return (found[-1].pk if found else after), len(found)


def _rotate_row(field: SealedField, row: Any, ref: SecretRef, result: Rotation) -> None:
    try:
        token = secrets.rewrap(ref, getattr(row, field.name))
    except secrets.SecretUnreadableError:
        result.unreadable += 1
        return
    field.model._base_manager.filter(pk=row.pk).update(**{field.name: token})
    result.rewrapped += 1


def _part(field: str, number: int) -> Func:
    return Func(
        F(field), Value("."), Value(number), function="split_part", output_field=CharField()
    )
