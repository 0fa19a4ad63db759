"""The Login Widget's fields, flat as its callback hands them over.

Source: core.telegram.org/widgets/login#checking-authorization
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from accounts.telegram.errors import TelegramRefusedError
from accounts.telegram.init_data import check_hash, read_moment
from accounts.telegram.person import TelegramPerson, build_person

FIELDS = ("id", "first_name", "last_name", "username", "photo_url", "auth_date")
MAX_LENGTH = 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HASH = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[1-9][0-9]{0,15}")


class WidgetData:
    """What was sent, in the right form; nothing of it is proven before ``check`` returned.

    :param body: the decoded body; whatever is not a field of the widget is left aside, as it is
        not signed.
    :raises TelegramRefusedError: ``telegram_data_malformed``.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        present = {name: body[name] for name in FIELDS if body.get(name) is not None}
        self.fields = {name: _as_text(value) for name, value in present.items()}
        self.hash = _as_text(body.get("hash"))
        if not _HASH.fullmatch(self.hash):
            raise TelegramRefusedError("telegram_data_malformed")
        self.auth_date = read_moment(self.fields.get("auth_date", ""))

    @property
    def lines(self) -> str:
        return "\n".join(f"{name}={self.fields[name]}" for name in sorted(self.fields))

    @property
    def person(self) -> TelegramPerson:
        """Who signs in.

        :raises TelegramRefusedError: ``telegram_person_invalid``.
        """
        text = self.fields.get("id", "")
        return build_person({**self.fields, "id": int(text) if _ID.fullmatch(text) else None})

    def check(self, *, token: str) -> None:
        """Prove by our bot's token that Telegram made this.

        :raises TelegramRefusedError: ``telegram_data_forged``.
        """
        check_hash(self.lines, secret=hashlib.sha256(token.encode()).digest(), given=self.hash)


def _as_text(value: object) -> str:
    """Return a JSON value as it was signed: numbers are whole there, whatever a client made."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value}" if abs(value) < 1 << 63 else None
    if not isinstance(value, str) or len(value) > MAX_LENGTH or _CONTROL.search(value):
        raise TelegramRefusedError("telegram_data_malformed")
    return value
