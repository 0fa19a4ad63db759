"""Mass actions, as any of the staff may watch them."""

import uuid

from django.db.models import QuerySet

from config.lib.errors import NotFoundError
from vpnconfigs.models import MassAction, MassActionRow

IN_ORDER = ("id",)


def get_mass_action(job_id: uuid.UUID) -> MassAction:
    """Return a mass action with its job.

    :raises NotFoundError: there is none.
    """
    mass = MassAction.objects.select_related("job").filter(job_id=job_id).first()
    if mass is None:
        raise NotFoundError
    return mass


def rows_of(mass: MassAction) -> QuerySet[MassActionRow]:
    """Return what came of each config."""
    return mass.rows.all()
