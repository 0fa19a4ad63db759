from django.urls import URLPattern

app_name = "vpnconfigs-api"
urlpatterns: list[URLPattern] = []
