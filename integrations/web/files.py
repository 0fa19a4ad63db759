"""The HTTP answer that carries a kept content. Whoever gives it has asked who may see it."""

import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from config.lib.errors import NotFoundError
from integrations.models import StoredFile

_FOR_EVER = "private, max-age=31536000, immutable"
_FOR_AN_HOUR = "private, max-age=3600"
_SUFFIXES = {"image/jpeg": "jpg", "audio/ogg": "ogg"}
_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def file_response(
    request: HttpRequest, stored: StoredFile, *, name: str, is_final: bool = True
) -> HttpResponse:
    """Return a file's content, the part of it that was asked for, or "not modified".

    :param name: what a browser calls it when it is saved, without its ending.
    :param is_final: the address will never stand for another content.
    :raises NotFoundError: the content has left the storage.
    """
    etag = f'"{stored.sha256}"'
    known = get_conditional_response(request, etag=etag)
    answer = (
        _body(request, stored, etag) if known is None else HttpResponse(status=known.status_code)
    )
    answer["ETag"] = etag
    answer["Cache-Control"] = _FOR_EVER if is_final else _FOR_AN_HOUR
    answer["Accept-Ranges"] = "bytes"
    answer["X-Content-Type-Options"] = "nosniff"
    suffix = _SUFFIXES.get(stored.content_type, "bin")
    answer["Content-Disposition"] = f'inline; filename="{name}.{suffix}"'
    return answer


def _body(request: HttpRequest, stored: StoredFile, etag: str) -> HttpResponse:
    part = None
    if request.headers.get("If-Range", etag) == etag:
        part = read_range(request.headers.get("Range", ""), size=stored.size)
    if part is None:
        return HttpResponse(_read(stored, range(stored.size)), content_type=stored.content_type)
    if not part:
        answer = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        answer["Content-Range"] = f"bytes */{stored.size}"
        return answer
    answer = HttpResponse(
        _read(stored, part), status=HTTPStatus.PARTIAL_CONTENT, content_type=stored.content_type
    )
    answer["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stored.size}"
    return answer


def _read(stored: StoredFile, part: range) -> bytes:
    """Return bytes of a content; whole ones are small, for they were drawn or wrapped anew."""
    try:
        with stored.content.open("rb") as source:
            source.seek(part.start)
            body: bytes = source.read(len(part))
    except FileNotFoundError:
        raise NotFoundError from None
    return body


def read_range(header: str, *, size: int) -> range | None:
    """Return which bytes a ``Range`` header asks for; empty where there are none of them.

    :returns: ``None`` for all of them: there is no header, or one of a kind that may be ignored,
        such as several ranges at once (RFC 9110, 14.2).
    """
    found = _ONE_RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return range(max(0, size - int(found[2])), size)
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < first:
        return None
    return range(first, max(first, last + 1))
