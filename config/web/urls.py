from django.urls import path

from config.web import views

urlpatterns = [
    path("health", views.HealthView.as_view(), name="health"),
    path("api/app/v1/health", views.HealthView.as_view(), name="app-health"),
    path("api/app/v1/status", views.StatusView.as_view(), name="app-status"),
    path("api/v1/health/liveness", views.LivenessView.as_view(), name="health-liveness"),
    path("api/v1/health/readiness", views.ReadinessView.as_view(), name="health-readiness"),
    path("api/v1/health/detailed", views.DetailedHealthView.as_view(), name="health-detailed"),
    path("metrics", views.metrics, name="metrics"),
    path("openapi.json", views.openapi, name="openapi"),
    path("docs", views.DocsView.as_view(), name="docs"),
]
