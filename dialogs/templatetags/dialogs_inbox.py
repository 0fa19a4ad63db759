from typing import Any

from django import template

from accounts.models import Membership
from dialogs.selectors.overview import count_unread

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_dialogs(context: dict[str, Any]) -> int:
    """Return how many dialogs of the page's organization hold something unread."""
    known = context.get("unread_total")
    if known is not None:
        return int(known)
    membership: Membership | None = context.get("membership")
    return count_unread(membership.organization) if membership is not None else 0
