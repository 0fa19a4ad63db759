"""Avito accounts: fetching is the permission check."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Organization, User
from accounts.selectors.organizations import may_manage, memberships_of
from config.lib.errors import ForbiddenError, NotFoundError
from integrations.models import AvitoAccount


def get_avito_account_for(
    actor: User, account_id: UUID, *, can_manage: bool = False
) -> AvitoAccount:
    """Return an account of an organization that ``actor`` belongs to.

    :param can_manage: ask for the right to change it as well (owner or admin).
    :raises NotFoundError: there is no such account, or it is another organization's.
    :raises ForbiddenError: the actor may see it, not change it.
    """
    known = {row.organization_id: row for row in memberships_of(actor)}
    account = AvitoAccount.objects.filter(organization__in=known, pk=account_id).first()
    if account is None:
        raise NotFoundError
    if can_manage and not may_manage(known[account.organization_id]):
        raise ForbiddenError
    return account


def list_avito_accounts(organization: Organization) -> QuerySet[AvitoAccount]:
    """Return an organization's accounts; callers order and page them."""
    return AvitoAccount.objects.for_organization(organization)
