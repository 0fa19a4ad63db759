"""Reply markups, checked before they stand under a message."""

from typing import Any

from .errors import bad_request

Json = dict[str, Any]

# A button of an inline keyboard has exactly one of these.
ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
CALLBACK_DATA_BYTES = 64


def check_markup(markup: Json | None) -> Json:
    """``{reply_markup}`` to be kept with the message: only inline keyboards are.

    :raises BotApiError: it is none of the four markups, or a button is not well-formed.
    """
    if not markup:
        return {}
    if "inline_keyboard" in markup:
        for button in _buttons(markup["inline_keyboard"]):
            _check_inline(button)
        return {"reply_markup": markup} if markup["inline_keyboard"] else {}
    if "keyboard" in markup:
        _buttons(markup["keyboard"])
    elif markup.get("remove_keyboard") is not True and markup.get("force_reply") is not True:
        raise bad_request("can't parse reply keyboard markup JSON object")
    return {}


def _buttons(rows: Any) -> list[Json]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse keyboard: expected an Array of Array of buttons")
    buttons = [{"text": b} if isinstance(b, str) else b for row in rows for b in row]
    for button in buttons:
        text = button.get("text") if isinstance(button, dict) else None
        if not isinstance(text, str) or not text:
            raise bad_request("can't parse keyboard button: text must be non-empty")
    return buttons


def _check_inline(button: Json) -> None:
    if sum(action in button for action in ACTIONS) != 1:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if "callback_data" in button and (
        not isinstance(data, str) or not 1 <= len(data.encode()) <= CALLBACK_DATA_BYTES
    ):
        raise bad_request("BUTTON_DATA_INVALID")
    url = button.get("url")
    if "url" in button and (not isinstance(url, str) or "://" not in url):
        raise bad_request("BUTTON_URL_INVALID")
