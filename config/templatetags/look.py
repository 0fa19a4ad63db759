"""What templates need to look alike: icons, moments of time, form controls, badges."""

from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect
from django.forms import Select as SelectInput
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

_DAY_SECONDS = 86_400
_CLOCK = "H:i"


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Return an icon of ``static/img/icons.svg``, hidden from screen readers.

    :param classes: more CSS classes.
    """
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static("img/icons.svg"),
        name,
    )


@register.filter
def control(field: BoundField) -> SafeString:
    """Return a form field's widget with the CSS classes of the look."""
    attributes: dict[str, str | bool] = {"class": _control_class(field)}
    if field.errors:
        attributes["class"] = f"{attributes['class']} is-invalid"
    return field.as_widget(attrs=attributes)


def _control_class(field: BoundField) -> str:
    widget = field.field.widget
    own = widget.attrs.get("class", "")
    match widget:
        case CheckboxInput() | CheckboxSelectMultiple() | RadioSelect():
            name = "form-check-input"
        case SelectInput():
            name = "form-select"
        case FileInput():
            name = "form-control"
        case _:
            name = "form-control"
    return f"{own} {name}".strip()


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Say whether a field is one tick box, whose label stands behind it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_choice(field: BoundField) -> bool:
    """Say whether a field is a list to choose from, which always holds something."""
    return isinstance(field.field.widget, SelectInput)


@register.simple_tag
def moment(at: datetime | None, style: str = "relative") -> SafeString | str:
    """Return a ``<time>`` in the reader's zone, with the exact date and time as its title.

    :param style: ``relative`` ("5 min ago", "in 3 days"), ``clock`` ("14:05"), ``short`` (the
        clock today, else the date), or ``full``.
    """
    if at is None:
        return ""
    local = timezone.localtime(at)
    exact = date_format(local, "DATETIME_FORMAT")
    texts = {
        "relative": lambda: relative_time(at, timezone.now()),
        "clock": lambda: date_format(local, _CLOCK),
        "short": lambda: _short(local),
        "full": lambda: exact,
    }
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, texts[style]()
    )


def _short(local: datetime) -> str:
    now = timezone.localtime(timezone.now())
    if local.date() == now.date():
        return date_format(local, _CLOCK)
    if local.year == now.year:
        return date_format(local, "MONTH_DAY_FORMAT")
    return date_format(local, "SHORT_DATE_FORMAT")


def relative_time(at: datetime, now: datetime) -> str:
    """Return how long ago or how soon ``at`` is, in the reader's language, by its largest unit."""
    seconds = (at - now).total_seconds()
    distance = abs(seconds)
    if distance < 60:
        return _("just now") if seconds <= 0 else _("in a moment")
    minutes, hours, days = round(distance / 60), round(distance / 3600), round(distance / 86_400)
    if distance < 3600 - 30:
        text = ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    elif distance < _DAY_SECONDS - 1800:
        text = ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    else:
        text = ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    pattern = _("%(distance)s ago") if seconds < 0 else _("in %(distance)s")
    return pattern % {"distance": text}


@register.inclusion_tag("components/cabinet_link.html", takes_context=True)
def cabinet_link(
    context: dict[str, Any],
    view_name: str,
    icon_name: str,
    label: str,
    *,
    exact: bool = False,
    count: int = 0,
) -> dict[str, object]:
    """Return a section's link, marked as current on its pages.

    :param exact: pages below the address belong to other sections.
    :param count: shown as a badge when there is any.
    """
    url = reverse(view_name)
    path = context["request"].path.rstrip("/")
    is_current = path == url or (not exact and path.startswith(f"{url}/"))
    return {
        "url": url,
        "icon_name": icon_name,
        "label": label,
        "count": count,
        "is_current": is_current,
    }


@register.inclusion_tag("components/section_link.html", takes_context=True)
def section_link(
    context: dict[str, Any],
    view_name: str,
    icon_name: str,
    label: str,
    *,
    is_marked: bool = False,
) -> dict[str, object]:
    """Return a section's link with a dot where something in it is unread."""
    url = reverse(view_name)
    # An error page is made without a request.
    request = context.get("request")
    path = request.path.rstrip("/") if request is not None else ""
    is_current = path == url or path.startswith(f"{url}/")
    return {
        "url": url,
        "icon_name": icon_name,
        "label": label,
        "is_marked": is_marked,
        "is_current": is_current,
    }
