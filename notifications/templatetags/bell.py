from typing import Any

from django import template

from accounts.models import User
from notifications.selectors.bell import count_unread

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_notices(context: dict[str, Any]) -> int:
    """Return how many notices the reader has not seen, 100 at most."""
    user = context.get("user")
    return count_unread(user) if isinstance(user, User) else 0
