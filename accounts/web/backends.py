"""Django's own way to ask for a password, used by ``manage.py`` tools and the admin."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.services.passwords import verify_password
from config.lib.errors import NotSignedInError


class PasswordBackend(ModelBackend):
    """E-mail address or user name, and a password."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if username is None or password is None:
            return None
        try:
            return verify_password(login=username, password=password)
        except NotSignedInError:
            return None
