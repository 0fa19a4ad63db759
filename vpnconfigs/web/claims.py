"""``/configs/claim``: a customer of old brings the link that they use already."""

from http import HTTPStatus

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.web.framed import framed
from accounts.web.requests import SignedInRequest
from config.lib.errors import AppError
from vpnconfigs.limits import limit_claim_page
from vpnconfigs.services.claiming import claim
from vpnconfigs.web.forms import ClaimForm


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def claim_configs(request: SignedInRequest) -> HttpResponse:
    """Show the form; a POST takes what the link belongs to."""
    if request.method != "POST":
        return _render(request, ClaimForm())
    return _claim(request, user=request.user)


@limit_claim_page
def _claim(request: HttpRequest, *, user: User) -> HttpResponse:
    form = ClaimForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=HTTPStatus.BAD_REQUEST)
    try:
        claimed = claim(user=user, text=form.cleaned_data["text"])
    except AppError as error:
        # Whatever is wrong is wrong with the link: there is no other field.
        form.add_error("text", str(error.detail))
        return _render(request, form, status=error.status)
    text = ngettext(
        "%(count)d config is yours now.", "%(count)d configs are yours now.", len(claimed)
    )
    notes.success(request, text % {"count": len(claimed)})
    return redirect("vpnconfigs:config-list")


def _render(request: HttpRequest, form: ClaimForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    return render(request, "vpnconfigs/claim.html", {"form": form}, status=status)
