"""Who may do what, in tables: members in their organization, staff on the site.

*In an organization.* Owners and admins manage it. Only an owner makes admins, changes them or
takes them out; an admin does so with managers. Nobody changes their own role, and whoever wants
to go, leaves. An owner is made by a transfer of ownership alone.

*On the site.* A SUPERUSER may do everything. An ADMIN may do in the Django admin what
``ADMIN_MAY`` lists and nothing else: neither secrets nor what changes the ledger is in it.
"""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db.models import Model

from accounts.models import Membership, User

_Role = Membership.Role
# Whose places a member may give and take away.
_MAY_PLACE: dict[str, frozenset[str]] = {
    _Role.OWNER: frozenset({_Role.ADMIN, _Role.MANAGER}),
    _Role.ADMIN: frozenset({_Role.MANAGER}),
}

# What stands in the Django admin for an ADMIN, by model. Not in it: tokens of every sort, second
# factors, the site's switches to change, roles and places to give.
ADMIN_MAY: dict[str, frozenset[str]] = {
    "accounts.user": frozenset({"view", "change"}),
    "accounts.organization": frozenset({"view", "change"}),
    "accounts.membership": frozenset({"view"}),
    "accounts.invitation": frozenset({"view"}),
    "accounts.sitesettings": frozenset({"view"}),
    "accounts.session": frozenset({"view"}),
    "accounts.wallet": frozenset({"view"}),
    "accounts.transfer": frozenset({"view"}),
    "accounts.auditevent": frozenset({"view"}),
    "accounts.job": frozenset({"view"}),
    "integrations.bot": frozenset({"view"}),
    "integrations.avitoaccount": frozenset({"view"}),
    "integrations.inboundevent": frozenset({"view", "change"}),
    "integrations.delivery": frozenset({"view", "change"}),
    "integrations.deliveryattempt": frozenset({"view"}),
    "integrations.hold": frozenset({"view", "change", "delete"}),
    "integrations.integrationlog": frozenset({"view"}),
    "integrations.beattick": frozenset({"view"}),
    # Of the VPN shop everything is seen and configs are acted on; how panels are signed in to, and
    # the shop's settings, are a SUPERUSER's.
    "vpnconfigs.config": frozenset({"view", "change"}),
    "vpnconfigs.subscriptionlink": frozenset({"view", "change"}),
    "vpnconfigs.device": frozenset({"view"}),
    "vpnconfigs.removal": frozenset({"view"}),
    "vpnconfigs.panel": frozenset({"view"}),
    "vpnconfigs.inbound": frozenset({"view"}),
    "vpnconfigs.panelreport": frozenset({"view"}),
    "vpnconfigs.request": frozenset({"view", "change"}),
    "vpnconfigs.requestmessage": frozenset({"view"}),
    "vpnconfigs.news": frozenset({"view", "add", "change", "delete"}),
    "vpnconfigs.tariff": frozenset({"view", "add", "change"}),
    "vpnconfigs.promocode": frozenset({"view", "add", "change"}),
    "vpnconfigs.purchase": frozenset({"view"}),
    "vpnconfigs.gift": frozenset({"view"}),
    "vpnconfigs.referral": frozenset({"view"}),
    "vpnconfigs.shopsettings": frozenset({"view"}),
    "notifications.notification": frozenset({"view"}),
    "notifications.channeladdress": frozenset({"view", "change"}),
    "notifications.preference": frozenset({"view"}),
    "dialogs.contact": frozenset({"view"}),
    "dialogs.dialog": frozenset({"view"}),
    "dialogs.message": frozenset({"view"}),
    "dialogs.autoreply": frozenset({"view"}),
    "dialogs.autoreplysettings": frozenset({"view"}),
}
_ADMIN_MODULES = frozenset(model.partition(".")[0] for model in ADMIN_MAY)

# Where somebody who acts as another person may write; everything else is closed to them, so that
# a page which a later change adds is closed without anybody thinking of it.
OPEN_TO_IMPERSONATORS = frozenset(
    {"accounts:impersonation-stop", "accounts:logout", "accounts:language"}
)
OPEN_NAMESPACES_TO_IMPERSONATORS = frozenset({"dialogs"})
# In an open namespace, and yet a setting: what an organization says by itself is its own affair.
CLOSED_TO_IMPERSONATORS = frozenset({"dialogs:automations"})


def may_place(membership: Membership, role: str) -> bool:
    """Tell whether a member may give this role to others, and take it from them."""
    return role in _MAY_PLACE.get(membership.role, frozenset())


def may_administer(actor: User, person: User) -> bool:
    """Tell whether staff may change somebody's card: nobody their own, an ADMIN no staff's."""
    if not actor.is_staff or actor.pk == person.pk:
        return False
    return actor.role == User.Role.SUPERUSER or not person.is_staff


class RoleBackend(BaseBackend):
    """Permissions in the Django admin, from a person's role alone."""

    def has_perm(
        self,
        user_obj: AbstractBaseUser | AnonymousUser,
        perm: str,
        obj: Model | None = None,
    ) -> bool:
        """Tell whether somebody may ``perm``, such as ``accounts.view_user``."""
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        if user_obj.role == User.Role.SUPERUSER:
            return True
        app_label, _, codename = perm.partition(".")
        deed, _, model = codename.partition("_")
        is_listed = deed in ADMIN_MAY.get(f"{app_label}.{model}", frozenset())
        return user_obj.role == User.Role.ADMIN and is_listed

    def has_module_perms(self, user_obj: PermissionsMixin | Any, app_label: str) -> bool:
        """Tell whether somebody sees an app at all; Django asks for it."""
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        if user_obj.role == User.Role.SUPERUSER:
            return True
        return user_obj.role == User.Role.ADMIN and app_label in _ADMIN_MODULES
