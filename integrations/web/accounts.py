"""Pages of an organization's Avito accounts."""

import uuid

from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.selectors.organizations import may_manage
from accounts.web.forms import add_refusal
from config.lib.errors import AppError
from integrations.models import AvitoAccount
from integrations.selectors.avito_accounts import get_avito_account_for, list_avito_accounts
from integrations.selectors.health import health_of
from integrations.selectors.troubles import account_troubles
from integrations.services import avito_accounts as service
from integrations.services.avito_accounts import AvitoAccountChanges
from integrations.services.checkups import check_avito_account
from integrations.web.cabinet import (
    CabinetRequest,
    cabinet,
    follow_organization,
    require_manager,
)
from integrations.web.forms import AccountForm, AccountSettingsForm, DeletionForm


@require_http_methods(["GET", "HEAD", "POST"])
@cabinet
def list_or_create(request: CabinetRequest) -> HttpResponse:
    """Show the accounts; a POST connects one by its keys."""
    organization = request.membership.organization
    if request.method != "POST":
        return _render_list(request, AccountForm(organization=organization))
    require_manager(request)
    form = AccountForm(request.POST, organization=organization)
    if not form.is_valid():
        return _render_list(request, form, status=400)
    try:
        account = service.create_avito_account(
            actor=request.user, organization=organization, **form.cleaned_data
        )
    except AppError as error:
        add_refusal(form, error)
        return _render_list(request, form, status=error.status)
    notes.success(request, _("%(account)s is connected.") % {"account": account})
    return redirect("integrations:account-detail", account.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@cabinet
def show_or_change(request: CabinetRequest, account_id: uuid.UUID) -> HttpResponse:
    """Show one account; a POST changes its name, bot or secret."""
    account = _open(request, account_id)
    if request.method != "POST":
        return _render_account(request, account, _settings_form(account))
    require_manager(request)
    form = AccountSettingsForm(request.POST, organization=account.organization)
    if not form.is_valid():
        return _render_account(request, account, form, status=400)
    try:
        service.update_avito_account(actor=request.user, account=account, changes=_changes(form))
    except AppError as error:
        add_refusal(form, error)
        return _render_account(request, account, form, status=error.status)
    notes.success(request, _("Saved."))
    return redirect("integrations:account-detail", account.pk)


@require_POST
@cabinet
def check(request: CabinetRequest, account_id: uuid.UUID) -> HttpResponse:
    """Ask Avito about the account now; a script gets the result alone, anybody else the page."""
    account = _open(request, account_id)
    require_manager(request)
    findings = check_avito_account(account)
    if request.htmx:
        return render(request, "components/findings.html", {"findings": findings})
    return _render_account(request, account, _settings_form(account), findings=findings)


@require_POST
@cabinet
def renew_webhook(request: CabinetRequest, account_id: uuid.UUID) -> HttpResponse:
    """Let Avito tell us of messages at a new address."""
    account = _open(request, account_id)
    require_manager(request)
    try:
        service.subscribe(account)
    except AppError as error:
        notes.error(request, str(error.detail))
    else:
        notes.success(request, _("The webhook is set."))
    return redirect("integrations:account-detail", account.pk)


@require_POST
@cabinet
def delete(request: CabinetRequest, account_id: uuid.UUID) -> HttpResponse:
    """Disconnect an account once its name has been typed."""
    account = _open(request, account_id)
    require_manager(request)
    form = DeletionForm(request.POST, expected=account.name)
    if not form.is_valid():
        return _render_account(request, account, _settings_form(account), deletion=form, status=400)
    service.delete_avito_account(actor=request.user, account=account)
    notes.success(request, _("%(account)s is disconnected.") % {"account": account})
    return redirect("integrations:account-list")


def _open(request: CabinetRequest, account_id: uuid.UUID) -> AvitoAccount:
    account = get_avito_account_for(request.user, account_id)
    follow_organization(request, account.organization_id)
    return account


def _settings_form(account: AvitoAccount) -> AccountSettingsForm:
    initial = {"name": account.name, "bot": account.bot_id}
    return AccountSettingsForm(initial=initial, organization=account.organization)


def _changes(form: AccountSettingsForm) -> AvitoAccountChanges:
    cleaned = form.cleaned_data
    return AvitoAccountChanges(
        name=cleaned["name"],
        api_client_secret=cleaned["api_client_secret"] or None,
        bot=cleaned["bot"],
        no_bot=cleaned["bot"] is None,
    )


def _render_list(request: CabinetRequest, form: AccountForm, *, status: int = 200) -> HttpResponse:
    accounts = list_avito_accounts(request.membership.organization).select_related("bot")
    context = {
        "accounts": accounts.order_by("-created_at", "pk"),
        "form": form,
        "can_manage": may_manage(request.membership),
    }
    return render(request, "integrations/accounts.html", context, status=status)


def _render_account(
    request: CabinetRequest,
    account: AvitoAccount,
    form: AccountSettingsForm,
    *,
    status: int = 200,
    **extra: object,
) -> HttpResponse:
    context = {
        "account": account,
        "troubles": account_troubles(account),
        "health": health_of(account),
        "form": form,
        "deletion": DeletionForm(expected=account.name),
        "can_manage": may_manage(request.membership),
        **extra,
    }
    return render(request, "integrations/account.html", context, status=status)
