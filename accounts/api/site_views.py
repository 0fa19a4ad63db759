"""/api/app/v1: what anybody may know of the site."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.auth_views import PublicView
from accounts.api.serializers import SiteSettingsOut
from accounts.selectors.settings import get_site_settings


class SiteSettingsView(PublicView):
    @extend_schema(responses=SiteSettingsOut)
    def get(self, request: Request) -> Response:
        """The site's name and switches."""
        return Response(SiteSettingsOut(get_site_settings()).data)
