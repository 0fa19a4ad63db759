"""The only way to lock a row of accounts.

Order, within accounts and for the apps above: whatever an app above owns (an order, a delivery),
then organization, then user, then wallets by ascending id, then tables that are only inserted to.
``FOR NO KEY UPDATE`` everywhere, so that rows which merely refer to a locked one are not held up.
"""

import uuid
from collections.abc import Iterable

from accounts.models import Membership, Organization, User, Wallet
from config.lib.errors import NotFoundError


def lock_wallets(wallet_ids: Iterable[int]) -> dict[int, Wallet]:
    """Lock wallets in ascending order of id and return all by id, as they are now.

    System wallets are returned unlocked: they keep no balance that a rival could change.
    """
    wanted = Wallet.objects.filter(pk__in=set(wallet_ids))
    kept = wanted.filter(kind__in=(Wallet.Kind.USER, Wallet.Kind.ORGANIZATION))
    locked = {row.pk: row for row in kept.select_for_update(no_key=True).order_by("pk")}
    others = wanted.exclude(pk__in=locked)
    return locked | {row.pk: row for row in others}


def lock_user(user_id: int) -> User:
    """Lock a person's row and return it as it is now.

    :raises NotFoundError: there is no such person.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise NotFoundError
    return user


def lock_users(user_ids: Iterable[int]) -> dict[int, User]:
    """Lock people in ascending order of id and return those that exist by id, as they are now."""
    rows = User.objects.filter(pk__in=set(user_ids)).select_for_update(no_key=True)
    return {row.pk: row for row in rows.order_by("pk")}


def lock_organization(organization_id: uuid.UUID) -> Organization:
    """Lock an organization's row and return it: its members and invitations wait for each other.

    :raises NotFoundError: there is no such organization.
    """
    rows = Organization.objects.select_for_update(no_key=True)
    organization = rows.filter(pk=organization_id).first()
    if organization is None:
        raise NotFoundError
    return organization


def lock_membership(membership_id: int) -> Membership:
    """Lock a membership's organization, then read the membership.

    All changes of an organization's members wait for each other.

    :raises NotFoundError: there is no such membership.
    """
    found = Membership.objects.filter(pk=membership_id).values_list("organization_id").first()
    if found is None:
        raise NotFoundError
    Organization.objects.select_for_update(no_key=True).get(pk=found[0])
    membership = Membership.objects.select_related("organization").filter(pk=membership_id).first()
    if membership is None:
        raise NotFoundError
    return membership
