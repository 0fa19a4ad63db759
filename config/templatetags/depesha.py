"""Filters for what is counted in kopecks."""

from django import template

from config.lib.money import format_kopecks

register = template.Library()


@register.filter
def kopecks(value: int | None) -> str:
    """Return an amount as ``1 234,56 ₽``, or nothing where there is none."""
    return "" if value is None else format_kopecks(value)
