from django.urls import URLPattern

app_name = "notifications-api"
urlpatterns: list[URLPattern] = []
