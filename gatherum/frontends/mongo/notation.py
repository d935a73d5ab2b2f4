"""Reads pipelines as people write them: JSON, Extended JSON, and the notation of mongosh.

Beyond JSON there may be comments, trailing commas, keys without quotes, strings in single quotes or backticks, regular
expressions between slashes, hexadecimal numbers, `undefined` (null), and the constructors that mongosh has, such as
`ISODate("2024-05-01")`, `ObjectId("...")` and `NumberDecimal("1.5")`. An integer is int or long by its size, and a
number with a point or an exponent is a double. Dates without a time zone are UTC. Nothing is computed: `60 * 1000` is
an error.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.constructors import CONSTRUCTORS, make_regex
from gatherum.functions.registry import nearest
from gatherum.types.values import INT64_MAX, INT64_MIN, Value, integer
from gatherum.types.wrappers import WRAPPERS, MalformedWrapper, unwrap

_BLANK: Final = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME: Final = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_DOTTED: Final = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*")
_NUMBER: Final = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
                            r"|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity\b|NaN\b)", re.ASCII)
_REGEX: Final = re.compile(r"/((?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)/(\w*)")
_ESCAPED_SLASH: Final = re.compile(r"((?<!\\)(?:\\\\)*+)\\/")
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_STRINGS: Final = {quote: re.compile(rf"{quote}((?:[^{quote}\\{ends}]++|\\.)*+){quote}", re.DOTALL)
                   for quote, ends in (('"', r"\n"), ("'", r"\n"), ("`", ""))}
_WORDS: Final[dict[str, Value]] = {"true": True, "false": False, "null": None, "undefined": None, "NaN": math.nan,
                                   "Infinity": math.inf}
_DEEPEST: Final = 150


def parse_notation(text: str) -> Value:
    """The value that a text writes; PipelineError where it writes none, with the line, the column and the spot.

    >>> parse_notation("[{$match: {price: {$gt: 10}, sku: /^a/i}}, {$limit: 5},]")[1]
    {'$limit': 5}
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0

    def whole(self) -> Value:
        value = self._value()
        self._take(";")
        if self._peek():
            raise self._error(f"the end was expected; found {self._found()}")
        return value

    def _peek(self) -> str:
        """The next character that is neither blank nor in a comment; nothing at the end."""
        self._position = _end(_BLANK, self._text, self._position)
        if self._text.startswith("/*", self._position):
            raise self._error("this comment has no end")
        return self._text[self._position:self._position + 1]

    def _take(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._position += 1
        return True

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._position)
        if found is not None:
            self._position = found.end()
        return found

    def _error(self, message: str, position: int | None = None) -> PipelineError:
        """The error at a position, by default the next character's, with its line shown."""
        place = self._position if position is None else position
        start = self._text.rfind("\n", 0, place) + 1
        line = self._text[start:].partition("\n")[0].rstrip("\r")
        number, column = self._text.count("\n", 0, start) + 1, place - start
        shown_from = max(0, column - 70)
        shown = line[shown_from:shown_from + 110].replace("\t", " ")
        return PipelineError(f"line {number}, column {column + 1}: {message}\n    {shown}\n"
                             f"    {' ' * (column - shown_from)}^")

    def _found(self) -> str:
        character = self._text[self._position:self._position + 1]
        if not character:
            return "the end"
        word = _NAME.match(self._text, self._position)
        return repr(word[0] if word else character)

    def _value(self) -> Value:
        character = self._peek()
        if character in _STRINGS:
            return self._string()
        if character in ("{", "["):
            return self._nested(character)
        if character == "/":
            return self._regex()
        if character and character in "+-.0123456789":
            return self._number()
        if _DOTTED.match(self._text, self._position):
            return self._word()
        raise self._error(f"a value was expected; found {self._found()}")

    def _nested(self, character: str) -> Value:
        if self._depth == _DEEPEST:
            raise self._error(f"documents and arrays nest more than {_DEEPEST} deep")
        start = self._position
        self._depth += 1
        self._position += 1
        value = self._unwrapped(self._document(), start) if character == "{" else self._items("]")
        self._depth -= 1
        return value

    def _unwrapped(self, document: dict[str, Value], start: int) -> Value:
        if next(iter(document), "") not in WRAPPERS:
            return document
        try:
            return unwrap(document, lambda scope: scope)
        except MalformedWrapper as error:
            raise self._error(str(error), start) from None

    def _document(self) -> dict[str, Value]:
        document: dict[str, Value] = {}
        while not self._take("}"):
            self._peek()
            start = self._position
            name = self._key()
            if name in document:
                raise self._error(f"the field {name!r} is there twice in this document", start)
            if not self._take(":"):
                hint = ": put a name with dots in quotes" if self._peek() == "." else ""
                raise self._error(f"':' was expected after the field {name!r}; found {self._found()}{hint}")
            document[name] = self._value()
            if not self._take(",") and self._peek() != "}":
                raise self._error(f"',' or '}}' was expected; found {self._found()}")
        return document

    def _key(self) -> str:
        if self._peek() in _STRINGS:
            return self._string()
        found = self._match(_NAME)
        if found is not None:
            return found[0]
        if self._peek().isdecimal():
            return str(self._number())
        raise self._error(f"the name of a field was expected; found {self._found()}")

    def _items(self, end: str) -> list[Value]:
        items = []
        while not self._take(end):
            items.append(self._value())
            if not self._take(",") and self._peek() != end:
                raise self._error(f"',' or '{end}' was expected; found {self._found()}")
        return items

    def _string(self) -> str:
        start = self._position
        found = self._match(_STRINGS[self._text[start]])
        if found is None:
            raise self._error("this string has no end")
        if self._text[start] == "`" and "${" in found[1]:
            raise self._error("a string in backticks cannot have expressions in it", start)
        text = _ESCAPE.sub(lambda escape: self._unescaped(escape, start), found[1])
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self._error("this string has half of a surrogate pair", start) from None

    def _unescaped(self, escape: re.Match[str], start: int) -> str:
        code = escape[1] or escape[2] or escape[3]
        if code:
            if int(code, 16) > 0x10FFFF:
                raise self._error(f"\\u{{{code}}} is no character", start)
            return chr(int(code, 16))
        if escape[4] in "ux":
            raise self._error(f"the escape \\{escape[4]} needs hexadecimal digits after it", start)
        return _ESCAPED.get(escape[4], escape[4])

    def _number(self) -> Value:
        start = self._position
        found = self._match(_NUMBER)
        if found is None or re.match(r"[\w$]", self._text[self._position:self._position + 1]):
            raise self._error("this is not a number", start)
        text = found[0]
        digits = text.lstrip("+-")
        if digits.isdecimal() and (digits == "0" or digits[0] != "0"):
            return self._integer(int(text) if len(digits) < 30 else INT64_MAX + 1, text, start)
        if digits[:2].lower() in ("0x", "0o", "0b"):
            return self._integer(int(text, 0), text, start)
        if digits.isdecimal():
            raise self._error("a number cannot begin with 0: write 0o17 for an octal one", start)
        return float(text.replace("Infinity", "inf"))

    def _integer(self, number: int, text: str, start: int) -> int:
        if not INT64_MIN <= number <= INT64_MAX:
            raise self._error(f"the integer does not fit 64 bits: write NumberDecimal(\"{text}\"), or {text}.0 for a "
                              "double", start)
        return integer(number)

    def _regex(self) -> Value:
        start = self._position
        found = self._match(_REGEX)
        if found is None:
            raise self._error("this regular expression has no end")
        return self._made(lambda: make_regex(_ESCAPED_SLASH.sub(r"\1/", found[1]), found[2]), start)

    def _word(self) -> Value:
        start = self._position
        name = self._dotted()
        new = name == "new" and self._peek() != "("
        if new:
            name = self._dotted()
        if name in _WORDS and not new:
            return _WORDS[name]
        if name == "Date" and not new:
            raise self._error("Date() is a string in mongosh: write new Date(...) or ISODate(...)", start)
        if name not in CONSTRUCTORS:
            hint = nearest(name, [*CONSTRUCTORS, *_WORDS])
            raise self._error(f"there is no {name!r}{hint}; strings need quotes", start)
        if not self._take("("):
            if name not in ("MinKey", "MaxKey"):
                raise self._error(f"'(' was expected after {name}; found {self._found()}")
            return CONSTRUCTORS[name]()
        arguments = self._items(")")
        return self._made(lambda: CONSTRUCTORS[name](*arguments), start, name)

    def _dotted(self) -> str:
        self._peek()
        found = self._match(_DOTTED)
        if found is None:
            raise self._error(f"a name was expected; found {self._found()}")
        return found[0]

    def _made(self, make: Any, start: int, name: str = "") -> Value:
        """The value of a constructor, whose complaints are shown where it begins."""
        try:
            return make()
        except PipelineError:
            raise
        except TypeError as error:
            reason = str(error).partition(") ")[2] if "argument" in str(error) else str(error)
            raise self._error(f"{name}: {reason or error}", start) from None
        except (ValueError, ArithmeticError, OverflowError) as error:
            raise self._error(f"{name}: {error}" if name else str(error), start) from None


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position
