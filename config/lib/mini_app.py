"""Where a page of the site opens inside of Telegram."""

from urllib.parse import quote

from django.conf import settings

APP_PATH = "/app"


def web_app_url(path: str) -> str:
    """Return the address that a Mini App button opens to show a page of the shop.

    Telegram hands the proof of who opens it to the page of the address alone, so that is a shell
    which signs in and then shows ``path``.

    :param path: a page of the site, such as ``/configs/<id>``.
    """
    return f"{settings.SITE_URL}{APP_PATH}?to={quote(path, safe='/')}"
