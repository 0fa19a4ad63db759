from django.http import HttpRequest

from accounts.models import User


class SignedInRequest(HttpRequest):
    """A page request that has passed ``LoginRequiredMixin``."""

    user: User
