"""Where a page of the site opens inside of Telegram."""

from urllib.parse import quote, urlsplit

from django.conf import settings

APP_PATH = "/app"

_sections: set[str] = set()


def register_app_section(path: str) -> None:
    """Let the pages at and below ``path`` open inside of Telegram. Called in ``ready()`` only."""
    _sections.add(path)


def opens_in_app(path: str) -> bool:
    """Say whether a page opens inside of Telegram; any other opens in a browser."""
    place = urlsplit(path).path
    return any(place == section or place.startswith(f"{section}/") for section in _sections)


def web_app_url(path: str) -> str:
    """Return the address that a Mini App button opens to show a page of the shop.

    Telegram hands the proof of who opens it to the page of the address alone, so that is a shell
    which signs in and then shows ``path``.

    :param path: a page of the site, such as ``/configs/<id>``.
    """
    return f"{settings.SITE_URL}{APP_PATH}?to={quote(path, safe='/')}"
