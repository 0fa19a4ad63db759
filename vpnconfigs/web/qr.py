"""QR codes of links and subscriptions, for those they belong to."""

import io
from uuid import UUID

import segno
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.web.requests import SignedInRequest
from vpnconfigs.selectors.owned import get_link_for
from vpnconfigs.services.subscriptions import subscription_of, subscription_url

SCALE = {"svg": 6, "png": 8}
BORDER = 4
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


def render_qr(text: str, *, kind: str) -> bytes:
    """Return a picture of a text, dark on white whatever the page's theme: scanners want that."""
    # Links with a post-quantum key fill the largest code there is; the lowest level holds most.
    code = segno.make_qr(text, error="l", boost_error=True)
    out = io.BytesIO()
    code.save(out, kind=kind, scale=SCALE[kind], border=BORDER, dark="#000", light="#fff")
    return out.getvalue()


def svg_data_uri(text: str) -> str:
    """Return a picture to stand inside a page."""
    uri: str = segno.make_qr(text, error="l").svg_data_uri(
        scale=SCALE["svg"], border=BORDER, dark="#000", light="#fff"
    )
    return uri


def _picture(text: str, *, kind: str) -> HttpResponse:
    return HttpResponse(
        render_qr(text, kind=kind),
        content_type=CONTENT_TYPES[kind],
        headers={"Cache-Control": "private, no-store"},
    )
