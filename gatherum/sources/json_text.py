"""JSON text, plain or Extended, to documents, exactly: what a document would lose by being read is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from gatherum.sources.document_file import Faults
from gatherum.types.extended_json import decode
from gatherum.types.values import INT64_MAX, INT64_MIN, Document, Value, type_name
from gatherum.types.wrappers import MalformedWrapper

# Digits become 0, and what may stand before a number becomes a colon: a search then finds long integers and passes
# over the digits of fractions.
_SHAPE: Final = bytes.maketrans(b"123456789,[ \t\r\n-", b"000000000:::::::")
_BEYOND_32_BITS: Final = b":" + b"0" * 10
_BEYOND_64_BITS: Final = b":" + b"0" * 19
_LONG_INTEGER: Final = re.compile(rb"-?[0-9]{19,}")
_CONSTANT: Final = re.compile(rb"-?(NaN|Infinity)")
_KINDS: Final = {list: "an array", str: "a string", bool: "a boolean", type(None): "null", int: "a number",
                 float: "a number"}


class BrokenText(Exception):
    """A text that is not one JSON document, and the byte where that shows."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def parse_texts(texts: list[bytes]) -> list[Document] | None:
    """The documents of many texts, or None where one of them is broken or needs the closer look of `parse_text`."""
    joined = b"\n".join(texts)
    try:
        documents = list(map(orjson.loads, texts))
        if not _keeps_all(joined, documents):
            return None
        shape = joined.translate(_SHAPE)
        if _BEYOND_64_BITS in shape and not all(_within_64_bits(found) for found in _LONG_INTEGER.findall(joined)):
            return None
        if b'"$' in joined or _BEYOND_32_BITS in shape:
            documents = list(map(decode, documents))
    except (ValueError, TypeError, RecursionError):
        return None
    return None if set(map(type, documents)) - {dict} else documents


def _keeps_all(text: bytes, documents: list[Any]) -> bool:
    """Whether no key was lost by being there twice: each has a colon, so the text has as many as the documents.

    False also where a colon or a dollar sign is written as an escape, so that looking for them says nothing.
    """
    return b"\\u003" not in text and b"\\u0024" not in text and orjson.dumps(documents).count(b":") == text.count(b":")


def _within_64_bits(digits: bytes) -> bool:
    return len(digits) <= 20 and INT64_MIN <= int(digits) <= INT64_MAX


def parse_text(text: bytes) -> Document:
    """The document of one text; BrokenText where there is none, or where a document cannot hold what is written."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _located(text, error) from None
    if type(document) is not dict:
        raise BrokenText(f"a document was expected, but this is {_KINDS[type(document)]}")
    try:
        json.loads(text, parse_int=_checked_integer, object_pairs_hook=_checked_keys)
        return _checked_document(decode(document))
    except MalformedWrapper as error:
        raise BrokenText(str(error)) from None
    except RecursionError:
        raise BrokenText("it is nested too deeply") from None


def _checked_document(value: Value) -> Document:
    if type(value) is not dict:
        raise BrokenText(f"a document was expected, but this is {type_name(value)} in Extended JSON")
    return value


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


def parse_records(texts: list[bytes], places: Callable[[], Iterable[tuple[str, int]]],
                  faults: Faults) -> list[Document]:
    """The documents of many texts. `places` gives for each text, when asked, its place and the byte it begins at."""
    documents = parse_texts(texts)
    if documents is not None:
        return documents
    documents = []
    for text, (place, offset) in zip(texts, places(), strict=True):
        try:
            documents.append(parse_text(text))
        except BrokenText as broken:
            faults.broken(place, offset, broken.reason)
    return documents
