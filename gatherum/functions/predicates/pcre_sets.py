"""Sets of characters in PCRE's regular expressions: `[...]`, `[:alpha:]`, `\\h`, `\\p{Lu}` and single escapes.

A set is written as the inside of a set of Python's, such as `A-Za-z`.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final, NoReturn

from gatherum.errors import UnsupportedError

Fail = Callable[[str], NoReturn]

_LAST: Final = chr(sys.maxunicode)
_HORIZONTAL: Final = "\t \xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000"
_VERTICAL: Final = "\n-\r\x85\u2028\u2029"
_CLASSES: Final = {"d": "0-9", "w": "0-9A-Z_a-z", "s": "\t-\r ", "h": _HORIZONTAL, "v": _VERTICAL}
_POSIX: Final = {"alpha": "A-Za-z", "digit": "0-9", "alnum": "0-9A-Za-z", "upper": "A-Z", "lower": "a-z",
                 "space": "\t-\r ", "blank": "\t ", "punct": r"!-/:-@\[-`{-\~", "print": r" -\~", "graph": r"!-\~",
                 "cntrl": "\x00-\x1f\x7f", "xdigit": "0-9A-Fa-f", "word": "0-9A-Z_a-z", "ascii": "\x00-\x7f"}
_SINGLES: Final = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NUMERIC: Final = re.compile(r"\\(?:x\{([\da-fA-F]+)\}|x([\da-fA-F]{0,2})|o\{([0-7]+)\}|(0[0-7]{0,2}|[1-7][0-7]{0,2}))")
_PROPERTY: Final = re.compile(r"\\([pP])(?:\{(\^?)([\w&]+)\}|(\w))")
_POSIX_CLASS: Final = re.compile(r"\[:(\^?)(\w+):\]")
_SPECIAL: Final = frozenset(r".^$*+?{}[]\|()-&~")


def quote(character: str) -> str:
    """The character as a literal, within a set and outside."""
    return "\\" + character if character in _SPECIAL else character


def parse_set(text: str, start: int, fail: Fail) -> tuple[str, int]:
    """The set that begins at `start`, in Python's language, and where it ends."""
    at = start + 1
    negated = text.startswith("^", at)
    at += negated
    parts: list[str] = []
    first = True
    while first or not text.startswith("]", at):
        if at >= len(text):
            fail("missing terminating ] for character class")
        first = False
        if text.startswith(r"\E", at):
            at += 2
            continue
        if text.startswith(r"\Q", at):
            end = text.find(r"\E", at)
            end = len(text) if end < 0 else end
            parts += [quote(character) for character in text[at + 2:end]]
            at = end
            continue
        part, at = _member(text, at, fail)
        if _is_single(part) and text.startswith("-", at) and text[at + 1:at + 2] not in ("]", ""):
            last, after = _member(text, at + 1, fail)
            if _is_single(last):
                if last[-1] < part[-1]:
                    fail("range out of order in character class")
                part, at = f"{part}-{last}", after
        parts.append(part)
    return f"[{'^' if negated else ''}{''.join(parts)}]", at + 1


def _is_single(part: str) -> bool:
    return len(part) == 1 or (len(part) == 2 and part[0] == "\\")


def _member(text: str, at: int, fail: Fail) -> tuple[str, int]:
    if found := _POSIX_CLASS.match(text, at):
        if found[2] not in _POSIX:
            fail(f"unknown POSIX class name {found[2]}")
        ranges = _POSIX[found[2]]
        return complement(ranges) if found[1] else ranges, found.end()
    if text.startswith("\\b", at):
        return "\b", at + 2
    if text.startswith("\\", at):
        return parse_escape(text, at, fail)
    return quote(text[at]), at + 1


def parse_escape(text: str, at: int, fail: Fail) -> tuple[str, int]:
    """An escape that stands for a character or a set of them, and where it ends."""
    letter = text[at + 1:at + 2]
    if not letter:
        fail("\\ at end of pattern")
    if letter in _SINGLES:
        return _SINGLES[letter], at + 2
    if letter.lower() in _CLASSES:
        ranges = _CLASSES[letter.lower()]
        return ranges if letter.islower() else complement(ranges), at + 2
    if letter == "c" and "!" <= text[at + 2:at + 3] <= "~":
        return quote(chr(ord(text[at + 2].upper()) ^ 64)), at + 3
    if found := _NUMERIC.match(text, at):
        code = int(found[1] or found[2] or "0", 16) if text[at + 1] == "x" else int(found[3] or found[4], 8)
        if code > sys.maxunicode:
            fail("character code point value is too large")
        return quote(chr(code)), found.end()
    if found := _PROPERTY.match(text, at):
        ranges = _property(found[3] or found[4])
        return complement(ranges) if (found[1] == "P") != bool(found[2]) else ranges, found.end()
    if letter.isascii() and letter.isalnum():
        fail(f"unrecognized character {letter!r} follows \\")
    return quote(letter), at + 2


def complement(ranges: str) -> str:
    """All characters but those of a set.

    >>> complement("!-~") == "\\x00- \\x7f-" + chr(0x10FFFF)
    True
    """
    kept, at = [], 0
    for low, high in sorted(_bounds(ranges)):
        if at < low:
            kept.append((at, low - 1))
        at = max(at, high + 1)
    if at <= sys.maxunicode:
        kept.append((at, sys.maxunicode))
    return _written(kept)


def _bounds(ranges: str) -> list[tuple[int, int]]:
    found = re.findall(r"\\?(.)(?:-\\?(.))?", ranges, re.S)
    return [(ord(low), ord(high or low)) for low, high in found]


def _written(bounds: list[tuple[int, int]]) -> str:
    return "".join(quote(chr(low)) if low == high else f"{quote(chr(low))}-{quote(chr(high))}" for low, high in bounds)


@cache
def _property(name: str) -> str:
    """The characters of a general category of Unicode, or of one of PCRE's own properties."""
    if name == "Any":
        return "\x00-" + _LAST
    wanted = {"Xan": ("L", "N"), "Xwd": ("L", "N"), "Xsp": ("Z",), "Xps": ("Z",), "L&": ("Lu", "Ll", "Lt")}
    prefixes = wanted.get(name, (name,))
    extra = {"Xwd": "_", "Xsp": "\t\n\v\f\r\x85", "Xps": "\t\n\v\f\r\x85"}.get(name, "")
    bounds: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character).startswith(prefixes) or character in extra:
            if bounds and bounds[-1][1] == code - 1:
                bounds[-1] = (bounds[-1][0], code)
            else:
                bounds.append((code, code))
    if not bounds:
        raise UnsupportedError(f"$regex: the property {name} of Unicode is not known; categories such as L, Lu "
                               "and Nd, are", 51091)
    return _written(bounds)
