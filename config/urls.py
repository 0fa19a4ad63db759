"""The roof: every route of the site."""

from django.contrib import admin
from django.urls import include, path

from config.lib.routes import KeptRoutes

_routes = [
    # Asked most of all, by apps; the patterns of all other pages would be tried before it.
    path("", include("vpnconfigs.web.subscription_urls")),
    path("", include("config.web.urls")),
    path("", include("accounts.api.urls")),
    path("", include("accounts.web.urls")),
    path("", include("integrations.api.urls")),
    path("", include("integrations.web.urls")),
    path("", include("notifications.api.urls")),
    path("", include("notifications.web.urls")),
    path("", include("vpnconfigs.api.urls")),
    path("", include("vpnconfigs.web.urls")),
    path("", include("dialogs.api.urls")),
    path("", include("dialogs.web.urls")),
    path("admin/", admin.site.urls),
]
urlpatterns = [KeptRoutes(_routes)]

handler400 = "config.web.errors.bad_request"
handler403 = "config.web.errors.permission_denied"
handler404 = "config.web.errors.not_found"
handler500 = "config.web.errors.server_error"
