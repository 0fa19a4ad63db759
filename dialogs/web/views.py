"""The inbox: dialogs on the left, one of them on the right, both kept fresh by small polls."""

import hashlib
import uuid
from collections.abc import Mapping

from django import forms
from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.selectors.members import list_members_for
from config.lib.errors import FieldError, InputError
from config.lib.pagination import Page
from dialogs.models import Dialog
from dialogs.selectors import dialogs as selectors
from dialogs.selectors.overview import count_unread
from dialogs.services import dialogs as dialog_service
from dialogs.services import messages as message_service
from dialogs.services.dialogs import Assignee
from dialogs.services.item_photos import queue_item_photo
from dialogs.services.tags import MAX_TAGS
from dialogs.services.uploads import keep_picture
from dialogs.web import threads
from dialogs.web.filters import read_filter
from dialogs.web.forms import DetailsForm, MessageForm, StatusForm
from integrations.models import AvitoAccount, Bot
from integrations.web.cabinet import CabinetRequest, cabinet, follow_organization

LIST_SIZE = 30
NOTHING_NEW = 204


@require_safe
@cabinet
def list_inbox(request: CabinetRequest) -> HttpResponse:
    return render(request, "dialogs/inbox.html", _page_context(request))


@require_safe
@cabinet
def refresh_list(request: CabinetRequest) -> HttpResponse:
    """Return the list anew, or nothing when it would look the same."""
    context = _list_context(request, selected=request.GET.get("selected", ""))
    if request.GET.get("version") == context["version"]:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "dialogs/partials/list.html", context)


