"""Regular expressions of PCRE in the language of RE2, which Arrow searches with, where both mean the same.

That is so for literal characters, `.`, classes, groups, alternatives, quantifiers and anchors, as long as all that is
asked is whether a pattern is found. Everything else is left to the meaning.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{(\d{1,3})(?:,(\d{0,3}))?\})(\??)(?![+*?{])")
_SETS: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\v\f\r "}
_META: Final = frozenset("\\^$.|?*+()[]{}")


@lru_cache(256)
def translate(pattern: str, options: str) -> str | None:
    """The pattern, which PCRE accepts, in RE2's language; None where the two languages may differ.

    >>> translate(r"^a\\d+(b|c)$", "")
    '\\\\Aa[0-9]+(?:b|c)(?:\\\\n?\\\\z)'
    """
    if set(options) - {"i", "s"} or "\0" in pattern or any("\ud800" <= letter <= "\udfff" for letter in pattern):
        return None
    try:
        made = _Reader(pattern).translation()
    except ValueError:
        return None
    return f"(?{options}:{made})" if options else made


def literal(pattern: str) -> str | None:
    """The text that a pattern without metacharacters stands for; None for other patterns.

    >>> literal("a-b"), literal("a.b")
    ('a-b', None)
    """
    plain = pattern and "\0" not in pattern and _META.isdisjoint(pattern)
    return pattern if plain and not any("\ud800" <= letter <= "\udfff" for letter in pattern) else None


class _Reader:
    """Reads a pattern from left to right; ValueError where it leaves what both languages share."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def translation(self) -> str:
        """The whole pattern."""
        made, depth = [], 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "|":
                self.at += 1
                made.append("|")
            elif letter == "^":
                self.at += 1
                made.append(r"\A")
            elif letter == "$":
                made.append(self._end(depth))
            elif letter == "(":
                depth += 1
                made.append(self._opening())
            else:
                depth -= letter == ")"
                made.append(self._atom() + self._quantifier())
        return "".join(made)

    def _opening(self) -> str:
        self.at += 3 if self.text.startswith("(?:", self.at) else 1
        if self.text.startswith(("?", "*"), self.at):
            raise ValueError("a group of another kind")
        return "(?:"

    def _end(self, depth: int) -> str:
        """The end of the string, or the place before a newline that ends it: nothing may come after it."""
        self.at += 1
        rest = self.text[self.at:].lstrip(")")
        if rest and not (depth == 0 and rest.startswith("|")):
            raise ValueError("an end that is not at the end")
        return r"(?:\n?\z)"

    def _atom(self) -> str:
        letter = self.text[self.at]
        self.at += 1
        if letter in ".)":
            return letter
        if letter == "[":
            return self._class()
        if letter == "\\":
            inside = self._escape()
            return f"[{inside}]" if inside in _SETS.values() else inside
        if letter in _META:
            raise ValueError("a metacharacter without its meaning")
        return _literal(letter)

    def _escape(self) -> str:
        letter = self.text[self.at:self.at + 1]
        self.at += 1
        if letter in _SETS:
            return _SETS[letter]
        if not letter or letter.isalnum() or not letter.isascii():
            raise ValueError("another escape")
        return _literal(letter)

    def _class(self) -> str:
        negated = self.text.startswith("^", self.at)
        self.at += negated
        end = re.compile(r"(?:[^\[\]\\-]|\\.|-)+\]", re.DOTALL).match(self.text, self.at)
        if end is None:
            raise ValueError("a class of another kind")
        made = []
        while self.at < end.end() - 1:
            made.append(self._item(end.end() - 1))
        self.at = end.end()
        return f"[{'^' if negated else ''}{''.join(made)}]"

    def _item(self, end: int) -> str:
        low = self._single()
        if self.text.startswith("-", self.at) and self.at + 1 < end:
            self.at += 1
            high = self._single()
            if low in _SETS.values() or high in _SETS.values():
                raise ValueError("a range of sets")
            return f"{low}-{high}"
        return low

    def _single(self) -> str:
        letter = self.text[self.at]
        self.at += 1
        return self._escape() if letter == "\\" else _literal(letter)

    def _quantifier(self) -> str:
        found = _QUANTIFIER.match(self.text, self.at)
        if found is None:
            if self.text.startswith(("*", "+", "?", "{"), self.at):
                raise ValueError("a quantifier of another kind")
            return ""
        self.at = found.end()
        return found[0].removesuffix("?") if found[3] else found[0]


def _literal(letter: str) -> str:
    return letter if letter.isascii() and letter.isalnum() else rf"\x{{{ord(letter):x}}}"
