"""The envelope in which a panel answers, and the words it uses."""

import json
from typing import Any

from aiohttp import web

Json = dict[str, Any]

ENGLISH, RUSSIAN = "en-US", "ru-RU"
FAILED, OBTAIN, BAD_BODY = "failed", "obtain", "bad_body"

# Only the beginning of a message is translated; the error in the brackets never is.
_RUSSIAN = {
    "Something went wrong": "Что-то пошло не так",
    "Obtain": "Получить",
    "Invalid username or password or two-factor code.": "Неверные данные учётной записи.",
    "You have successfully logged into your account.": "Вход выполнен успешно.",
    "Inbound client(s) have been added.": "Клиент(ы) добавлен(ы).",
    "Inbound client has been updated.": "Клиент обновлён.",
    "Inbound client has been deleted.": "Клиент удалён.",
    "Traffic has been reset.": "Трафик сброшен.",
}
_PREFIXES = {FAILED: "Something went wrong", OBTAIN: "Obtain"}

BAD_GATEWAY = (
    "<html>\r\n<head><title>{status} {phrase}</title></head>\r\n<body>\r\n"
    "<center><h1>{status} {phrase}</h1></center>\r\n<hr><center>nginx/1.24.0</center>\r\n"
    "</body>\r\n</html>\r\n"
)


class XuiError(Exception):
    """A call is refused in the envelope; ``text`` is the inner error, exactly."""

    def __init__(
        self, text: str, *, prefix: str = FAILED, issues: list[Json] | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.prefix = prefix
        self.issues = issues


class EmptyAnswer(Exception):  # noqa: N818 - it is how panels say no, not a mistake of ours
    """A call is refused by a status alone."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def own_error(text: str, *, prefix: str = FAILED) -> XuiError:
    """An error made by the panel's own helper, which ends each with a newline."""
    return XuiError(f"{text}\n", prefix=prefix)


def not_found(*, prefix: str = OBTAIN) -> XuiError:
    """The database's word for a missing row; it has no newline."""
    return XuiError("record not found", prefix=prefix)


def invalid_body(field: str, message: str, *, rule: str = "type") -> XuiError:
    """A body that 3.x cannot bind."""
    issue = {"field": field, "rule": rule, "param": "", "message": message}
    return XuiError(message, prefix=BAD_BODY, issues=[issue])


def language_of(request: web.Request) -> str:
    """The language of messages: the cookie ``lang``, else the first of ``Accept-Language``."""
    wanted = request.cookies.get("lang") or request.headers.get("Accept-Language")
    return RUSSIAN if wanted and wanted.lower().startswith("ru") else ENGLISH


def say(text: str, *, language: str) -> str:
    return _RUSSIAN.get(text, text) if language == RUSSIAN else text


def succeeded(obj: Any, *, message: str = "", language: str = ENGLISH) -> web.Response:
    return envelope(success=True, msg=say(message, language=language), obj=obj)


def refused(error: XuiError, *, language: str = ENGLISH) -> web.Response:
    """The refusal as it goes out: HTTP 200 whatever it is."""
    if error.issues is not None:
        obj = {"issues": error.issues, "message": error.text}
        return envelope(success=False, msg="request body failed validation", obj=obj)
    prefix = say(_PREFIXES[error.prefix], language=language)
    return envelope(success=False, msg=f"{prefix} ({error.text})", obj=None)


def envelope(*, success: bool, msg: str, obj: Any) -> web.Response:
    body = {"success": success, "msg": msg, "obj": obj}
    return web.Response(
        text=json.dumps(body, ensure_ascii=False), content_type="application/json", charset="utf-8"
    )
