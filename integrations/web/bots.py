"""Pages of an organization's Telegram bots."""

import uuid

from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.selectors.organizations import may_manage
from accounts.web.forms import add_refusal
from config.lib.errors import AppError
from integrations.models import Bot
from integrations.selectors.bots import get_bot_for, list_bots
from integrations.selectors.health import health_of
from integrations.selectors.troubles import group_troubles
from integrations.services import bots as service
from integrations.services.bots import BotChanges
from integrations.services.checkups import check_bot
from integrations.web.cabinet import (
    CabinetRequest,
    cabinet,
    follow_organization,
    require_manager,
)
from integrations.web.forms import BotForm, BotSettingsForm, DeletionForm


@require_http_methods(["GET", "HEAD", "POST"])
@cabinet
def list_or_create(request: CabinetRequest) -> HttpResponse:
    """Show the bots; a POST adds one by its token."""
    if request.method != "POST":
        return _render_list(request, BotForm())
    require_manager(request)
    form = BotForm(request.POST)
    if not form.is_valid():
        return _render_list(request, form, status=400)
    try:
        bot = service.create_bot(
            actor=request.user,
            organization=request.membership.organization,
            **form.cleaned_data,
        )
    except AppError as error:
        add_refusal(form, error)
        return _render_list(request, form, status=error.status)
    notes.success(request, _("%(bot)s is connected.") % {"bot": bot})
    return redirect("integrations:bot-detail", bot.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@cabinet
def show_or_change(request: CabinetRequest, bot_id: uuid.UUID) -> HttpResponse:
    """Show one bot; a POST changes its name, group, topics or token."""
    bot = _open(request, bot_id)
    if request.method != "POST":
        return _render_bot(request, bot, _settings_form(bot))
    require_manager(request)
    form = BotSettingsForm(request.POST)
    if not form.is_valid():
        return _render_bot(request, bot, form, status=400)
    try:
        service.update_bot(actor=request.user, bot=bot, changes=_changes(form))
    except AppError as error:
        add_refusal(form, error)
        return _render_bot(request, bot, form, status=error.status)
    notes.success(request, _("Saved."))
    return redirect("integrations:bot-detail", bot.pk)


@require_POST
@cabinet
def check(request: CabinetRequest, bot_id: uuid.UUID) -> HttpResponse:
    """Ask Telegram about the bot now; a script gets the result alone, anybody else the page."""
    bot = _open(request, bot_id)
    require_manager(request)
    findings = check_bot(bot)
    if request.htmx:
        return render(request, "components/findings.html", {"findings": findings})
    return _render_bot(request, bot, _settings_form(bot), findings=findings)


@require_POST
@cabinet
def renew_webhook(request: CabinetRequest, bot_id: uuid.UUID) -> HttpResponse:
    """Let Telegram's updates come here at a new address."""
    bot = _open(request, bot_id)
    require_manager(request)
    try:
        service.set_webhook(bot)
    except AppError as error:
        notes.error(request, str(error.detail))
    else:
        notes.success(request, _("The webhook is set."))
    return redirect("integrations:bot-detail", bot.pk)


@require_POST
@cabinet
def switch(request: CabinetRequest, bot_id: uuid.UUID) -> HttpResponse:
    """Switch a bot off, or on again."""
    bot = _open(request, bot_id)
    require_manager(request)
    if bot.status == Bot.Status.ACTIVE:
        service.deactivate_bot(actor=request.user, bot=bot)
        notes.success(request, _("%(bot)s is switched off.") % {"bot": bot})
    else:
        service.activate_bot(actor=request.user, bot=bot)
        notes.success(request, _("%(bot)s is switched on.") % {"bot": bot})
    return redirect("integrations:bot-detail", bot.pk)


@require_POST
@cabinet
def delete(request: CabinetRequest, bot_id: uuid.UUID) -> HttpResponse:
    """Remove a bot once its name has been typed."""
    bot = _open(request, bot_id)
    require_manager(request)
    form = DeletionForm(request.POST, expected=bot.username)
    if not form.is_valid():
        return _render_bot(request, bot, _settings_form(bot), deletion=form, status=400)
    service.delete_bot(actor=request.user, bot=bot)
    notes.success(request, _("%(bot)s is removed.") % {"bot": bot})
    return redirect("integrations:bot-list")


def _open(request: CabinetRequest, bot_id: uuid.UUID) -> Bot:
    bot = get_bot_for(request.user, bot_id)
    follow_organization(request, bot.organization_id)
    return bot


def _settings_form(bot: Bot) -> BotSettingsForm:
    fields = ("name", "group_chat_id", "topic_mode")
    return BotSettingsForm(initial={field: getattr(bot, field) for field in fields})


def _changes(form: BotSettingsForm) -> BotChanges:
    cleaned = form.cleaned_data
    return BotChanges(
        name=cleaned["name"] or None,
        token=cleaned["token"] or None,
        group_chat_id=cleaned["group_chat_id"] or 0,
        topic_mode=cleaned["topic_mode"],
    )


def _render_list(request: CabinetRequest, form: BotForm, *, status: int = 200) -> HttpResponse:
    organization = request.membership.organization
    context = {
        "bots": list_bots(organization).order_by("-created_at", "pk"),
        "form": form,
        "can_manage": may_manage(request.membership),
    }
    return render(request, "integrations/bots.html", context, status=status)


def _render_bot(
    request: CabinetRequest,
    bot: Bot,
    form: BotSettingsForm,
    *,
    status: int = 200,
    **extra: object,
) -> HttpResponse:
    context = {
        "bot": bot,
        "troubles": group_troubles(bot),
        "health": health_of(bot),
        "form": form,
        "deletion": DeletionForm(expected=bot.username),
        "can_manage": may_manage(request.membership),
        **extra,
    }
    return render(request, "integrations/bot.html", context, status=status)
