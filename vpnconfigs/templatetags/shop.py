from typing import Any, cast

import nh3
from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from accounts.models import User
from vpnconfigs.selectors.reading import Marks, marks_of

register = template.Library()

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
# A page has one h1 and sections of its own, so headings of a text begin below them.
_TAGS = {
    *("a", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "h3", "h4", "h5"),
}
_SHIFTED = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h5", "h5": "h5", "h6": "h5"}
_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tg"}


@register.simple_tag(takes_context=True)
def shop_marks(context: dict[str, Any]) -> Marks:
    """Return what of the shop the visitor has not read: in one query a page, none for strangers."""
    request, user = context.get("request"), context.get("user")
    if request is None or not isinstance(user, User):
        return Marks()
    if not hasattr(request, "_shop_marks"):
        request._shop_marks = marks_of(user)
    return cast("Marks", request._shop_marks)


@register.filter
def markdown(text: str) -> SafeString:
    """Return Markdown as HTML that holds nothing but text, lists, headings and links."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        token.tag = _SHIFTED.get(token.tag, token.tag)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308  cleaned
