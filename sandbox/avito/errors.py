"""Refusals in Avito's two shapes."""

from typing import Any


class AvitoError(Exception):
    """A call is refused; ``flat`` errors are ``{code, message}``, others stand under ``error``."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        fields: dict[str, str] | None = None,
        flat: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields
        self.flat = flat
        self.headers = headers or {}

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.fields:
            body["fields"] = self.fields
        return body if self.flat else {"error": body}


def invalid(**fields: str) -> AvitoError:
    return AvitoError(400, "Validation error", fields=fields)


def unauthorized(message: str = "Unauthorized") -> AvitoError:
    return AvitoError(401, message)


def too_many_requests(retry_after: int) -> AvitoError:
    # The gate before the services answers in the older shape.
    headers = {"Retry-After": str(retry_after), "X-RateLimit-Remaining": "0"}
    return AvitoError(429, "Too Many Requests", flat=True, headers=headers)
