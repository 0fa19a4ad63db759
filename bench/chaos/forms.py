"""What each numbered message of a dialog is, and what of it must stand at the other end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from bench.world import Dialog

ALBUM_PHOTOS = 3
# A voice carries no number; where it stands tells which one it is.
VOICE_MARK = "#voice"


class Form(Enum):
    """A sort of message, and what its author does with it later."""

    TEXT = auto()
    PICTURE = auto()
    VOICE = auto()
    ALBUM = auto()
    EDITED = auto()
    DELETED = auto()


_BUYERS = (
    *(Form.TEXT, Form.PICTURE, Form.TEXT, Form.VOICE),
    *(Form.TEXT, Form.DELETED, Form.TEXT, Form.TEXT),
)
_SELLERS = (
    *(Form.TEXT, Form.PICTURE, Form.EDITED, Form.TEXT),
    *(Form.ALBUM, Form.DELETED, Form.TEXT, Form.TEXT),
)


@dataclass(frozen=True)
class Line:
    """One message of the script."""

    number: int
    token: str
    form: Form

    @property
    def pieces(self) -> list[str]:
        """What must arrive for it, in this order; a seller's pictures have captions."""
        picture = f"{self.token}#1"
        caption = [] if self.token.startswith("b") else [self.token]
        match self.form:
            case Form.PICTURE:
                return [picture, *caption]
            case Form.ALBUM:
                others = [f"{self.token}#{place}" for place in range(2, ALBUM_PHOTOS + 1)]
                return [picture, *caption, *others]
            case Form.VOICE:
                return [f"{self.token}{VOICE_MARK}"]
        return [self.token]

    @property
    def versions(self) -> list[str]:
        """The texts of an edited message, the first one first; every other is edited twice."""
        return [self.token, *(f"{self.token} v{n}" for n in range(2, 4 - self.number % 2))]


@dataclass
class Script:
    """What the two people of a dialog say.

    :param ids: a buyer's message, by its id on Avito; filled as it is said.
    :param in_telegram: an operator's token → the ids of its messages in the group, likewise.
    """

    dialog: Dialog
    questions: list[Line]
    answers: list[Line]
    ids: dict[str, Line] = field(default_factory=dict)
    in_telegram: dict[str, list[int]] = field(default_factory=dict)

    def expected(self, lines: Sequence[Line], *, without: Sequence[Form] = ()) -> list[str]:
        """Get the pieces of these lines in their order."""
        return [piece for line in lines if line.form not in without for piece in line.pieces]


def write_script(dialog: Dialog, messages: int, *, is_mixed: bool) -> Script:
    """Make up what is said: ``messages`` each way, of every form or nothing but texts.

    The buyer's first is always a text, by which the topic is found. The dialogs are at different
    places of the same round, so that a few of them show every form.
    """

    def forms(rounds: Sequence[Form], first: int) -> list[Form]:
        return [
            rounds[(dialog.number + n) % len(rounds)] if is_mixed and n >= first else Form.TEXT
            for n in range(1, messages + 1)
        ]

    return Script(
        dialog,
        [Line(n, dialog.question(n), f) for n, f in enumerate(forms(_BUYERS, 2), start=1)],
        [Line(n, dialog.answer(n), f) for n, f in enumerate(forms(_SELLERS, 1), start=1)],
    )
