"""What a comparison of a panel has found, as a table that people read."""

from datetime import UTC, datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import formats, timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from vpnconfigs.models import PanelReport

_KINDS = {
    "missing": _("missing on the panel"),
    "differs": _("differs"),
    "left_over": _("should be gone"),
    "misplaced": _("on the wrong inbound"),
    "stranger": _("not ours"),
}
_SHOWN = 200


def findings_table(report: PanelReport) -> dict[str, Any]:
    """Return a report's findings for the theme's table: wanted → found, field by field."""
    return {
        "headers": [_("Inbound"), _("E-mail"), _("What"), _("Wanted → found"), _("Repaired")],
        "rows": [_row(finding) for finding in report.findings[:_SHOWN]],
    }


def _row(finding: dict[str, Any]) -> list[Any]:
    is_ours = finding["kind"] != "stranger"
    pairs = (
        (name, _value(name, wanted), _value(name, found))
        for name, (wanted, found) in finding["fields"].items()
    )
    return [
        finding["inbound"],
        finding["email"],
        _KINDS.get(finding["kind"], finding["kind"]),
        format_html_join(" · ", "<code>{}</code>: {} → {}", pairs),
        (_("yes") if finding["done"] else _("no")) if is_ours else "",
    ]


def _value(name: str, value: Any) -> Any:
    """The panel's numbers in people's words: bytes, and milliseconds since 1970."""
    if name == "total_bytes":
        return filesizeformat(value) if value else _("without limit")
    if name == "expiry_ms" and isinstance(value, int):
        return _moment(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "—" if value in (None, "") else value


def _moment(expiry_ms: int) -> Any:
    if expiry_ms == 0:
        return _("without end")
    try:
        moment = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return expiry_ms
    if expiry_ms < 0:
        return _("%(days)s days from first use") % {"days": -expiry_ms // 86_400_000}
    return formats.localize(timezone.localtime(moment))
