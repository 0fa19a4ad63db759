"""The channel "mail": one letter through Django's mail back end."""

import asyncio
import smtplib
from collections.abc import Sequence

from django.core.mail import EmailMultiAlternatives, get_connection

from config.lib.logs import redact
from integrations.models import Delivery
from integrations.services.calls import Call, Limit, Outcome, Status

WINDOW = 4
PERMANENT_FROM = 500


async def send(sender: str, call: Call) -> Outcome:
    """Send one letter: ``mail {to, subject, text, html?}``; ``to`` is one address."""
    return await asyncio.to_thread(_send, call)


def limits(delivery: Delivery, call: Call) -> Sequence[Limit]:
    """Return nothing: a mail server says itself when it has enough (4xx)."""
    return ()


def _send(call: Call) -> Outcome:
    """Open the connection first: what fails before the letter was surely not sent."""
    letter = EmailMultiAlternatives(
        subject=call.params["subject"], body=call.params["text"], to=[call.params["to"]]
    )
    if call.params.get("html"):
        letter.attach_alternative(call.params["html"], "text/html")
    connection = get_connection()
    try:
        connection.open()
    except smtplib.SMTPAuthenticationError as error:
        return Outcome(Status.RETRY, code="sign_in_refused", text=_text(error))
    except (OSError, smtplib.SMTPException) as error:
        return Outcome(Status.RETRY, code="not_connected", text=type(error).__name__)
    try:
        connection.send_messages([letter])
    except (smtplib.SMTPException, OSError) as error:
        return outcome_of(error)
    finally:
        _close(connection)
    return Outcome(Status.SENT)


def outcome_of(error: Exception) -> Outcome:
    """Translate what a mail server answered, or that it did not."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _refused(code, text)
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(error.smtp_code, error.smtp_error)
    return Outcome(Status.AMBIGUOUS, code="answer_lost", text=type(error).__name__)


def _refused(code: int, text: bytes | str) -> Outcome:
    status = Status.PERMANENT if code >= PERMANENT_FROM else Status.RETRY
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Outcome(status, code=f"smtp_{code}", text=redact(words))


def _text(error: smtplib.SMTPResponseException) -> str:
    return _refused(error.smtp_code, error.smtp_error).text


def _close(connection: object) -> None:
    try:
        connection.close()  # type: ignore[attr-defined]
    except (OSError, smtplib.SMTPException):
        return
