"""The words of notes: what the relay tells people in a topic besides the conversation."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_NOTES = {
    "unknown_command": gettext_lazy(
        "There is no such command: /help lists them. Whatever you write here without a slash at"
        " its beginning goes to the buyer on Avito."
    ),
    "no_account": gettext_lazy("The Avito account of this dialog is no longer connected."),
    "buyer_deleted": gettext_lazy("The buyer has deleted this message."),
    "deleted_on_avito": gettext_lazy("This message was deleted on Avito."),
    "banned": gettext_lazy(
        "The buyer is banned, so this was not sent. /open opens the dialog again."
    ),
    "too_late_to_delete": gettext_lazy(
        "Avito deletes messages only within an hour after they were sent. The buyer still sees"
        " this one."
    ),
    "not_deleted": gettext_lazy("Avito did not delete this message. The buyer still sees it."),
    "edit_of_deleted": gettext_lazy(
        "This message was deleted on Avito, so the new words were not sent. Write them as a new"
        " message."
    ),
    "delete_what": gettext_lazy(
        "Answer one of your own messages with /delete, or put 👎 on it: it is deleted on Avito."
    ),
    "note_what": gettext_lazy("Write the note behind the command: /note calls back on Friday."),
    "ban_why": gettext_lazy("The reasons are spam, fraud, abuse and other: /ban spam."),
    "open_first": gettext_lazy("From this status that cannot be done. Write /open first."),
    "still_banned_on_avito": gettext_lazy(
        "The dialog is open again. On Avito the buyer is still on the black list: take him off"
        " it there."
    ),
    "not_banned": gettext_lazy(
        "Nothing of this buyer is relayed any more, but Avito did not put him on its black list:"
        " do that there."
    ),
    "help": gettext_lazy(
        "What you write here goes to the buyer on Avito: text and pictures.\n"
        "/note text: stays inside, the buyer does not see it\n"
        "/hold: wait with this dialog, no automatic reply\n"
        "/close: close the dialog until the buyer writes again\n"
        "/ban spam, fraud, abuse or other: black list, nothing of the buyer is shown any more\n"
        "/open: open the dialog again\n"
        "/delete in answer to your message, or 👎 on it: delete it on Avito within an hour\n"
        "Edit your message within an hour: the buyer gets the new text in its place.\n"
        "👌 sent, 👀 read, 💔 not sent"
    ),
    "answer_by_reply": gettext_lazy(
        "To answer a buyer, reply to the message with the buyer's words. What replies to nothing"
        " is sent to nobody."
    ),
}
_THINGS = {
    "animation": gettext_lazy("A GIF"),
    "audio": gettext_lazy("Music"),
    "contact": gettext_lazy("A contact"),
    "dice": gettext_lazy("A dice"),
    "document": gettext_lazy("A file"),
    "live_photo": gettext_lazy("A live photo"),
    "location": gettext_lazy("A place on the map"),
    "poll": gettext_lazy("A poll"),
    "sticker": gettext_lazy("A sticker"),
    "story": gettext_lazy("A story"),
    "venue": gettext_lazy("A place on the map"),
    "video": gettext_lazy("A video"),
    "video_note": gettext_lazy("A video message"),
    "voice": gettext_lazy("A voice message"),
}
_REASONS = {
    "not_found": gettext_lazy("the chat no longer exists there."),
    "sender_gone": gettext_lazy("the account is no longer connected."),
    "picture_lost": gettext_lazy("the picture could not be fetched from Telegram."),
    "bad_image": gettext_lazy("the picture cannot be read."),
    "file_gone": gettext_lazy("the picture is no longer there."),
}


def note_text(note: str, facts: Mapping[str, Any]) -> str:
    """Return what is told in a topic besides the conversation, in the active language.

    :param facts: of ``unsupported`` the field of the Bot API that cannot be relayed as ``what``;
        of ``not_sent`` the ``code`` and the ``text`` of the refusal.
    """
    if note == "unsupported":
        what = str(_THINGS.get(str(facts.get("what"))) or _("This"))
        text = _("%(what)s cannot be sent to Avito, only text and pictures can.") % {"what": what}
        return f"{text} {_('The buyer has not seen it.')}"
    if note == "not_sent":
        reason = _reason(str(facts.get("code", "")), str(facts.get("text", "")))
        return _("Not sent to Avito: %(reason)s The buyer has not seen it.") % {"reason": reason}
    return str(_NOTES[note])


def _reason(code: str, text: str) -> str:
    return str(_REASONS.get(code) or text or _("Avito refused it."))
