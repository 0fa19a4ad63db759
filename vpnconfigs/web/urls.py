from django.urls import path

from vpnconfigs.web import qr

app_name = "vpnconfigs"
urlpatterns = [
    path(
        "configs/<uuid:config_id>/qr.svg",
        qr.show_config_qr,
        {"kind": "svg"},
        name="config-qr-svg",
    ),
    path(
        "configs/<uuid:config_id>/qr.png",
        qr.show_config_qr,
        {"kind": "png"},
        name="config-qr-png",
    ),
    path(
        "account/subscription/qr.svg",
        qr.show_subscription_qr,
        {"kind": "svg"},
        name="subscription-qr-svg",
    ),
    path(
        "account/subscription/qr.png",
        qr.show_subscription_qr,
        {"kind": "png"},
        name="subscription-qr-png",
    ),
]
