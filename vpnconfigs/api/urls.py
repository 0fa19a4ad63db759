from django.urls import URLPattern, path

from vpnconfigs.api import claiming

app_name = "vpnconfigs-api"
urlpatterns: list[URLPattern] = [
    path("api/backend/v1/configs/claim", claiming.ClaimView.as_view(), name="config-claim"),
]
