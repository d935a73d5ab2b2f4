"""Numbers for people: durations, sizes, shares; `?` where a number is not known."""

from __future__ import annotations

UNKNOWN = "?"


def count(number: float | None) -> str:
    """A whole number, or one that was estimated.

    >>> count(1234567), count(12.7), count(None)
    ('1,234,567', '13', '?')
    """
    return UNKNOWN if number is None else f"{round(number):,}"


def plural(number: int, noun: str) -> str:
    """How many there are of something.

    >>> plural(1, "row"), plural(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Seconds, with the digits that matter.

    >>> duration(75.2), duration(1.234), duration(0.01234), duration(0.0000123)
    ('75 s', '1.23 s', '12.3 ms', '12 µs')
    """
    if seconds is None:
        return UNKNOWN
    if seconds >= 10:
        return f"{seconds:,.0f} s"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} µs"


def size(number: int | None) -> str:
    """Bytes, in decimal units.

    >>> size(999), size(1_500_000), size(None)
    ('999 B', '1.5 MB', '?')
    """
    if number is None:
        return UNKNOWN
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.5 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def ratio(share: float | None) -> str:
    """A share, in per cent.

    >>> ratio(1 / 3), ratio(1), ratio(None), ratio(1e-7), ratio(150)
    ('33.3 %', '100 %', '?', '< 0.0001 %', '15,000 %')
    """
    if share is None:
        return UNKNOWN
    percent = 100 * share
    if 0 < percent < 0.0001:
        return "< 0.0001 %"
    return f"{percent:.3g} %" if percent < 1000 else f"{percent:,.0f} %"
