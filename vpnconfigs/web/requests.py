"""``/requests``: what a customer asks of the staff, and the conversation about it."""

import hashlib
import uuid
from collections.abc import Sequence
from http import HTTPStatus

from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.web.forms import add_refusal
from accounts.web.framed import framed
from accounts.web.requests import SignedInRequest
from config.lib.errors import AppError, InputError
from config.lib.pagination import paginate
from vpnconfigs.models import Config, Request, RequestMessage
from vpnconfigs.selectors.configs import configs_of
from vpnconfigs.selectors.reading import thread_of
from vpnconfigs.selectors.requests import NEWEST_FIRST, get_request_for, requests_of
from vpnconfigs.selectors.tariffs import offered_tariffs
from vpnconfigs.services import requests as service
from vpnconfigs.web.forms import MessageForm, RequestForm

NOTHING_NEW = 204


@require_safe
@framed
def list_requests(request: SignedInRequest) -> HttpResponse:
    found = paginate(
        requests_of(request.user).select_related("config"),
        order=NEWEST_FIRST,
        cursor=request.GET.get("cursor") or None,
    )
    return render(request, "vpnconfigs/requests.html", {"page": found})


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def ask(request: SignedInRequest) -> HttpResponse:
    """Show the form; a POST sends the request. ``?kind=`` and ``?config=`` fill it in."""
    configs = list(configs_of(request.user).order_by("created_at", "id"))
    if request.method != "POST":
        initial = {name: request.GET.get(name, "") for name in ("kind", "config")}
        return _render_form(request, _form(request.user, configs, initial=initial))
    form = _form(request.user, configs, data=request.POST)
    if not form.is_valid():
        return _render_form(request, form, status=HTTPStatus.BAD_REQUEST)
    try:
        made = _ask(request.user, form, configs)
    except AppError as error:
        add_refusal(form, error)
        return _render_form(request, form, status=error.status)
    notes.success(request, _("Your request is sent. We tell you as soon as there is an answer."))
    return redirect("vpnconfigs:request-detail", made.pk)


@require_safe
@framed
def show_request(request: SignedInRequest, request_id: uuid.UUID) -> HttpResponse:
    asked = get_request_for(request.user, request_id)
    return _render(request, asked)


@require_safe
@framed
def refresh_request(request: SignedInRequest, request_id: uuid.UUID) -> HttpResponse:
    """Return the conversation anew, or nothing when it would look the same."""
    context = _live_context(request, get_request_for(request.user, request_id))
    if request.GET.get("version") == context["version"]:
        return HttpResponse(status=NOTHING_NEW)
    return render(request, "vpnconfigs/partials/conversation.html", context)


@require_POST
@framed
def say(request: SignedInRequest, request_id: uuid.UUID) -> HttpResponse:
    """Write a message; a script gets the conversation alone, anybody else the page."""
    asked = get_request_for(request.user, request_id)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _refuse(request, asked, form, status=HTTPStatus.BAD_REQUEST)
    try:
        service.say(author=request.user, request=asked, text=form.cleaned_data["text"])
    except AppError as error:
        add_refusal(form, error)
        return _refuse(request, asked, form, status=error.status)
    if request.htmx:  # type: ignore[attr-defined]
        fresh = get_request_for(request.user, request_id)
        return render(
            request, "vpnconfigs/partials/conversation.html", _live_context(request, fresh)
        )
    return redirect("vpnconfigs:request-detail", asked.pk)


@require_POST
@framed
def withdraw(request: SignedInRequest, request_id: uuid.UUID) -> HttpResponse:
    """Take a request back; one that is decided already says so."""
    asked = get_request_for(request.user, request_id)
    try:
        service.withdraw(user=request.user, request=asked)
    except AppError as error:
        notes.error(request, str(error.detail))
    else:
        notes.success(request, _("The request is withdrawn."))
    return redirect("vpnconfigs:request-detail", asked.pk)


def _form(
    user: User,
    configs: Sequence[Config],
    *,
    data: object = None,
    initial: dict[str, str] | None = None,
) -> RequestForm:
    tariffs = [each for each in offered_tariffs(user) if not each.is_self_service]
    return RequestForm(data, initial=initial, tariffs=tariffs, configs=configs)


def _ask(user: User, form: RequestForm, configs: Sequence[Config]) -> Request:
    given = form.cleaned_data
    kind = given["kind"]
    config = next((each for each in configs if str(each.pk) == given.get("config")), None)
    tariff = (
        offered_tariffs(user).filter(pk=given["tariff"]).first() if given.get("tariff") else None
    )
    return service.ask(
        user=user,
        kind=kind,
        tariff=tariff if kind != service.Kind.SUPPORT else None,
        config=config if kind != service.Kind.ACCESS else None,
        text=given["text"],
    )


def _refuse(
    request: SignedInRequest, asked: Request, form: MessageForm, *, status: int
) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        raise InputError(" ".join(map(str, form.errors["text"])))
    return _render(request, asked, form=form, status=status)


def _render_form(
    request: SignedInRequest, form: RequestForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    return render(request, "vpnconfigs/ask.html", {"form": form}, status=status)


def _render(
    request: SignedInRequest, asked: Request, *, status: int = HTTPStatus.OK, **extra: object
) -> HttpResponse:
    context = {"form": MessageForm(), **_live_context(request, asked), **extra}
    return render(request, "vpnconfigs/request.html", context, status=status)


def _live_context(request: SignedInRequest, asked: Request) -> dict[str, object]:
    """What is seen is read: the mark goes with it."""
    thread = thread_of(asked)
    if asked.is_unread_by_user:
        service.mark_read(reader=request.user, request=asked)
    last_answer = next((each for each in reversed(thread) if each.is_from_staff), None)
    return {
        "asked": asked,
        "thread": thread,
        "last_answer": last_answer,
        "version": _version(asked, thread),
        "max_text_length": service.TEXT_LENGTH,
    }


def _version(asked: Request, thread: Sequence[RequestMessage]) -> str:
    last = thread[-1].pk if thread else 0
    facts = f"{asked.state}:{asked.comment}:{last}"
    return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()
