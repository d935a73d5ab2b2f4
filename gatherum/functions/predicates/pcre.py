"""PCRE's regular expressions in terms of Python's `re`.

`translate` rewrites a pattern so that `re` finds it in exactly the strings in which PCRE finds it, in UTF mode and
without Unicode classes, as MongoDB compiles it. What has no counterpart in `re` is an UnsupportedError.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from gatherum.errors import PipelineError, UnsupportedError
from gatherum.functions.predicates import pcre_sets
from gatherum.functions.predicates.pcre_sets import quote

LONGEST_PATTERN: Final = 32764
MOST_REPEATS: Final = 65535

_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})[+?]?")
_SETTING: Final = re.compile(r"\(\?(\^?)([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])")
_NAMED_GROUP: Final = re.compile(r"\(\?(?:P?<(\w+)>|'(\w+)')")
_NAMED_REFERENCE: Final = re.compile(r"\(\?P=(\w+)\)|\\k(?:<(\w+)>|'(\w+)'|\{(\w+)\})|\\g\{([^\W\d]\w*)\}")
_NUMBERED_REFERENCE: Final = re.compile(r"\\g(?:\{(-?\d+)\}|(-?\d+))")
_CONDITION: Final = re.compile(r"\(\?\((?:<(\w+)>|'(\w+)'|(\w+))\)")
_OPENINGS: Final = ("(?:", "(?=", "(?!", "(?>")
_AS_IN_PYTHON: Final = {"d": r"(?a:\d)", "D": r"(?a:\D)", "w": r"(?a:\w)", "W": r"(?a:\W)", "s": r"(?a:\s)",
                        "S": r"(?a:\S)", "b": r"(?a:\b)", "B": r"(?a:(?!\b))", "A": r"\A", "G": r"\A", "z": r"\Z",
                        "Z": r"(?=\n?\Z)", "N": r"[^\n]", "R": "(?>\r\n|[\n-\r\x85\u2028\u2029])", "E": ""}


def compile_pcre(pattern: str, options: str) -> re.Pattern[str]:
    """The compiled pattern; PipelineError with MongoDB's code where it is no regular expression or an option unknown.

    >>> compile_pcre("^a", "im").findall("x\\nAb")
    ['A']
    """
    flags = 0
    for letter in options:
        if letter not in "imsxu":
            raise PipelineError(f"invalid flag in regex options: {letter!r}; the options are i, m, s, u and x", 51108)
        flags |= {"i": re.I, "m": re.M, "s": re.S}.get(letter, 0)
    if "\0" in pattern:
        raise PipelineError("a regular expression cannot contain a null byte", 2)
    if len(pattern.encode("utf-8", "surrogatepass")) > LONGEST_PATTERN:
        raise PipelineError(f"Regular expression is invalid: it is longer than {LONGEST_PATTERN} bytes", 51091)
    try:
        return re.compile(translate(pattern, options), flags)
    except (re.error, OverflowError) as error:
        raise PipelineError(f"Regular expression is invalid: {error}", 51091) from None
    except RecursionError:
        raise PipelineError("Regular expression is invalid: its groups are nested too deeply", 51091) from None


def translate(pattern: str, options: str = "") -> str:
    """The pattern in Python's language; to be compiled with the flags of `i`, `m` and `s`, but without `re.X`.

    >>> translate("[[:digit:]]+(?i)x|y")
    '[0-9]+(?i:x)|(?i:y)'
    """
    parser = _Parser(pattern, options)
    parser.leading_verbs()
    branches = parser.branches()
    if parser.at < len(pattern):
        parser.fail("unmatched closing parenthesis")
    return "|".join(branches)


class _Parser:
    """Reads a pattern from left to right; each method returns the translation of what it has read."""

    def __init__(self, text: str, options: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0
        self.multiline = "m" in options
        self.extended = "x" in options

    def fail(self, what: str) -> NoReturn:
        raise PipelineError(f"Regular expression is invalid: {what} at position {self.at} of {self.text!r}", 51091)

    def refuse(self, what: str) -> NoReturn:
        raise UnsupportedError(f"$regex: {what} of PCRE has no counterpart in Python's regular expressions; it is at "
                               f"position {self.at} of {self.text!r}", 51091)

    def starts(self, *texts: str) -> bool:
        return self.text.startswith(texts, self.at)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def leading_verbs(self) -> None:
        while self.starts("(*UTF8)", "(*UTF)"):
            self.at = self.text.index(")", self.at) + 1

    def branches(self) -> list[str]:
        """The alternatives up to a closing parenthesis or the end; a setting such as `(?i)` holds for later ones."""
        done: list[str] = []
        settings: list[str] = []
        current: list[str] = []
        while self.skip_ignored() and not self.starts(")"):
            if self.starts("|"):
                self.at += 1
                done.append("".join(current) + ")" * len(settings))
                current = list(settings)
            elif (setting := self.setting()) is not None:
                settings.append(setting)
                current.append(setting)
            else:
                current.append(self.quantified())
        done.append("".join(current) + ")" * len(settings))
        return done

    def skip_ignored(self) -> bool:
        """Skips comments, and white space in extended mode; False at the end of the pattern."""
        while self.at < len(self.text):
            if self.starts("(?#"):
                end = self.text.find(")", self.at)
                if end < 0:
                    self.fail("unterminated comment")
                self.at = end + 1
            elif self.extended and self.text[self.at] in " \t\n\v\f\r":
                self.at += 1
            elif self.extended and self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end + 1
            else:
                return True
        return False

    def setting(self) -> str | None:
        """A setting for the rest of the group, `(?i)`, as the opening of a group of Python's."""
        found = _SETTING.match(self.text, self.at)
        if found is None or found[4] != ")":
            return None
        self.at = found.end()
        return self.opening(found)

    def opening(self, found: re.Match[str]) -> str:
        """The opening `(?i-s:` of the settings that were found, of which `x` takes effect here."""
        reset, on, off = found[1], found[2], found[3] or ""
        if reset:
            off += "".join(letter for letter in "imsx" if letter not in on)
        for letter in on + off:
            if letter not in "imsx":
                self.refuse(f"the setting {letter!r}")
        self.extended = ("x" in on or self.extended) and "x" not in off
        self.multiline = ("m" in on or self.multiline) and "m" not in off
        added = "".join(letter for letter in "ims" if letter in on and letter not in off)
        removed = "".join(letter for letter in "ims" if letter in off)
        return f"(?{added}{'-' if removed else ''}{removed}:"

    def quantified(self) -> str:
        """One item with its quantifier, if it has one."""
        item = self.item()
        if not self.skip_ignored():
            return item
        found = self.take(_QUANTIFIER)
        if found is None:
            return item
        if any(count and int(count) > MOST_REPEATS for count in found.groups()):
            self.fail("number too big in {} quantifier")
        return f"(?:{item}){found[0]}"if item in _ASSERTIONS else item + found[0]

    def item(self) -> str:
        character = self.text[self.at]
        if character == "\\":
            return self.escape()
        if character == "(":
            return self.group()
        if character == "[":
            translated, self.at = pcre_sets.parse_set(self.text, self.at, self.fail)
            return translated
        if character == "^":
            self.at += 1
            return _LINE_START if self.multiline else "^"
        if _QUANTIFIER.match(self.text, self.at):
            self.fail("quantifier does not follow a repeatable item")
        self.at += 1
        return character if character in ".$" else quote(character)

    def escape(self) -> str:
        """A backslash and what belongs to it, outside a set."""
        if self.starts(r"\Q"):
            return self.quotation()
        if found := self.take(_NAMED_REFERENCE):
            return f"(?P={found[found.lastindex or 0]})"
        if found := self.take(_NUMBERED_REFERENCE):
            number = int(found[1] or found[2])
            return self.reference(number if number > 0 else self.groups + 1 + number)
        letter = self.text[self.at + 1:self.at + 2]
        if letter in "123456789" and letter:
            digits = re.compile(r"\d+").match(self.text, self.at + 1)
            number = int(digits[0]) if digits else 0
            if number < 10 or number <= self.groups:
                self.at += 1 + len(str(number))
                return self.reference(number)
        if self.starts(r"\N{") and not _QUANTIFIER.match(self.text, self.at + 2):
            self.refuse(r"\N{...}")
        if letter and letter in "KXCg":
            self.refuse(f"\\{letter}")
        if letter in _AS_IN_PYTHON and letter:
            self.at += 2
            return _AS_IN_PYTHON[letter]
        ranges, self.at = pcre_sets.parse_escape(self.text, self.at, self.fail)
        return f"[{ranges}]" if len(ranges) > 2 or (len(ranges) == 2 and ranges[0] != "\\") else ranges

    def reference(self, number: int) -> str:
        return f"(?:\\{number})"

    def quotation(self) -> str:
        """The characters between `\\Q` and `\\E`; a quantifier after them concerns the last one."""
        end = self.text.find(r"\E", self.at)
        quoted = self.text[self.at + 2:end if end >= 0 else None]
        self.at = end + 2 if end >= 0 else len(self.text)
        return "".join(map(quote, quoted))

    def group(self) -> str:
        """A parenthesis of any kind, up to its end."""
        outer = self.extended, self.multiline
        close = _plain
        if found := self.take(_NAMED_REFERENCE):
            return f"(?P={found[1]})"
        if found := self.take(_NAMED_GROUP):
            self.groups += 1
            opening = f"(?P<{found[1] or found[2]}>"
        elif self.starts("(?<=", "(?<!"):
            opening = self.text[self.at:self.at + 4]
            close = _look_behind
            self.at += 4
        elif self.starts(*_OPENINGS):
            opening = self.text[self.at:self.at + 3]
            self.at += 3
        elif found := self.take(_CONDITION):
            opening = f"(?({found[1] or found[2] or found[3]})"
        elif found := self.take(_SETTING):
            opening = self.opening(found)
        elif self.starts("(?", "(*"):
            self.refuse(f"{self.text[self.at:self.at + 3]}")
        else:
            self.groups += 1
            self.at += 1
            opening = "("
        branches = self.branches()
        if not self.starts(")"):
            self.fail("missing closing parenthesis")
        self.at += 1
        self.extended, self.multiline = outer
        return close(opening, branches)


_LINE_START: Final = r"(?:^(?!\Z)|\A)"
_ASSERTIONS: Final = frozenset({"^", "$", _LINE_START, r"\A", r"\Z"})


def _plain(opening: str, branches: list[str]) -> str:
    return f"{opening}{'|'.join(branches)})"


def _look_behind(opening: str, branches: list[str]) -> str:
    """Alternatives of different lengths, which Python does not take, as one assertion each."""
    parts = [f"{opening}{branch})" for branch in branches]
    if len(parts) == 1:
        return parts[0]
    return "(?:" + ("|" if opening == "(?<=" else "").join(parts) + ")"
