"""Pictures and voices that Avito's messages point to."""

from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings

from config.lib.http import OutsideSession, PermanentError
from integrations.avito.client import SYSTEM, AvitoClient
from integrations.media.images import MAX_BYTES

_OVER = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


def fetch(url: str) -> bytes:
    """Return what lies at an address that came out of Avito's answers, up to 24 MB.

    :raises PermanentError: the address is not one of Avito's hosts, or nothing lies there.
    """
    if not _is_avitos(url):
        raise PermanentError(SYSTEM, status=0, code="foreign_address", text="")
    return _session().call("GET", url).body


def fetch_voice(client: AvitoClient, voice_id: str) -> bytes:
    """Return a voice message: Opus in an MP4. A link whose hour is over is asked for anew, once.

    :raises PermanentError: Avito has it no longer.
    """
    try:
        return fetch(_voice_url(client, voice_id))
    except PermanentError as error:
        if error.status not in _OVER:
            raise
        return fetch(_voice_url(client, voice_id))


def _voice_url(client: AvitoClient, voice_id: str) -> str:
    url = client.get_voice_url(voice_id)
    if url is None:
        raise PermanentError(SYSTEM, status=0, code="voice_gone", text="")
    return url


def _is_avitos(url: str) -> bool:
    """Say whether an address is the API's own host, or one where Avito keeps media.

    What a message holds is what a stranger has written: our server shall not be led elsewhere.
    """
    parts, base = urlsplit(url), urlsplit(settings.AVITO_API_BASE)
    if (parts.scheme, parts.netloc) == (base.scheme, base.netloc):
        return True
    hosts = tuple(settings.AVITO_MEDIA_HOSTS)
    return parts.scheme == "https" and f".{parts.hostname or ''}".endswith(hosts)


@lru_cache(maxsize=1)
def _session() -> OutsideSession:
    return OutsideSession("", name="avito-media", max_bytes=MAX_BYTES)
