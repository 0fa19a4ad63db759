"""What can become of a call of the Bot API, as the outbox understands it.

Yandex has no codes of errors, only a status and a ``description``: codes are ours, and a text that
is not known yet counts by its status.
"""

from config.lib.http import OutsideError, PermanentError, SignInError, TooManyRequestsError
from integrations.services.calls import Outcome, Status

BAD_TOKEN = "bad_token"  # noqa: S105 - a code's name
FORBIDDEN = "forbidden"
USER_NOT_FOUND = "user_not_found"
CLOSED_BY_PRIVACY = "closed_by_privacy"
OTHER_ORGANIZATION = "other_organization"
BAD_TOKEN_HOLD_SECONDS = 3600.0
# Parts of descriptions, the first that fits counts.
_DESCRIPTIONS = (
    ("privacy", CLOSED_BY_PRIVACY),
    ("user not found", USER_NOT_FOUND),
    ("organization", OTHER_ORGANIZATION),
)
_STATUSES = {403: FORBIDDEN, 404: USER_NOT_FOUND, 413: "too_long"}


def outcome_of(error: OutsideError, *, backoff_seconds: float) -> Outcome:
    """Translate what a call raised. Nothing is ambiguous: ``payload_id`` makes repeats harmless.

    :param backoff_seconds: how long to wait where Yandex asks for it but names no time.
    """
    text = str(error)
    if isinstance(error, TooManyRequestsError):
        wait = error.retry_after if error.retry_after is not None else backoff_seconds
        return Outcome(Status.LIMITED, code="limited", text=text, retry_after=wait)
    if isinstance(error, SignInError):
        return Outcome(
            Status.LIMITED,
            code=BAD_TOKEN,
            text=text,
            retry_after=BAD_TOKEN_HOLD_SECONDS,
            whole_sender=True,
        )
    if isinstance(error, PermanentError):
        return Outcome(Status.PERMANENT, code=_code_of(error), text=text)
    return Outcome(Status.RETRY, code="no_answer", text=text)


def _code_of(error: PermanentError) -> str:
    said = error.text.lower()
    found = next((code for part, code in _DESCRIPTIONS if part in said), "")
    return found or _STATUSES.get(error.status) or error.code or "bad_request"
