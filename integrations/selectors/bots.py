"""Bots: fetching is the permission check."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Organization, User
from accounts.selectors.organizations import may_manage, memberships_of
from config.lib.errors import ForbiddenError, NotFoundError
from integrations.models import Bot


def get_bot_for(actor: User, bot_id: UUID, *, can_manage: bool = False) -> Bot:
    """Return a bot of an organization that ``actor`` belongs to.

    :param can_manage: ask for the right to change it as well (owner or admin).
    :raises NotFoundError: there is no such bot, or it is another organization's.
    :raises ForbiddenError: the actor may see it, not change it.
    """
    known = {row.organization_id: row for row in memberships_of(actor)}
    bot = Bot.objects.filter(organization__in=known, pk=bot_id).first()
    if bot is None:
        raise NotFoundError
    if can_manage and not may_manage(known[bot.organization_id]):
        raise ForbiddenError
    return bot


def list_bots(organization: Organization) -> QuerySet[Bot]:
    """Return an organization's bots; callers order and page them."""
    return Bot.objects.for_organization(organization)
