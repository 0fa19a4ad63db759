"""Words that people put on dialogs to find them again."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from config.lib.errors import FieldError, InputError

MAX_TAGS = 10
MAX_LENGTH = 32


def normalize_tags(tags: Iterable[str]) -> list[str]:
    """Return tags as they are kept: without spare spaces, each once whatever its case, in order.

    :raises InputError: one is too long, or there are too many; empty ones are left out.
    """
    kept: dict[str, str] = {}
    for tag in tags:
        words = " ".join(tag.split())
        if words:
            kept.setdefault(words.casefold(), words)
    if len(kept) > MAX_TAGS or any(len(tag) > MAX_LENGTH for tag in kept.values()):
        text = _("At most %(most)s tags of up to %(length)s characters.")
        refusal = text % {"most": MAX_TAGS, "length": MAX_LENGTH}
        raise InputError(fields=[FieldError("tags", "invalid", refusal)])
    return list(kept.values())
