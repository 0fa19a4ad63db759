"""``/configs/invite``: a link by which others come, and what it has brought."""

from django.conf import settings
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.web.framed import framed, framed_public
from accounts.web.requests import SignedInRequest
from accounts.web.telegram_ways import bot_url, platform_bot_name
from config.lib.errors import AppError, NotFoundError
from vpnconfigs.bot.arrivals import PREFIX
from vpnconfigs.links.qr import svg_data_uri
from vpnconfigs.models import ShopSettings
from vpnconfigs.selectors.codes import find_referral_code
from vpnconfigs.selectors.referrals import referral_figures, was_brought_by
from vpnconfigs.selectors.settings import get_shop_settings
from vpnconfigs.services.referrals import come_by, referral_code_of


@require_safe
@framed
def show_invitation(request: SignedInRequest) -> HttpResponse:
    """Show the person's link and what it has brought."""
    shop = _require_referrals()
    code = referral_code_of(request.user).code
    url = f"{settings.SITE_URL}{reverse('vpnconfigs:join', args=[code])}"
    bot_name = platform_bot_name()
    context = {
        "shop": shop,
        "url": url,
        "bot_url": bot_url(bot_name, f"{PREFIX}-{code}") if bot_name else "",
        "qr": svg_data_uri(url),
        **referral_figures(request.user),
    }
    return render(request, "vpnconfigs/invite.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@framed_public
def join(request: HttpRequest, referral_code: str) -> HttpResponseBase:
    """Greet who follows such a link; a POST notes who brought them."""
    shop = _require_referrals()
    found = find_referral_code(referral_code)
    if found is None:
        raise NotFoundError
    user = request.user if isinstance(request.user, User) else None
    is_brought = user is not None and was_brought_by(user, found.user)
    if user is None or (request.method != "POST" and not is_brought):
        here = urlencode({"next": request.path})
        context = {"shop": shop, "referrer": found.user, "code": found.code, "next_query": here}
        return render(request, "vpnconfigs/join.html", context)
    try:
        come_by(newcomer=user, code=referral_code)
    except AppError as error:
        notes.error(request, str(error.fields[0].message if error.fields else error.detail))
        return redirect("vpnconfigs:config-list")
    notes.success(request, _("Welcome! Now choose a tariff."))
    return redirect("vpnconfigs:config-create")


def _require_referrals() -> ShopSettings:
    shop = get_shop_settings()
    if not shop.has_referrals:
        raise NotFoundError
    return shop
