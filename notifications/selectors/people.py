"""Whom a notification concerns."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Membership, User


def owners_of(organization_id: uuid.UUID) -> QuerySet[User]:
    """Return the people who answer for an organization."""
    return User.objects.filter(
        memberships__organization=organization_id,
        memberships__role=Membership.Role.OWNER,
        is_active=True,
    )


def find_by_telegram(telegram_id: int) -> User | None:
    """Return who an id in Telegram is here, unless they are banned."""
    return User.objects.filter(telegram_id=telegram_id, is_active=True).first()


def language_for(person: Mapping[str, Any], user: User | None) -> str:
    """Return the language to answer in: the one chosen here, else Telegram's, else the site's.

    Who uses Telegram in a language that the site does not speak is answered in English.

    :param person: a Bot API ``User``.
    """
    if user is not None and user.lang_code:
        return user.lang_code
    said = str(person.get("language_code") or "").partition("-")[0].lower()
    if not said:
        return settings.LANGUAGE_CODE
    return said if said in dict(settings.LANGUAGES) else "en"
