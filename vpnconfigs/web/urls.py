from django.urls import URLPattern

app_name = "vpnconfigs"
urlpatterns: list[URLPattern] = []
