"""Who Telegram says is there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.telegram.errors import TelegramRefusedError

MAX_ID = 1 << 52
# Control characters, and halves of surrogate pairs, which no database takes.
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NAME_LENGTH = 128
_USERNAME_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramPerson:
    """A person in Telegram, by whichever way they came.

    :param telegram_id: from 1 to 2^52.
    :param may_write: whether the bot may write to them first; ``None`` where nothing was said.
    """

    telegram_id: int
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    lang_code: str = ""
    may_write: bool | None = None


def build_person(user: Mapping[str, Any]) -> TelegramPerson:
    """Return the person that a decoded ``WebAppUser`` or something alike describes.

    :raises TelegramRefusedError: ``telegram_person_invalid``: the id is no integer from 1 to 2^52,
        or it is a bot.
    """
    telegram_id = user.get("id")
    if type(telegram_id) is not int or not 1 <= telegram_id <= MAX_ID:
        raise TelegramRefusedError("telegram_person_invalid")
    if user.get("is_bot") not in (None, False):
        raise TelegramRefusedError("telegram_person_invalid")
    may_write = user.get("allows_write_to_pm")
    return TelegramPerson(
        telegram_id=telegram_id,
        first_name=_clean(user.get("first_name"), _NAME_LENGTH),
        last_name=_clean(user.get("last_name"), _NAME_LENGTH),
        username=_clean(user.get("username"), _USERNAME_LENGTH),
        lang_code=_clean(user.get("language_code"), _USERNAME_LENGTH),
        may_write=may_write if isinstance(may_write, bool) else None,
    )


def _clean(value: object, length: int) -> str:
    return _UNSTORABLE.sub("", value).strip()[:length] if isinstance(value, str) else ""
