"""Letters that the site has sent."""

import re

from django.core.mail import EmailMessage


def token_in(letter: EmailMessage) -> str:
    """Return the token of the one-time link in a letter."""
    return re.search(r"token=([\w-]+)", letter.body)[1]
