"""What may stand in the words of a notice: Telegram's HTML, and only the kind's own values."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from config.lib.errors import FieldError
from notifications.services.kinds import NotificationKind
from notifications.services.rendering import fill
from notifications.services.templates import Words

# The Bot API's "HTML style", without what only a program would write.
TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote"}
)
SCHEMES = frozenset({"https", "http", "tg", "mailto"})
# Telegram's longest message.
MOST_CHARACTERS = 4096
_NAMED = re.compile(r"%\((\w+)\)s")
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|#\d{1,6}|#x[0-9a-fA-F]{1,6});)")


def names_of(kind: NotificationKind) -> frozenset[str]:
    """Return the values that a kind's words may ask for."""
    texts = [kind.subject, kind.text, *kind.channel_texts.values()]
    used = {name for text in texts for name in _NAMED.findall(str(text))}
    return frozenset(used | kind.sample.keys())


def sample_of(kind: NotificationKind) -> dict[str, object]:
    """Return a context with every value that a kind's words may ask for."""
    return {name: f"‹{name}›" for name in names_of(kind)} | dict(kind.sample)


def find_faults(kind: NotificationKind, words: Words) -> list[FieldError]:
    """Return what makes words unfit for a kind; none: they may be used."""
    faults = [
        FieldError(field, "invalid", text)
        for field, value in (("subject", words.subject), ("text", words.text))
        for text in _faults_of_values(kind, value)
    ]
    faults += [FieldError("text", "invalid", text) for text in _faults_of_markup(words.text)]
    if faults:
        return faults
    if len(fill(words, sample_of(kind)).plain) > MOST_CHARACTERS:
        faults.append(FieldError("text", "max_length", _("This is longer than a message may be.")))
    return faults


def _faults_of_values(kind: NotificationKind, value: str) -> Iterator[str]:
    unknown = sorted(set(_NAMED.findall(value)) - names_of(kind))
    for name in unknown:
        yield _("There is no value %(name)s in this notification.") % {"name": name}
    if "%" in _NAMED.sub("", value).replace("%%", ""):
        yield _("A percent sign of its own is written %%.")


def _faults_of_markup(text: str) -> Iterator[str]:
    if _ENTITY.search(text):
        yield _("Write &amp; for &.")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    yield from reader.faults
    for tag in reader.open:
        yield _("The tag <%(tag)s> is not closed.") % {"tag": tag}


def _is_link(value: str) -> bool:
    if _NAMED.match(value):
        return True
    try:
        return urlsplit(value).scheme in SCHEMES
    except ValueError:
        return False


class _Reader(HTMLParser):
    """Collects what Telegram would refuse."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag not in TAGS:
            self.faults.append(_("Telegram knows no tag <%(tag)s>.") % {"tag": tag})
        names = {name for name, _value in attrs}
        if names != ({"href"} if tag == "a" else set()):
            self.faults.append(_("Only <a> has an attribute, its href."))
        for _name, value in attrs:
            if not _is_link(value or ""):
                self.faults.append(_("A link begins with https://."))

    def handle_data(self, data: str) -> None:
        # What only looks like a tag is text to the parser.
        if "<" in data:
            self.faults.append(_("Write &lt; for <."))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.faults.append(_("Telegram knows no tag <%(tag)s>.") % {"tag": f"{tag}/"})

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(_("The tag </%(tag)s> closes nothing.") % {"tag": tag})

    def handle_comment(self, data: str) -> None:
        self.faults.append(_("A comment is shown as it stands, or refused."))

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)
