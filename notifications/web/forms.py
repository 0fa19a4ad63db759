from collections.abc import Sequence
from itertools import permutations
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from notifications.models import Preference
from notifications.selectors.addresses import Reach
from notifications.services.preferences import HOURS, Timing, frequency_of, in_order, optional_kinds

# With more channels than these there were hundreds of orders to choose of.
MOST_ORDERED = 4
FREQUENCIES = (
    ("instant", _("At once")),
    ("digest", _("In the digest")),
    ("off", _("On the site only")),
)


class TimingForm(forms.Form):
    """When somebody is told, in which order of channels, and each kind of notice how often."""

    quiet_from = forms.TimeField(
        label=_("Quiet from"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    quiet_to = forms.TimeField(
        label=_("Quiet to"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    digest_hour = forms.TypedChoiceField(
        label=_("Hour of the digest"),
        coerce=int,
        choices=[(hour, f"{hour:02}:00") for hour in range(HOURS)],
    )
    reach = forms.ChoiceField(
        label=_("Tell me"),
        choices=[
            (Preference.Reach.ALL, _("Over every channel")),
            (Preference.Reach.FIRST, _("Over the first that works")),
        ],
    )

    def __init__(self, data: Any = None, *, wishes: Preference, reach: Sequence[Reach]) -> None:
        super().__init__(data, initial=_initial(wishes))
        self._wishes = wishes
        reached = [each.channel for each in reach if each.address][:MOST_ORDERED]
        if len(reached) > 1:
            self.fields["order"] = forms.ChoiceField(
                label=_("Order"),
                choices=[
                    (
                        ",".join(each.name for each in order),
                        ", ".join(capfirst(str(each.label)) for each in order),
                    )
                    for order in permutations(reached)
                ],
                initial=",".join(each.name for each in in_order(reached, wishes.channel_order)),
            )
        for name, kind in optional_kinds():
            self.fields[f"frequency:{name}"] = forms.ChoiceField(
                label=str(kind.label),
                choices=FREQUENCIES,
                initial=frequency_of(wishes, name, kind).value,
            )

    def timing(self) -> Timing:
        """Return what was chosen; what was not offered stays as it was."""
        data = self.cleaned_data
        order = data["order"].split(",") if "order" in data else self._wishes.channel_order
        prefix = "frequency:"
        frequencies = {
            field.removeprefix(prefix): value
            for field, value in data.items()
            if field.startswith(prefix)
        }
        return Timing(
            quiet_from=data["quiet_from"],
            quiet_to=data["quiet_to"],
            digest_hour=data["digest_hour"],
            channel_order=order,
            reach=data["reach"],
            frequencies=frequencies,
        )


def _initial(wishes: Preference) -> dict[str, object]:
    return {
        "quiet_from": wishes.quiet_from,
        "quiet_to": wishes.quiet_to,
        "digest_hour": wishes.digest_hour,
        "reach": wishes.reach,
    }
