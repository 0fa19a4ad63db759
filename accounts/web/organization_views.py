"""The organization's own page: name, members, invitations, owner; the page of an invitation."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from accounts.limits import limit_invitations
from accounts.models import Invitation, Membership
from accounts.permissions import may_place
from accounts.selectors.invitations import find_open_invitation, list_invitations_for
from accounts.selectors.members import fresh_membership, list_members_for
from accounts.selectors.organizations import may_manage
from accounts.services import invitations, members
from accounts.services.organizations import rename_organization
from accounts.services.ownership import transfer_ownership
from accounts.services.step_up import require_fresh
from accounts.web.access import SESSION_KEY, membership_of
from accounts.web.forms import add_refusal
from accounts.web.fresh import ask_to_confirm
from accounts.web.organization_forms import InvitationForm, OrganizationNameForm, TransferForm
from accounts.web.requests import SignedInRequest
from accounts.web.sign_in import current_session_id
from config.lib.errors import AppError, ConflictError, ForbiddenError, NotFoundError

_CABINET = "/client"


class MemberPageView(LoginRequiredMixin, View):
    """What every view below begins with: a member of the organization that is shown."""

    request: SignedInRequest
    membership: Membership

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        try:
            known = membership_of(request)
            self.membership = fresh_membership(self.request.user, known.organization_id)
        except ConflictError as error:
            messages.info(request, str(error.detail))
            return redirect("accounts:account")
        response = super().dispatch(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def show(
        self,
        request: SignedInRequest,
        *,
        form: InvitationForm | None = None,
        name_form: OrganizationNameForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """Render the page.

        :param form: the invitation that was refused, with the reasons.
        :param name_form: likewise the other name.
        """
        own = self.membership
        rows = list_members_for(request.user, own.organization_id).order_by("pk")
        places = [
            {"row": row, "roles": _roles_for(own, row), "may_remove": may_place(own, row.role)}
            for row in rows
        ]
        context = {
            "own": own,
            "places": places,
            "is_owner": own.role == Membership.Role.OWNER,
            "may_manage": may_manage(own),
            "invitations": _shown_invitations(request, own),
            "form": form or _form(own),
            "name_form": name_form or OrganizationNameForm({"name": own.organization.name}),
        }
        return render(request, "accounts/organization.html", context, status=status)

    def done(self, text: str) -> HttpResponse:
        """Say what was done and go back to the page."""
        messages.success(self.request, text)
        return redirect("accounts:organization")


class OrganizationView(MemberPageView):
    def get(self, request: SignedInRequest) -> HttpResponse:
        """Show who works here."""
        return self.show(request)

    def post(self, request: SignedInRequest) -> HttpResponse:
        """Give the organization another name."""
        organization_id = self.membership.organization_id
        form = OrganizationNameForm(request.POST)
        # A manager hears that it is not theirs to do, whatever the form holds.
        if form.is_valid() or not may_manage(self.membership):
            name = form.cleaned_data.get("name", "")
            rename_organization(actor=request.user, organization_id=organization_id, name=name)
            return self.done(_("The organization has another name now."))
        return self.show(request, name_form=form, status=400)


class InvitationCreateView(MemberPageView):
    @limit_invitations
    def post(self, request: SignedInRequest) -> HttpResponse:
        """Offer a place."""
        form = _form(self.membership, request.POST)
        if not form.is_valid():
            return self.show(request, form=form, status=400)
        try:
            made = invitations.invite(
                actor=request.user,
                organization_id=self.membership.organization_id,
                **form.cleaned_data,
            )
        except AppError as error:
            add_refusal(form, error)
            return self.show(request, form=form, status=error.status)
        if made.email:
            return self.done(_("The invitation goes to %(email)s.") % {"email": made.email})
        return self.done(_("The invitation is ready: copy its link below."))


class InvitationWithdrawView(MemberPageView):
    def post(self, request: SignedInRequest, invitation_id: uuid.UUID) -> HttpResponse:
        """Make a link worth nothing."""
        invitations.withdraw(
            actor=request.user,
            organization_id=self.membership.organization_id,
            invitation_id=invitation_id,
        )
        return self.done(_("The invitation is withdrawn."))


class MemberRoleView(MemberPageView):
    def post(self, request: SignedInRequest, member_id: int) -> HttpResponse:
        """Give another role."""
        members.change_role_of(
            actor=request.user,
            organization_id=self.membership.organization_id,
            member_id=member_id,
            role=request.POST.get("role", ""),
        )
        return self.done(_("The role is changed."))


class MemberRemoveView(MemberPageView):
    def post(self, request: SignedInRequest, member_id: int) -> HttpResponse:
        """Take a member out, or leave."""
        members.remove(
            actor=request.user,
            organization_id=self.membership.organization_id,
            member_id=member_id,
        )
        if member_id == self.membership.pk:
            messages.success(request, _("You have left the organization."))
            request.session.pop(SESSION_KEY, None)
            return redirect("accounts:account")
        return self.done(_("The member is removed."))


class OwnershipTransferView(MemberPageView):
    """Handing the organization over: a fresh proof of who asks, the heir, the name typed out."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        """Show whom it can go to."""
        return self._refuse_stale(request) or self._show(request, form=self._form())

    def post(self, request: SignedInRequest) -> HttpResponse:
        """Hand the organization over."""
        form = self._form(request.POST)
        stale = self._refuse_stale(request)
        if stale is not None:
            return stale
        if not form.is_valid():
            return self._show(request, form=form, status=400)
        transfer_ownership(
            actor=request.user,
            session_id=current_session_id(request),
            organization_id=self.membership.organization_id,
            member_id=form.cleaned_data["member_id"],
        )
        return self.done(_("The organization has a new owner."))

    def _form(self, data: Any = None) -> TransferForm:
        own = self.membership
        if own.role != Membership.Role.OWNER:
            raise ForbiddenError
        rows = list_members_for(self.request.user, own.organization_id).order_by("pk")
        active = rows.filter(user__is_active=True).exclude(role=Membership.Role.OWNER)
        return TransferForm(data, name=own.organization.name, heirs=list(active))

    def _refuse_stale(self, request: SignedInRequest) -> HttpResponse | None:
        try:
            require_fresh(current_session_id(request))
        except ForbiddenError:
            return ask_to_confirm(request, back=request.path)
        return None

    def _show(
        self, request: SignedInRequest, *, form: TransferForm, status: int = 200
    ) -> HttpResponse:
        context = {"own": self.membership, "form": form}
        return render(request, "accounts/ownership.html", context, status=status)


@method_decorator(never_cache, name="dispatch")
class InvitationPageView(View):
    """Who invites whom to what. Signing in or registering first leads back here."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            invitation = find_open_invitation(token)
        except NotFoundError:
            return render(request, "accounts/invitation.html", {"invitation": None}, status=404)
        members_of = Membership.objects.filter(organization=invitation.organization_id)
        is_member = members_of.filter(user=request.user.pk).exists()
        context = {"invitation": invitation, "is_member": is_member}
        return render(request, "accounts/invitation.html", context)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Take the place and go to the cabinet."""
        if not request.user.is_authenticated:
            here = reverse("accounts:invitation", args=[token])
            return redirect(f"{reverse('accounts:login')}?next={here}")
        membership = invitations.accept(user=request.user, token=token)
        request.session[SESSION_KEY] = str(membership.organization_id)
        text = _("You work in %(organization)s now.")
        messages.success(request, text % {"organization": membership.organization.name})
        return redirect(_CABINET)


def _form(own: Membership, data: Any = None) -> InvitationForm:
    return InvitationForm(data, roles=_given_by(own))


def _given_by(own: Membership) -> list[tuple[str, Any]]:
    """Return the roles that a member may give, the humblest first."""
    choices = reversed(Membership.Role.choices)
    return [(value, label) for value, label in choices if may_place(own, value)]


def _roles_for(own: Membership, row: Membership) -> list[tuple[str, Any]]:
    """Return what a row's role may be changed to; nothing where it may not be."""
    may_change = own.pk != row.pk and may_place(own, row.role)
    given = _given_by(own) if may_change else []
    return given if len(given) > 1 else []


def _shown_invitations(request: SignedInRequest, own: Membership) -> list[dict[str, Any]]:
    if not may_manage(own):
        return []
    rows = list_invitations_for(request.user, own.organization_id).order_by("-created_at")
    return [{"row": row, "url": _url(row), "may": may_place(own, row.role)} for row in rows]


def _url(invitation: Invitation) -> str:
    try:
        return invitations.invitation_url(invitation)
    except NotFoundError:
        return ""
