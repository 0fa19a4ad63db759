"""Cutting long text where a reader would."""

AVITO_TEXT_LIMIT = 1000
TELEGRAM_TEXT_LIMIT = 4096

_SEAMS = ("\n\n", "\n", " ")


def split_text(text: str, *, limit: int = AVITO_TEXT_LIMIT) -> list[str]:
    """Cut ``text`` into parts of at most ``limit`` characters, none of them empty.

    Cuts after a paragraph if that leaves at least half a part, else after a line, else after a
    word, else anywhere. White space at the cuts is dropped, nothing else.
    """
    parts = []
    rest = text.strip()
    while len(rest) > limit:
        cut = _cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def _cut(text: str, limit: int) -> int:
    for seam in _SEAMS:
        # A seam that begins right at the limit still ends a full part.
        at = text.rfind(seam, 0, limit + len(seam))
        if at >= limit // 2:
            return at
    return limit
