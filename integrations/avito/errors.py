"""What can become of an Avito call, as the outbox understands it."""

from config.lib.http import (
    AmbiguousError,
    OutsideError,
    PermanentError,
    SignInError,
    TooManyRequestsError,
)
from integrations.services.calls import Outcome, Status

NO_SUBSCRIPTION = "no_subscription"
BAD_CREDENTIALS = "bad_credentials"
REFUSED_HOLD_SECONDS = 3600.0
_CODES = {402: NO_SUBSCRIPTION, 403: BAD_CREDENTIALS, 404: "not_found"}


def refusal_code(error: OutsideError) -> str:
    """Return why Avito does not work for this account at all, or an empty string."""
    if isinstance(error, SignInError):
        return BAD_CREDENTIALS
    code = _CODES.get(error.status, "") if isinstance(error, PermanentError) else ""
    return code if code in (NO_SUBSCRIPTION, BAD_CREDENTIALS) else ""


def outcome_of(error: OutsideError, *, backoff_seconds: float) -> Outcome:
    """Translate what a call raised.

    :param backoff_seconds: how long to wait where Avito asks for it but names no time.
    """
    text = str(error)
    if isinstance(error, TooManyRequestsError):
        wait = error.retry_after if error.retry_after is not None else backoff_seconds
        return Outcome(Status.LIMITED, code="limited", text=text, retry_after=wait)
    refusal = refusal_code(error)
    if refusal:
        return Outcome(
            Status.LIMITED,
            code=refusal,
            text=text,
            retry_after=REFUSED_HOLD_SECONDS,
            whole_sender=True,
        )
    if isinstance(error, AmbiguousError):
        return Outcome(Status.AMBIGUOUS, code="answer_lost", text=text)
    if isinstance(error, PermanentError):
        code = _CODES.get(error.status) or (error.code if not error.status else "bad_request")
        return Outcome(Status.PERMANENT, code=code, text=text)
    return Outcome(Status.RETRY, code="no_answer", text=text)
