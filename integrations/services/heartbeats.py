"""Signs of life of periodic processes."""

from django.db.models.functions import Now

from integrations.models import BeatTick

BEAT = "beat"


def record_tick(name: str = BEAT) -> None:
    """Note that ``name`` is alive now, by the database's clock."""
    BeatTick.objects.update_or_create(name=name, defaults={"at": Now()})
