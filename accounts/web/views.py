"""Pages: landing, sign-in, registration, account, sessions, language."""

import uuid
from typing import TYPE_CHECKING, Any

from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView, View

from accounts.arrivals import note_arrival
from accounts.limits import limit_sign_in
from accounts.models import Invitation, User
from accounts.selectors.invitations import find_open_invitation
from accounts.selectors.organizations import memberships_of
from accounts.selectors.sessions import live_sessions_of
from accounts.services.lockout import authenticate_person
from accounts.services.organizations import open_organization
from accounts.services.people import PROFILE_FIELDS, update_profile
from accounts.services.registration import NewPerson, register
from accounts.services.sessions import revoke_all, revoke_session_of
from accounts.services.totp import has_second_factor
from accounts.web.access import SESSION_KEY as ORGANIZATION_KEY
from accounts.web.forms import (
    LanguageForm,
    LoginForm,
    OrganizationForm,
    ProfileForm,
    RegisterForm,
    add_refusal,
    drop_autofocus,
)
from accounts.web.impersonation import end
from accounts.web.middleware import remember_language
from accounts.web.requests import SignedInRequest
from accounts.web.second_step import ask_for_code
from accounts.web.sign_in import (
    current_session_id,
    invitation_token,
    next_url,
    sign_in,
    sign_out,
)
from accounts.web.telegram_ways import WIDGET_POLICY, find_ways
from config.lib.drf import problem_headers
from config.lib.errors import AppError, NotFoundError
from config.lib.mini_app import opens_in_app

# Where a member of an organization works, and what a customer has; pages of apps above.
CABINET_URL = "/client"
CONFIGS_URL = "/configs"


class LandingView(TemplateView):
    template_name = "accounts/landing.html"


class HomeView(LoginRequiredMixin, View):
    """Where a person goes who said nothing else: the cabinet, the admin, or their configs."""

    request: SignedInRequest

    def get(self, request: SignedInRequest) -> HttpResponse:
        if memberships_of(request.user):
            return redirect(CABINET_URL)
        if request.user.is_staff:
            return redirect("admin:index")
        return redirect(CONFIGS_URL)


if TYPE_CHECKING:
    AnyFormView = FormView[Any]
else:
    AnyFormView = FormView


class RefusableFormView(AnyFormView):
    """A form whose service may refuse: the refusal is shown on the form, with its status."""

    def act(self, form: Any) -> HttpResponse:
        """Do what the form asks for and return where to go.

        :raises AppError: nothing was done; the form is shown again.
        """
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return self.act(form)
        except AppError as error:
            add_refusal(form, error)
            drop_autofocus(form)
            return self.show_refused(error, form=form)

    def form_invalid(self, form: Any) -> HttpResponse:
        drop_autofocus(form)
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def show_refused(self, error: AppError, **context: Any) -> HttpResponse:
        """Return the page with the status and the headers of a refusal."""
        page = self.render_to_response(self.get_context_data(**context), status=error.status)
        for name, value in problem_headers(error).items():
            page.headers[name] = value
        return page


class EntryView(RefusableFormView):
    """A page for who is not signed in yet; who is goes on."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect(next_url(request))
        return super().get(request, *args, **kwargs)

    @limit_sign_in
    def post(self, request: HttpRequest, *args: str, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add ``next``: where to go afterwards, checked."""
        return super().get_context_data(next=next_url(self.request), **kwargs)


