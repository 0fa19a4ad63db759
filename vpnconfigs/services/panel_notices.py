"""Staff hear of panels that go away and come back."""

from django.utils import translation

from accounts.models import User
from notifications.services import notify_many
from notifications.services.rendering import language_of
from vpnconfigs.models import Panel
from vpnconfigs.selectors.people import staff

DOWN = "vpnconfigs.panel_down"
UP = "vpnconfigs.panel_up"


def tell_of_panel(panel: Panel, *, before: str, after: str) -> None:
    """Tell the staff of a panel's new state; of its first good one there is nothing to say."""
    is_up = after == Panel.State.UP
    if is_up and before == Panel.State.NEW:
        return
    kind = UP if is_up else DOWN
    since = panel.state_since.isoformat() if panel.state_since else ""
    context = {"panel": panel.name, "path": f"/admin/vpnconfigs/panel/{panel.pk}/change/"}
    rows = [
        (
            person.pk,
            context | {"state": _state_for(person, after)},
            f"{kind}:{panel.pk}:{since}:{person.pk}",
        )
        for person in staff()
    ]
    notify_many(kind=kind, rows=rows)


def _state_for(person: User, state: str) -> str:
    with translation.override(language_of(person)):
        return str(Panel.State(state).label)
