"""Strings: joining, splitting, trimming, cutting, letter case. Positions and lengths count code points."""

from __future__ import annotations

from typing import Final

from gatherum.errors import OperatorError
from gatherum.functions.operator import operator
from gatherum.functions.operators.int32 import int32
from gatherum.functions.operators.text import text
from gatherum.functions.signature import Codes, named, positional, variadic
from gatherum.types.values import Value, is_nullish, type_name

WHITESPACE: Final = "\0\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))

_UPPER: Final = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
_LOWER: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@operator("$concat", variadic(), null="null",
          examples=[({"$concat": ["a", "-", "b"]}, "a-b"), ({"$concat": ["a", None]}, None), ({"$concat": []}, "")])
def concat(*strings: Value) -> Value:
    """The strings joined, in order.

    Null or missing among them makes the result null; a value of another type that comes before is an error.
    """
    for string in strings:
        if type(string) is not str:
            if is_nullish(string):
                return None
            raise OperatorError(f"$concat takes strings, not {type_name(string)}", 16702)
    return "".join(strings)


@operator("$toUpper", positional("string"),
          examples=[({"$toUpper": "abc"}, "ABC"), ({"$toUpper": "é"}, "é"), ({"$toUpper": None}, "")])
def to_upper(string: Value) -> Value:
    """The string with the letters a to z in upper case; letters outside ASCII stay as they are.

    Numbers, dates, timestamps and code are taken as text, doubles with six significant digits; null and missing give
    the empty string. Other types are an error.
    """
    written = text(string, "$toUpper")
    return written.upper() if written.isascii() else written.translate(_UPPER)


@operator("$toLower", positional("string"),
          examples=[({"$toLower": "ABC"}, "abc"), ({"$toLower": "É"}, "É"), ({"$toLower": None}, "")])
def to_lower(string: Value) -> Value:
    """The string with the letters A to Z in lower case; letters outside ASCII stay as they are.

    Numbers, dates, timestamps and code are taken as text, doubles with six significant digits; null and missing give
    the empty string. Other types are an error.
    """
    written = text(string, "$toLower")
    return written.lower() if written.isascii() else written.translate(_LOWER)


@operator("$substrCP", positional("string", "start", "length"),
          examples=[({"$substrCP": ["hello", 1, 3]}, "ell"), ({"$substrCP": ["hello", 9, 1]}, ""),
                    ({"$substrCP": [None, 0, 1]}, "")])
def substring(string: Value, start: Value, length: Value) -> Value:
    """At most `length` code points of the string, from the position `start`, counted from 0.

    What lies beyond the end is left out. The string may be a number, date, timestamp or code, taken as text; null and
    missing are the empty string. `start` and `length` must be whole numbers of at least 0 within 32 bits.
    """
    written = text(string, "$substrCP")
    first = int32(start, "$substrCP: the start", 34450, 34451)
    count = int32(length, "$substrCP: the length", 34452, 34453)
    if count < 0:
        raise OperatorError(f"$substrCP: the length must not be negative: {count}", 34454)
    if first < 0:
        raise OperatorError(f"$substrCP: the start must not be negative: {first}", 34455)
    return written[first:first + count]


@operator("$strLenCP", positional("string"), examples=[({"$strLenCP": "né"}, 2), ({"$strLenCP": ""}, 0)])
def string_length(string: Value) -> Value:
    """The number of code points in a string, as an int. Any other type, null and missing included, is an error."""
    if type(string) is not str:
        raise OperatorError(f"$strLenCP takes a string, not {type_name(string)}", 34471)
    return len(string)


@operator("$split", positional("string", "separator"), null="null",
          examples=[({"$split": ["a-b-c", "-"]}, ["a", "b", "c"]), ({"$split": ["-a", "-"]}, ["", "a"]),
                    ({"$split": [None, "-"]}, None)])
def split(string: Value, separator: Value) -> Value:
    """The parts of the string between the places where the separator stands; empty parts are kept.

    Where either is null or missing, the result is null. Other types, and an empty separator, are errors.
    """
    if is_nullish(string) or is_nullish(separator):
        return None
    if type(string) is not str:
        raise OperatorError(f"$split takes a string, not {type_name(string)}", 40085)
    if type(separator) is not str:
        raise OperatorError(f"$split: the separator must be a string, not {type_name(separator)}", 40086)
    if not separator:
        raise OperatorError("$split: the separator must not be empty", 40087)
    return string.split(separator)


@operator("$trim", named("input", "chars?", codes=Codes(not_object=50696, unknown=50694, missing=50695)),
          null="null",
          examples=[({"$trim": {"input": " \t a b\n"}}, "a b"), ({"$trim": {"input": "xxaxy", "chars": "xy"}}, "a"),
                    ({"$trim": {"input": None}}, None)])
def trim(input: Value, chars: Value = WHITESPACE) -> Value:
    """The string without the characters at its two ends that are among `chars`.

    `chars` is a string of which every code point counts; without it, whitespace and the null character are trimmed:
    U+0000, U+0009 to U+000D, U+0020, U+00A0, U+1680 and U+2000 to U+200A. Null or missing `input` or `chars` make the
    result null; other types are an error.
    """
    if is_nullish(input):
        return None
    if type(input) is not str:
        raise OperatorError(f"$trim: the input must be a string, not {type_name(input)}", 50699)
    if is_nullish(chars):
        return None
    if type(chars) is not str:
        raise OperatorError(f"$trim: chars must be a string, not {type_name(chars)}", 50700)
    return input.strip(chars)