class DoorView(EntryView):
    """An entry page that offers every way in. Context: ``telegram``, its ``TelegramWays``."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        telegram = find_ways(self.request, target=next_url(self.request))
        return super().get_context_data(telegram=telegram, **kwargs)

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        page = super().render_to_response(context, **response_kwargs)
        if context["telegram"].widget_url:
            csp_update(WIDGET_POLICY)(lambda _request: page)(self.request)
        return page


class LoginView(DoorView):
    template_name = "accounts/login.html"
    form_class = LoginForm

    def act(self, form: LoginForm) -> HttpResponse:
        user = authenticate_person(self.request, **form.cleaned_data)
        target = next_url(self.request)
        if has_second_factor(user):
            return ask_for_code(self.request, user, target=target)
        sign_in(self.request, user)
        return HttpResponseRedirect(target)


def show_other_ways(request: HttpRequest, refusal: AppError) -> HttpResponse:
    """Return the sign-in page with what was refused above it: all other ways are open still."""
    view = LoginView()
    view.setup(request)
    form = LoginForm()
    drop_autofocus(form)
    return view.show_refused(refusal, form=form, refusal=refusal.detail)


class RegisterView(DoorView):
    """A new person, with an organization of their own or on the way to somebody else's.

    Context: ``invitation``, the open one that led here, if any.
    """

    template_name = "accounts/register.html"
    form_class = RegisterForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "opens_organization": self._opens_organization()}

    def get_initial(self) -> dict[str, Any]:
        invitation = self._invitation()
        return {"email": invitation.email} if invitation else {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add ``invitation`` and ``opens_organization``."""
        return super().get_context_data(
            invitation=self._invitation(), opens_organization=self._opens_organization(), **kwargs
        )

    def act(self, form: RegisterForm) -> HttpResponse:
        data = dict(form.cleaned_data)
        organization_name = data.pop("organization_name", None)
        # What we tell them later, by mail say, shall be in the language they registered in.
        person = NewPerson(**data, lang_code=get_language() or "")
        user = register(person, organization_name=organization_name)
        note_arrival(user, self.request.GET)
        sign_in(self.request, user)
        return HttpResponseRedirect(next_url(self.request))

    def _opens_organization(self) -> bool:
        """Tell whether who registers here gets an organization of their own.

        Who was invited gets a place in that one; a customer on the way to the shop needs none.
        """
        target = next_url(self.request)
        return invitation_token(target) is None and not opens_in_app(target)

    def _invitation(self) -> Invitation | None:
        token = invitation_token(next_url(self.request))
        try:
            return find_open_invitation(token) if token else None
        except NotFoundError:
            return None


class LogoutView(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        # Who acts as somebody else stops that first: both sessions end, and the record says so.
        end(request)
        sign_out(request)
        return redirect("accounts:landing")


class AccountView(LoginRequiredMixin, RefusableFormView):
    """Name, language, time zone, look; a form for another organization."""

    request: SignedInRequest
    template_name = "accounts/account.html"
    form_class = ProfileForm
    success_url = reverse_lazy("accounts:account")

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.request.user, name) for name in PROFILE_FIELDS}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(organization_form=OrganizationForm(), **kwargs)

    def act(self, form: ProfileForm) -> HttpResponse:
        update_profile(user=self.request.user, changes=form.cleaned_data)
        messages.success(self.request, _("Saved."))
        response = HttpResponseRedirect(self.get_success_url())
        remember_language(response, form.cleaned_data["lang_code"])
        return response


class SessionListView(LoginRequiredMixin, TemplateView):
    """Where the visitor is signed in: ``sessions`` and ``current_session_id``."""

    request: SignedInRequest
    template_name = "accounts/sessions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**_session_context(self.request), **kwargs)


class SessionEndView(LoginRequiredMixin, View):
    def post(self, request: SignedInRequest, session_id: uuid.UUID) -> HttpResponse:
        """End one session; ending one's own is signing out."""
        if session_id == current_session_id(request):
            sign_out(request)
            return redirect("accounts:landing")
        revoke_session_of(actor=request.user, session_id=session_id)
        messages.success(request, _("The session has ended."))
        return redirect("accounts:session-list")


class OtherSessionsEndView(LoginRequiredMixin, View):
    def post(self, request: SignedInRequest) -> HttpResponse:
        """End every session but this browser's."""
        revoke_all(user_id=request.user.pk, reason="ended_by_user", but=current_session_id(request))
        messages.success(request, _("All other sessions have ended."))
        return redirect("accounts:session-list")


class OrganizationCreateView(LoginRequiredMixin, View):
    def post(self, request: SignedInRequest) -> HttpResponse:
        """Open an organization and go to its cabinet.

        :raises InputError: the name is empty or too long.
        """
        membership = open_organization(owner=request.user, name=request.POST.get("name", ""))
        request.session[ORGANIZATION_KEY] = str(membership.organization_id)
        return redirect(CABINET_URL)


class LanguageView(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        """Remember the language in this browser and, of who is signed in, everywhere."""
        form = LanguageForm(request.POST)
        if not form.is_valid():
            return render(request, "errors/400.html", status=400)
        language = form.cleaned_data["language"]
        if isinstance(request.user, User):
            update_profile(user=request.user, changes={"lang_code": language})
        response = HttpResponseRedirect(_back(request))
        remember_language(response, language)
        return response


def _back(request: HttpRequest) -> str:
    return next_url(request) if request.POST.get("next") else reverse("accounts:landing")


def _session_context(request: SignedInRequest) -> dict[str, Any]:
    return {
        "sessions": live_sessions_of(request.user),
        "current_session_id": current_session_id(request),
    }