@require_safe
@cabinet
def show_dialog(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    dialog = _open(request, dialog_id)
    cursor = request.GET.get("before")
    if cursor:
        return _show_history(request, dialog, cursor)
    window = threads.open_window(dialog)
    _mark_seen(dialog)
    queue_item_photo(dialog)
    context = _page_context(request, selected=str(dialog.pk)) | _thread_context(dialog, window)
    return render(request, "dialogs/inbox.html", context)


@require_safe
@cabinet
def refresh_thread(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    """Return the live end of a dialog anew, or nothing when it would look the same."""
    dialog = _open(request, dialog_id)
    window = threads.refresh_window(dialog, start=threads.read_start(request.GET.get("from")))
    _mark_seen(dialog)
    if request.GET.get("version") == window.version:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "dialogs/partials/live.html", _thread_context(dialog, window))


@require_safe
@cabinet
def show_earlier(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    """Return a page of history, to be put above what is shown."""
    dialog = _open(request, dialog_id)
    rows, cursor = threads.earlier_page(dialog, cursor=request.GET.get("before"))
    context = {"dialog": dialog, "thread": rows, "earlier_cursor": cursor}
    return render(request, "dialogs/partials/earlier.html", context)


@require_POST
@cabinet
def send(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    """Send an answer; a script gets the live end of the dialog, anybody else the dialog's page."""
    dialog = _open(request, dialog_id)
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        raise _refusal(form)
    upload = form.cleaned_data["image"]
    message_service.send_message(
        actor=request.user,
        dialog=dialog,
        text=form.cleaned_data["text"],
        image=keep_picture(dialog=dialog, upload=upload) if upload else None,
    )
    if not request.htmx:
        return redirect("dialogs:dialog-detail", dialog.pk)
    window = threads.refresh_window(dialog, start=threads.read_start(request.POST.get("from")))
    return render(request, "dialogs/partials/live.html", _thread_context(dialog, window))


@require_POST
@cabinet
def change_status(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    dialog = _open(request, dialog_id)
    form = StatusForm(request.POST)
    if not form.is_valid():
        raise InputError
    status = Dialog.Status(form.cleaned_data["status"])
    dialog_service.update_dialog(dialog=dialog, status=status)
    notes.success(request, _("The dialog is now: %(status)s.") % {"status": status.label})
    return redirect("dialogs:dialog-detail", dialog.pk)


@require_POST
@cabinet
def change_details(request: CabinetRequest, dialog_id: uuid.UUID) -> HttpResponse:
    """Say whose the dialog is and what its tags are; what is not sent stays as it is."""
    dialog = _open(request, dialog_id)
    form = DetailsForm(request.POST)
    if not form.is_valid():
        raise _refusal(form)
    given = form.cleaned_data
    dialog_service.update_dialog(
        dialog=dialog,
        assignee=Assignee(given["assignee"]) if "assignee" in form.data else None,
        tags=given["tags"] if "tags" in form.data else None,
    )
    notes.success(request, _("Saved."))
    return redirect("dialogs:dialog-detail", dialog.pk)


def _refusal(form: forms.Form) -> InputError:
    fields = [
        FieldError(name, error.code or "invalid", " ".join(error.messages))
        for name, errors in form.errors.as_data().items()
        for error in errors
    ]
    return InputError(fields=fields)


def _open(request: CabinetRequest, dialog_id: uuid.UUID) -> Dialog:
    dialog = selectors.get_dialog_for(request.user, dialog_id)
    follow_organization(request, dialog.organization_id)
    return dialog


def _mark_seen(dialog: Dialog) -> None:
    if dialog.unread_count:
        dialog_service.mark_seen(dialog)


def _show_history(request: CabinetRequest, dialog: Dialog, cursor: str) -> HttpResponse:
    """Return a page of history for a browser without scripts."""
    rows, earlier = threads.earlier_page(dialog, cursor=cursor)
    window = threads.Window(rows, 0, threads.version_of(rows), earlier)
    context = _page_context(request, selected=str(dialog.pk))
    context |= _thread_context(dialog, window)
    return render(request, "dialogs/inbox.html", context | {"is_history": True})


def _thread_context(dialog: Dialog, window: threads.Window) -> dict[str, object]:
    return {
        "dialog": dialog,
        "window": window,
        "thread": window.messages,
        "earlier_cursor": window.earlier_cursor,
        "max_text_length": message_service.MAX_TEXT,
        "max_tags": MAX_TAGS,
        "statuses": Dialog.Status.choices,
    }


def _people(request: CabinetRequest) -> list[User]:
    """Return who may be given a dialog, by name."""
    members = list_members_for(request.user, request.membership.organization_id)
    people = [member.user for member in members.filter(user__is_active=True)]
    return sorted(people, key=lambda person: person.display_name.casefold())


def _page_context(request: CabinetRequest, *, selected: str = "") -> dict[str, object]:
    """Return what the list needs, and the choices for narrowing it down."""
    organization = request.membership.organization
    return {
        **_list_context(request, selected=selected),
        "statuses_to_choose": [("", _("All")), *Dialog.Status.choices],
        "people": _people(request),
        "tags": selectors.list_tags(organization),
    }


def _list_context(request: CabinetRequest, *, selected: str = "") -> dict[str, object]:
    organization = request.membership.organization
    chosen = read_filter(request)
    page = selectors.list_dialogs(
        organization,
        wanted=chosen.wanted,
        cursor=request.GET.get("cursor"),
        limit=LIST_SIZE,
    )
    return {
        "page": page,
        "chosen": chosen,
        "selected": selected,
        "cursor": request.GET.get("cursor", ""),
        "version": _list_version(page, selected),
        "unread_total": count_unread(organization),
        "setup": {} if page.rows else _setup(request),
    }


def _setup(request: CabinetRequest) -> Mapping[str, bool]:
    """Say what an empty inbox is waiting for."""
    organization = request.membership.organization
    return {
        "has_bot": Bot.objects.for_organization(organization).exists(),
        "has_account": AvitoAccount.objects.for_organization(organization).exists(),
    }


def _list_version(page: Page[Dialog], selected: str) -> str:
    shown = ";".join(
        f"{row.pk}:{row.last_message_at.timestamp()}:{row.unread_count}:{row.status}:{row.title}"
        f":{row.assignee_id}:{row.tags}"
        for row in page.rows
    )
    return hashlib.blake2s(f"{selected};{shown}".encode(), digest_size=8).hexdigest()
