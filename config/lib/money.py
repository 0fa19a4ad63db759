"""Money as people read it. Amounts are whole kopecks everywhere else."""

from django.utils.formats import number_format

GAP = "\u00a0"
SIGN = "₽"


def format_kopecks(kopecks: int) -> str:
    """Return roubles in the active language: ``200 -> "2 ₽"``, ``123456 -> "1 234,56 ₽"``.

    Kopecks are shown only where there are some. The gap before the sign does not break.
    """
    roubles, rest = divmod(abs(kopecks), 100)
    places = 2 if rest else 0
    text = number_format(
        f"{roubles}.{rest:02d}" if rest else roubles, decimal_pos=places, force_grouping=True
    )
    return f"{'−' if kopecks < 0 else ''}{text}{GAP}{SIGN}"
