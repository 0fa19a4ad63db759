from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The ground of the house: no models, only what every app stands on."""

    name = "config"
