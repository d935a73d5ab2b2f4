"""JSON text, plain or Extended, to documents, exactly: what a document would lose by being read is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

import orjson

from gatherum.plan.analysis import top_names
from gatherum.plan.protocols import Request
from gatherum.sources.document_file import Faults
from gatherum.types.extended_json import decode, decode_fields
from gatherum.types.values import INT64_MAX, INT64_MIN, Document, Value, type_name
from gatherum.types.wrappers import WRAPPERS, MalformedWrapper

# Digits become 0, and what may stand before a number becomes a colon: a search then finds long integers and passes
# over the digits of fractions.
_SHAPE: Final = bytes.maketrans(b"123456789,[ \t\r\n-", b"000000000:::::::")
_BEYOND_32_BITS: Final = b":" + b"0" * 10
_BEYOND_64_BITS: Final = b":" + b"0" * 19
_ESCAPES: Final = (b"\\u003", b"\\u0024")
"""A colon or a dollar sign that is written as one of these cannot be looked for."""
_LONG_INTEGER: Final = re.compile(rb"-?[0-9]{19,}")
_CONSTANT: Final = re.compile(rb"-?(NaN|Infinity)")
_KINDS: Final = {list: "an array", str: "a string", bool: "a boolean", type(None): "null", int: "a number",
                 float: "a number"}


AT_ONCE: Final = 32
"""So few documents are let go, but for the fields needed, before Python's garbage collector comes to see them."""

Names = Collection[str] | None
"""The fields that documents must have; None for all."""


class BrokenText(Exception):
    """A text that is not one JSON document, and the byte where that shows."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def parse_texts(texts: list[bytes], needed: Names) -> list[Document] | None:
    """The documents of many texts, or None where one of them is broken or needs the closer look of `parse_text`."""
    joined = b"\n".join(texts)
    shape = joined.translate(_SHAPE)
    if any(escape in joined for escape in _ESCAPES) or not _integers_fit(joined, shape):
        return None
    extended = b'"$' in joined
    converted = extended or _BEYOND_32_BITS in shape
    documents: list[Document] = []
    keys = 0
    try:
        for start in range(0, len(texts), AT_ONCE):
            parsed = list(map(orjson.loads, texts[start:start + AT_ONCE]))
            if set(map(type, parsed)) != {dict} or (extended and any(map(_is_wrapper, parsed))):
                return None
            keys += orjson.dumps(parsed).count(b":")
            documents += _with_fields(parsed, needed, converted)
    except (ValueError, TypeError, RecursionError):
        return None
    # Each key has a colon: with fewer of them than the text has, one was there twice.
    return documents if keys == joined.count(b":") else None


def parse_array(text: bytes) -> list[Value] | None:
    """The values of an array in sound JSON, or None where they need the closer look of `parse_text`."""
    shape = text.translate(_SHAPE)
    if not _integers_fit(text, shape):
        return None
    try:
        values = orjson.loads(text)
        if b"{" in text:
            if any(escape in text for escape in _ESCAPES) or orjson.dumps(values).count(b":") != text.count(b":"):
                return None
            if b'"$' in text:
                return list(map(decode, values))
        return list(map(decode, values)) if _BEYOND_32_BITS in shape else values
    except (ValueError, TypeError, RecursionError):
        return None


def _is_wrapper(document: Document) -> bool:
    return next(iter(document), "") in WRAPPERS


def _with_fields(documents: list[Document], needed: Names, converted: bool) -> list[Document]:
    if converted:
        return [decode_fields(document, needed) for document in documents]
    if needed is None:
        return documents
    return [{name: value for name, value in document.items() if name in needed} for document in documents]


def _integers_fit(text: bytes, shape: bytes) -> bool:
    """Whether no integer of a text, of which the shape is given, has more than 64 bits."""
    place = shape.find(_BEYOND_64_BITS)
    while place >= 0:
        found = _LONG_INTEGER.match(text, place + (text[place:place + 1] != b"-"))
        if found is None or not _within_64_bits(found[0]):
            return False
        place = shape.find(_BEYOND_64_BITS, found.end())
    return True


def _within_64_bits(digits: bytes) -> bool:
    return len(digits) <= 20 and INT64_MIN <= int(digits) <= INT64_MAX


def parse_text(text: bytes, needed: Names) -> Document:
    """The document of one text; BrokenText where there is none, or where a document cannot hold what is written."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _located(text, error) from None
    if type(document) is not dict:
        raise BrokenText(f"a document was expected, but this is {_KINDS[type(document)]}")
    try:
        json.loads(text, parse_int=_checked_integer, object_pairs_hook=_checked_keys)
        _check_no_wrapper(document)
        return decode_fields(document, needed)
    except MalformedWrapper as error:
        raise BrokenText(str(error)) from None
    except RecursionError:
        raise BrokenText("it is nested too deeply") from None


def _check_no_wrapper(document: Document) -> None:
    if _is_wrapper(document):
        raise BrokenText(f"a document was expected, but this is {type_name(decode(document))} in Extended JSON")


def _located(text: bytes, error: orjson.JSONDecodeError) -> BrokenText:
    try:
        decoded = text.decode()
    except UnicodeDecodeError as bad:
        return BrokenText(f"byte {text[bad.start]:#04x} at column {bad.start + 1} is not valid UTF-8", bad.start)
    position = len(decoded[:error.pos].encode())
    for constant in _CONSTANT.finditer(text):
        if constant.start() <= position <= constant.end():
            name = constant[0].decode()
            return BrokenText(f"{name} at column {constant.start() + 1} is not JSON: "
                              f'write {{"$numberDouble": "{name}"}}', constant.start())
    return BrokenText(f"{error.msg} at column {error.pos + 1}", position)


def _checked_integer(digits: str) -> int:
    if not _within_64_bits(digits.encode()):
        raise BrokenText(f"the integer {digits} does not fit 64 bits: "
                         f'write {{"$numberDecimal": "{digits}"}}, or a string')
    return 0


def _checked_keys(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise BrokenText(f"the field {twice!r} is there twice in one document, which can hold it once only")


def parse_records(texts: list[bytes], places: Callable[[], Iterable[tuple[str, int]]], faults: Faults,
                  request: Request) -> list[Document]:
    """The documents of many texts, with the fields that are requested. `places` gives for each text, when asked, its
    place and the byte it begins at."""
    # Which records are skipped must not depend on what the query needs of them.
    needed = None if request.fields is None or faults.on_bad == "skip" else top_names(request.fields)
    documents = parse_texts(texts, needed)
    if documents is not None:
        return documents
    documents = []
    for text, (place, offset) in zip(texts, places(), strict=True):
        try:
            documents.append(parse_text(text, needed))
        except BrokenText as broken:
            faults.broken(place, offset, broken.reason)
    return documents
