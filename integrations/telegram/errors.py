"""What can become of a Bot API call, as the outbox understands it."""

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from integrations.services.calls import Outcome, Status

BAD_TOKEN = "bad_token"  # noqa: S105 - an error's name
BAD_TOKEN_HOLD_SECONDS = 3600.0
# Telegram refuses a change to what is so already: what was asked for is the case.
_ALREADY_SO = frozenset({"not_modified", "topic_not_modified"})
CONFLICT_SECONDS = 30.0

# The Bot API names most of its errors only in its English descriptions. First match wins.
_BAD_REQUESTS = (
    ("message thread not found", "thread_not_found"),
    ("topic_closed", "topic_closed"),
    ("topic_not_modified", "topic_not_modified"),
    ("topic_id_invalid", "thread_not_found"),
    ("the chat is not a forum", "not_a_forum"),
    ("chat not found", "chat_not_found"),
    ("not enough rights", "not_enough_rights"),
    ("have no rights", "not_enough_rights"),
    ("need administrator rights", "not_enough_rights"),
    ("chat_admin_required", "not_enough_rights"),
    ("chat_write_forbidden", "not_enough_rights"),
    ("message is not modified", "not_modified"),
    ("message to edit not found", "message_not_found"),
    ("message to delete not found", "message_not_found"),
    ("message to be replied not found", "reply_not_found"),
    ("can't parse entities", "bad_markup"),
    ("is too long", "too_long"),
    ("file is too big", "too_large"),
    ("message can't be deleted", "not_deletable"),
    ("message to react not found", "message_not_found"),
    ("wrong file_id", "bad_file"),
    ("failed to get http url content", "bad_picture"),
    ("wrong type of the web page content", "bad_picture"),
    ("image_process_failed", "bad_picture"),
    ("photo_invalid_dimensions", "bad_picture"),
)
_FORBIDDEN = (
    ("bot was blocked by the user", "bot_blocked"),
    ("user is deactivated", "user_deactivated"),
    ("can't initiate conversation", "never_started"),
    ("bot was kicked", "bot_kicked"),
    ("bot is not a member", "bot_kicked"),
    ("not enough rights", "not_enough_rights"),
    ("have no rights", "not_enough_rights"),
)


class NotConnectedError(NetworkError):
    """No connection was made: the call was surely not carried out."""


class AnswerLostError(TimedOut):
    """The call went out and no answer came: it may have been carried out."""


class ServerFaultError(NetworkError):
    """Telegram answered with a 5xx."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")


class NoSuchMethodError(TelegramError):
    """404: there is no such method, or the token has not even the form of one."""


class FileTooLargeError(BadRequest):
    """A file is larger than a bot may fetch."""


class TooManyRequestsError(TelegramError):
    """429. :param retry_after: seconds until the next call may succeed."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Too Many Requests: retry after {retry_after:g}")
        self.retry_after = retry_after


def outcome_of(error: Exception) -> Outcome:
    """Translate what a call raised.

    ``BadRequest`` and ``TimedOut`` are ``NetworkError`` to PTB, so they are asked for first. An
    answer that cannot be read came of a call that may well have been carried out.
    """
    text = getattr(error, "message", "") or type(error).__name__
    if isinstance(error, TooManyRequestsError):
        return Outcome(Status.LIMITED, code="limited", text=text, retry_after=error.retry_after)
    if isinstance(error, ChatMigrated):
        changes = {"chat_id": error.new_chat_id}
        return Outcome(Status.PERMANENT, code="chat_migrated", text=text, changes=changes)
    if isinstance(error, InvalidToken):
        return _bad_token(text)
    if isinstance(error, BadRequest | Forbidden | NoSuchMethodError):
        return _refused(_permanent_code(error, text), text)
    return _unsettled(error, text)


def _refused(code: str, text: str) -> Outcome:
    status = Status.SENT if code in _ALREADY_SO else Status.PERMANENT
    return Outcome(status, code=code, text=text)


def _unsettled(error: Exception, text: str) -> Outcome:
    if isinstance(error, Conflict):
        return Outcome(Status.LIMITED, code="conflict", text=text, retry_after=CONFLICT_SECONDS)
    if isinstance(error, TimedOut):
        return Outcome(Status.AMBIGUOUS, code="answer_lost", text=text)
    if isinstance(error, NotConnectedError):
        return Outcome(Status.RETRY, code="not_connected", text=text)
    if isinstance(error, ServerFaultError):
        return Outcome(Status.RETRY, code="server_fault", text=text)
    return Outcome(Status.AMBIGUOUS, code="bad_answer", text=text)


def _bad_token(text: str) -> Outcome:
    return Outcome(
        Status.LIMITED,
        code=BAD_TOKEN,
        text=text,
        retry_after=BAD_TOKEN_HOLD_SECONDS,
        whole_sender=True,
    )


def _permanent_code(error: TelegramError, text: str) -> str:
    if isinstance(error, NoSuchMethodError):
        return "no_such_method"
    known = _FORBIDDEN if isinstance(error, Forbidden) else _BAD_REQUESTS
    lowered = text.lower()
    default = "forbidden" if isinstance(error, Forbidden) else "bad_request"
    return next((code for words, code in known if words in lowered), default)
