"""Dates as text, by whole columns: digit by digit, or once for each day where only a few occur."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import array_of
from gatherum.kernels.calendar import Civil, civil, days_of
from gatherum.kernels.weeks import days_of_year, iso_weeks, iso_years, weeks
from gatherum.types.calendar import DAY

_SPECIFIER: Final = re.compile("%(.)", re.DOTALL)

Part = Callable[[np.ndarray, np.ndarray, Civil], np.ndarray]
"""Gives numbers from the milliseconds within days, the days, and their calendar dates."""

_PARTS: Final[dict[str, tuple[int, Part]]] = {
    "Y": (4, lambda time, days, date: date.year),
    "m": (2, lambda time, days, date: date.month),
    "d": (2, lambda time, days, date: date.day),
    "H": (2, lambda time, days, date: time // 3_600_000),
    "M": (2, lambda time, days, date: time // 60_000 % 60),
    "S": (2, lambda time, days, date: time // 1000 % 60),
    "L": (3, lambda time, days, date: time % 1000),
    "j": (3, lambda time, days, date: days_of_year(days)),
    "U": (2, lambda time, days, date: weeks(days)),
    "V": (2, lambda time, days, date: iso_weeks(days)),
    "G": (4, lambda time, days, date: iso_years(days)),
    "w": (1, lambda time, days, date: (days + 4) % 7 + 1),
    "u": (1, lambda time, days, date: (days + 3) % 7 + 1),
}
"""The widths and numbers of the specifiers of `$dateToString` that are digits of the date or the time."""
_OF_DAYS: Final = frozenset("YmdjUVGwu")


def date_texts(local: np.ndarray, valid: np.ndarray | None, pattern: str) -> pa.Array | None:
    """The texts of wall clock times in a format of `$dateToString`; None for formats and years that are not served.

    Texts of days are the codes of a dictionary where days repeat.
    """
    letters = _SPECIFIER.findall(pattern)
    if not all(letter in _PARTS or letter == "%" for letter in letters) or _lone_percent(pattern):
        return None
    if not pattern.isascii():
        return None
    days = days_of(local if valid is None else np.where(valid, local, 0))
    if _OF_DAYS.issuperset(set(letters) - {"%"}):
        coded = _by_days(days, valid, pattern)
        if coded is not None:
            return coded
    return _printed(local - days * DAY, days, valid, pattern)


def _lone_percent(pattern: str) -> bool:
    return "%" in _SPECIFIER.sub("", pattern)


def _by_days(days: np.ndarray, valid: np.ndarray | None, pattern: str) -> pa.Array | None:
    """The texts of all days between the first and the last, and which one each row has; None where they are many."""
    if not len(days):
        return None
    if valid is not None:
        days = np.where(valid, days, days[np.argmax(valid)])
    first, last = int(days.min()), int(days.max())
    if last - first > 2 * len(days):
        return None
    every = np.arange(first, last + 1)
    texts = _printed(np.zeros(len(every), np.int64), every, None, pattern)
    if texts is None:
        return None
    coded = texts.dictionary_encode()
    codes = coded.indices.to_numpy()[days - first]
    present = np.zeros(len(coded.dictionary), np.bool_)
    present[codes if valid is None else codes[valid]] = True
    renumbered = np.cumsum(present, dtype=np.int32) - 1
    return pa.DictionaryArray.from_arrays(array_of(renumbered[codes], valid),
                                          coded.dictionary.filter(pa.array(present)))


def _printed(time: np.ndarray, days: np.ndarray, valid: np.ndarray | None, pattern: str) -> pa.Array | None:
    """The texts written into a table of characters, one row each; all are equally long."""
    date = civil(days)
    if len(days) and not (_within("%Y", pattern, date.year, 0, 9999) and _within("%G", pattern, date.year, 1, 9998)):
        return None
    columns: list[Any] = []
    for literal, letter in _pieces(pattern):
        columns += [ord(character) for character in literal]
        if letter:
            width, part = _PARTS[letter]
            columns += _digits(part(time, days, date), width)
    rows, width = len(days), len(columns)
    characters = np.empty((rows, width), np.uint8)
    for position, column in enumerate(columns):
        characters[:, position] = column
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32) if width else np.zeros(rows + 1, np.int32)
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), rows, [bitmap, pa.py_buffer(offsets), pa.py_buffer(characters)])


def _within(specifier: str, pattern: str, years: np.ndarray, least: int, most: int) -> bool:
    """Whether a specifier is not used, or all years lie within its limits."""
    return specifier not in pattern or (int(years.min()) >= least and int(years.max()) <= most)


def _pieces(pattern: str) -> list[tuple[str, str]]:
    """The format as pairs of literal text and the letter of the specifier after it, "" where there is none."""
    made, literal = [], ""
    position = 0
    for found in _SPECIFIER.finditer(pattern):
        literal += pattern[position:found.start()]
        position = found.end()
        if found[1] == "%":
            literal += "%"
        else:
            made.append((literal, found[1]))
            literal = ""
    return [*made, (literal + pattern[position:], "")]


def _digits(numbers: np.ndarray, width: int) -> list[np.ndarray]:
    small = numbers.astype(np.int32)
    columns = []
    for _ in range(width):
        rest = small // np.int32(10)
        columns.append((small - rest * np.int32(10) + np.int32(48)).astype(np.uint8))
        small = rest
    return columns[::-1]
