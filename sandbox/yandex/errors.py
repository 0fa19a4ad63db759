"""Refusals in the one shape that the Bot API has."""


class YandexError(Exception):
    """A call is refused with ``{ok: false, description}``."""

    def __init__(
        self, status: int, description: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = headers or {}

    def as_json(self) -> dict[str, object]:
        return {"ok": False, "description": self.description}


def invalid(name: str, problem: str) -> YandexError:
    return YandexError(400, f"Invalid parameter {name}: {problem}")
