"""The page on which staff see what would become of a panel's clients before it does."""

from typing import Any

from django import forms
from django.template.defaultfilters import filesizeformat
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.admin import Textarea, TextInput
from vpnconfigs.admin.base import DeedForm
from vpnconfigs.models import Config
from vpnconfigs.services.adopting import Adoption
from vpnconfigs.services.adoption_rules import Candidate, Skip

_SHOWN = 500
_LAST_ID = 2**63 - 1
_WHY_NOT = {
    Skip.OURS: _("is ours already"),
    Skip.PROTOCOL: _("neither VLESS nor TROJAN"),
    Skip.NO_EMAIL: _("has no e-mail"),
    Skip.NO_SECRET: _("has no secret"),
    Skip.UNFIT: _("its values do not fit here"),
}


class AdoptionForm(DeedForm):
    """Whom to adopt, and for whom."""

    owner = forms.CharField(
        label=_("For whom"),
        required=False,
        max_length=254,
        widget=TextInput(),
        help_text=_(
            "E-mail, user name or Telegram id. Empty: they wait for whoever brings their link."
        ),
    )
    emails = forms.CharField(
        label=_("Only these"),
        required=False,
        widget=Textarea(attrs={"rows": 4}),
        help_text=_("E-mails on the panel, one a line. Empty: all that can be adopted."),
    )

    def clean_owner(self) -> User | None:
        word = self.cleaned_data["owner"].strip().removeprefix("@")
        if not word:
            return None
        found = User.objects.filter(email__iexact=word) | User.objects.filter(username__iexact=word)
        if word.isascii() and word.isdigit() and int(word) <= _LAST_ID:
            found |= User.objects.filter(telegram_id=int(word))
        people = list(found[:2])
        if len(people) != 1:
            raise forms.ValidationError(_("There is nobody of this name, or more than one."))
        return people[0]

    def clean_emails(self) -> list[str]:
        return str(self.cleaned_data["emails"]).split()


def preview_tables(preview: Adoption) -> dict[str, Any]:
    """Return what the page shows of a preview: counts, and a table of clients."""
    rows = [_row(candidate) for candidate in preview.candidates[:_SHOWN]]
    return {
        "warning": _("%(adopted)s would be adopted, %(skipped)s left alone.")
        % {"adopted": len(preview.adopted), "skipped": sum(preview.skipped.values())},
        "table": {
            "headers": [
                _("Inbound"), _("Protocol"), _("E-mail"), _("Becomes"), _("Valid to"), _("Traffic"),
            ],
            "rows": rows,
        },
        "left_out": len(preview.candidates) - len(rows),
    }  # fmt: skip


def _row(candidate: Candidate) -> list[Any]:
    known = [candidate.inbound_number, candidate.protocol, candidate.email]
    if candidate.skip is not None:
        return [*known, _WHY_NOT[candidate.skip], "", ""]
    config = candidate.config or Config()
    return [*known, config.get_state_display(), _end(config), traffic_of(config)]


def _end(config: Config) -> Any:
    if config.first_use_ms:
        return _("%(days)s days from first use") % {"days": config.first_use_ms // 86_400_000}
    if config.valid_to is None:
        return _("without end")
    return formats.localize(timezone.localtime(config.valid_to))


def traffic_of(config: Config) -> str:
    """Return what a config has used, of how much."""
    limit = filesizeformat(config.traffic_limit_bytes) if config.traffic_limit_bytes else "∞"
    return f"{filesizeformat(config.used_bytes)} / {limit}"
