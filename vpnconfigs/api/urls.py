from django.urls import URLPattern, path

from vpnconfigs.api import (
    claiming,
    config_views,
    panel_views,
    shop_views,
    staff_config_views,
    staff_shop_views,
    staff_talk_views,
    subscription_views,
    talk_views,
)

app_name = "vpnconfigs-api"
BACKEND = "api/backend/v1"
ADMIN = "api/admin/v1"
_customers: list[URLPattern] = [
    path(f"{BACKEND}/configs", config_views.ConfigListView.as_view(), name="config-list"),
    path(
        f"{BACKEND}/configs/<uuid:config_id>",
        config_views.ConfigView.as_view(),
        name="config-detail",
    ),
    path(f"{BACKEND}/configs/claim", claiming.ClaimView.as_view(), name="config-claim"),
    path(
        f"{BACKEND}/configs/<uuid:config_id>/renew",
        config_views.ConfigRenewView.as_view(),
        name="config-renew",
    ),
    path(
        f"{BACKEND}/configs/<uuid:config_id>/move",
        config_views.ConfigMoveView.as_view(),
        name="config-move",
    ),
    path(f"{BACKEND}/tariffs", shop_views.TariffListView.as_view(), name="tariff-list"),
    path(f"{BACKEND}/countries", shop_views.CountryListView.as_view(), name="country-list"),
    path(
        f"{BACKEND}/promo-codes/check",
        shop_views.PromoCodeCheckView.as_view(),
        name="promo-code-check",
    ),
    path(f"{BACKEND}/gifts", shop_views.GiftListView.as_view(), name="gift-list"),
    path(f"{BACKEND}/gifts/redeem", shop_views.GiftRedeemView.as_view(), name="gift-redeem"),
    path(f"{BACKEND}/referral", shop_views.ReferralView.as_view(), name="referral"),
    path(
        f"{BACKEND}/subscription",
        subscription_views.SubscriptionView.as_view(),
        name="subscription",
    ),
    path(
        f"{BACKEND}/subscription/renew",
        subscription_views.SubscriptionRenewView.as_view(),
        name="subscription-renew",
    ),
    path(
        f"{BACKEND}/subscription/devices",
        subscription_views.DeviceListView.as_view(),
        name="device-list",
    ),
    path(
        f"{BACKEND}/subscription/devices/<int:device_id>",
        subscription_views.DeviceView.as_view(),
        name="device-detail",
    ),
    path(f"{BACKEND}/news", talk_views.NewsListView.as_view(), name="news-list"),
    path(
        f"{BACKEND}/news/<uuid:news_id>/read", talk_views.NewsReadView.as_view(), name="news-read"
    ),
    path(f"{BACKEND}/requests", talk_views.RequestListView.as_view(), name="request-list"),
    path(
        f"{BACKEND}/requests/<uuid:request_id>",
        talk_views.RequestView.as_view(),
        name="request-detail",
    ),
    path(
        f"{BACKEND}/requests/<uuid:request_id>/withdraw",
        talk_views.RequestWithdrawView.as_view(),
        name="request-withdraw",
    ),
    path(
        f"{BACKEND}/requests/<uuid:request_id>/read",
        talk_views.RequestReadView.as_view(),
        name="request-read",
    ),
    path(
        f"{BACKEND}/requests/<uuid:request_id>/messages",
        talk_views.RequestMessageListView.as_view(),
        name="request-messages",
    ),
]
_staff: list[URLPattern] = [
    path(
        f"{ADMIN}/configs",
        staff_config_views.StaffConfigListView.as_view(),
        name="staff-config-list",
    ),
    path(
        f"{ADMIN}/configs/<uuid:config_id>",
        staff_config_views.StaffConfigView.as_view(),
        name="staff-config-detail",
    ),
    path(
        f"{ADMIN}/configs/actions",
        staff_config_views.MassActionListView.as_view(),
        name="mass-action-list",
    ),
    path(
        f"{ADMIN}/configs/actions/<uuid:job_id>",
        staff_config_views.MassActionView.as_view(),
        name="mass-action-detail",
    ),
    path(
        f"{ADMIN}/configs/actions/<uuid:job_id>/cancel",
        staff_config_views.MassActionCancelView.as_view(),
        name="mass-action-cancel",
    ),
    path(
        f"{ADMIN}/requests",
        staff_talk_views.StaffRequestListView.as_view(),
        name="staff-request-list",
    ),
    path(
        f"{ADMIN}/requests/<uuid:request_id>",
        staff_talk_views.StaffRequestView.as_view(),
        name="staff-request-detail",
    ),
    path(
        f"{ADMIN}/requests/<uuid:request_id>/decide",
        staff_talk_views.StaffRequestDecideView.as_view(),
        name="staff-request-decide",
    ),
    path(
        f"{ADMIN}/requests/<uuid:request_id>/read",
        staff_talk_views.StaffRequestReadView.as_view(),
        name="staff-request-read",
    ),
    path(
        f"{ADMIN}/requests/<uuid:request_id>/messages",
        staff_talk_views.StaffMessageListView.as_view(),
        name="staff-request-messages",
    ),
    path(f"{ADMIN}/news", staff_talk_views.StaffNewsListView.as_view(), name="staff-news-list"),
    path(
        f"{ADMIN}/news/<uuid:news_id>",
        staff_talk_views.StaffNewsView.as_view(),
        name="staff-news-detail",
    ),
    path(
        f"{ADMIN}/news/<uuid:news_id>/publish",
        staff_talk_views.StaffNewsPublishView.as_view(),
        name="staff-news-publish",
    ),
    path(
        f"{ADMIN}/news/<uuid:news_id>/withdraw",
        staff_talk_views.StaffNewsWithdrawView.as_view(),
        name="staff-news-withdraw",
    ),
    path(
        f"{ADMIN}/tariffs",
        staff_shop_views.StaffTariffListView.as_view(),
        name="staff-tariff-list",
    ),
    path(
        f"{ADMIN}/tariffs/<uuid:tariff_id>",
        staff_shop_views.StaffTariffView.as_view(),
        name="staff-tariff-detail",
    ),
    path(
        f"{ADMIN}/promo-codes",
        staff_shop_views.StaffPromoCodeListView.as_view(),
        name="staff-promo-code-list",
    ),
    path(
        f"{ADMIN}/promo-codes/<uuid:promo_id>",
        staff_shop_views.StaffPromoCodeView.as_view(),
        name="staff-promo-code-detail",
    ),
    path(f"{ADMIN}/panels", panel_views.PanelListView.as_view(), name="panel-list"),
    path(f"{ADMIN}/panels/<uuid:panel_id>", panel_views.PanelView.as_view(), name="panel-detail"),
    path(
        f"{ADMIN}/panels/<uuid:panel_id>/test",
        panel_views.PanelTestView.as_view(),
        name="panel-test",
    ),
    path(
        f"{ADMIN}/panels/<uuid:panel_id>/reconcile",
        panel_views.PanelReconcileView.as_view(),
        name="panel-reconcile",
    ),
    path(
        f"{ADMIN}/panels/<uuid:panel_id>/reports",
        panel_views.PanelReportListView.as_view(),
        name="panel-reports",
    ),
    path(
        f"{ADMIN}/panels/<uuid:panel_id>/inbounds",
        panel_views.InboundListView.as_view(),
        name="inbound-list",
    ),
    path(
        f"{ADMIN}/panels/<uuid:panel_id>/inbounds/<int:inbound_id>",
        panel_views.InboundView.as_view(),
        name="inbound-detail",
    ),
    path(f"{ADMIN}/settings", staff_shop_views.SettingsView.as_view(), name="settings"),
]
urlpatterns: list[URLPattern] = [*_customers, *_staff]
