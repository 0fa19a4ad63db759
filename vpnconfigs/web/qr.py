"""QR codes of links and subscriptions, for those they belong to."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.web.requests import SignedInRequest
from vpnconfigs.links.qr import render_qr
from vpnconfigs.selectors.owned import get_link_for
from vpnconfigs.services.subscriptions import subscription_of, subscription_url

CONTENT_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@login_required
@require_safe
def show_config_qr(request: SignedInRequest, config_id: UUID, kind: str) -> HttpResponse:
    """Answer with the first link of a config."""
    return _picture(get_link_for(request.user, config_id), kind=kind)


@login_required
@require_safe
def show_subscription_qr(request: SignedInRequest, kind: str) -> HttpResponse:
    """Answer with the address of the person's subscription, made if there is none yet."""
    return _picture(subscription_url(subscription_of(request.user)), kind=kind)


def _picture(text: str, *, kind: str) -> HttpResponse:
    return HttpResponse(
        render_qr(text, kind=kind),
        content_type=CONTENT_TYPES[kind],
        headers={"Cache-Control": "private, no-store"},
    )
