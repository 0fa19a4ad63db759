from django.urls import path

from vpnconfigs.web import subscription

app_name = "vpnconfigs-subscription"
urlpatterns = [
    path("sub/<str:subscription_token>", subscription.show_subscription, name="subscription"),
]
