"""What the health report says of this app."""

from config.lib.health import Health, Reading
from integrations.models import AvitoAccount, Bot
from integrations.selectors.backlog import beat_age_seconds, inbox_backlog, outbox_backlog

BEAT_SILENT_SECONDS = 120
OLDEST_DUE_SECONDS = 300


def probe_beat() -> Reading:
    """Say whether beat has ticked lately: without it lost bells stay lost."""
    age = beat_age_seconds()
    if age is None:
        return Reading(Health.DEGRADED, "beat has not ticked yet")
    status = Health.DEGRADED if age > BEAT_SILENT_SECONDS else Health.HEALTHY
    return Reading(status, f"last tick {age:.0f} s ago", age, "s")


def probe_outbox() -> Reading:
    """Say how long the oldest due delivery has been waiting."""
    return _late("outbox", max((b.oldest_seconds for b in outbox_backlog().values()), default=0.0))


def probe_inbox() -> Reading:
    """Say how long the oldest due event has been waiting."""
    return _late("inbox", inbox_backlog().oldest_seconds)


def probe_bots() -> Reading:
    """Say how many bots have a token that Telegram refuses."""
    bad = Bot.objects.filter(status=Bot.Status.BAD_TOKEN).count()
    return Reading(
        Health.DEGRADED if bad else Health.HEALTHY, f"{bad} with a refused token", bad, "rows"
    )


def probe_avito() -> Reading:
    """Say how many Avito accounts cannot be used for a reason that only their owner can mend."""
    bad = AvitoAccount.objects.filter(
        status__in=[AvitoAccount.Status.BAD_CREDENTIALS, AvitoAccount.Status.NO_SUBSCRIPTION]
    ).count()
    return Reading(Health.DEGRADED if bad else Health.HEALTHY, f"{bad} refused", bad, "rows")


def _late(name: str, seconds: float) -> Reading:
    status = Health.DEGRADED if seconds > OLDEST_DUE_SECONDS else Health.HEALTHY
    return Reading(status, f"oldest due in the {name} waits {seconds:.0f} s", seconds, "s")
