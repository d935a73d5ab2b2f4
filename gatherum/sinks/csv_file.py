"""CSV and TSV, with a header line of all the fields that the documents have, in the order of their appearance.

A cell says nothing of a value's type. What has no usual text, such as a document, is refused, unless `lossy`: it is
then written as Extended JSON. So is a field that is empty for more than one reason: null, missing, the empty string. If
`exact`, all is refused that would not be read back as it is, where an empty cell is null, or what `empty` names, but
for the width of integers: in a CSV file an integer is an int or a long by its size.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, BinaryIO, Final

import orjson

from gatherum.errors import LossError, SettingError
from gatherum.sinks.files import SinkFormat
from gatherum.types.csv_cells import cell_text, empty_value, infer, reads_back
from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING, Document, Value, type_name

BYTES_IN_MEMORY: Final = 1 << 24
BYTE_ORDER_MARK: Final = "\ufeff"
_EMPTY: Final[dict[Any, str]] = {None: "null", MISSING: "missing", "": "the empty string"}


class CsvWriter:
    """Writes CSV. As the header line comes first, the lines wait in a temporary file for the fields of the last one,
    unless the fields are given, or are `exact`ly those of the first document, as no empty cell may be missing."""

    def __init__(self, stream: BinaryIO, *, lossy: bool, exact: bool = False, fields: Sequence[str] | None = None,
                 delimiter: str = ",", empty: str = "null") -> None:
        if fields is not None and (isinstance(fields, str) or len(set(fields)) < len(fields)):
            raise SettingError("fields is a list of names, each of them once")
        self._stream = stream
        self._lossy = lossy
        self._exact = exact
        self._delimiter = delimiter
        self._empty = empty_value(empty)
        self._same_fields = exact and self._empty is not MISSING
        self._given = fields is not None
        self._reasons = dict.fromkeys(fields or (), "")
        self._widths: list[tuple[int, int]] = []
        self._count = 0
        self._waiting = None if self._given or self._same_fields else _temporary_file()

    def write(self, documents: list[Document]) -> None:
        """Appends lines."""
        begun = self._count > 0
        text = self._text(map(self._row, documents))
        if self._waiting is not None:
            self._waiting.write(text)
        elif documents:
            self._stream.write(text if begun else self._header() + text)

    def write_header(self, types: Mapping[str, str | None]) -> None:
        """Names the fields where no documents do."""
        self._reasons = self._reasons or dict.fromkeys(types, "")

    def finish(self) -> None:
        """Writes the header line, and the lines that waited for it, each with cells for all the fields."""
        if self._waiting is None:
            self._stream.write(b"" if self._count else self._header())
            return
        self._stream.write(self._header())
        self._waiting.seek(0)
        if self._widths:
            self._stream.writelines(self._filled_up(_lines(self._waiting)))
        else:
            while block := self._waiting.read(1 << 20):
                self._stream.write(block)
        self._waiting.close()

    def discard(self) -> None:
        """Gives up the lines that wait."""
        if self._waiting is not None:
            self._waiting.close()

    def _header(self) -> bytes:
        if not self._reasons and not self._count:
            return b""
        if not self._reasons and not self._lossy:
            raise LossError("no document has a field, and a line of CSV has a cell at least: write with lossy=True, or "
                            "in another format")
        text = self._text([[*self._reasons] or [""]])
        return BYTE_ORDER_MARK.encode() + text if text.startswith(BYTE_ORDER_MARK.encode()) else text

    def _filled_up(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """The lines with empty cells for the fields that are later than they are."""
        number = 0
        for until, width in self._widths:
            missing = self._delimiter.encode() * (len(self._reasons) - width) + b"\n"
            while number < until:
                yield next(lines)[:-1] + missing
                number += 1
        yield from lines

    def _text(self, rows: Iterable[Sequence[str]]) -> bytes:
        lines: list[str] = []
        # The end of a line is "\r\n" here for the writer to put a lone "\r" in quotes.
        target: Any = SimpleNamespace(write=lines.append)
        csv.writer(target, delimiter=self._delimiter, lineterminator="\r\n").writerows(rows)
        try:
            return "".join([line[:-2] + "\n" for line in lines]).encode()
        except UnicodeEncodeError as error:
            raise LossError(f"a string cannot be written as UTF-8: {error.reason}") from None

    def _row(self, document: Document) -> list[str]:
        self._count += 1
        if not document.keys() <= self._reasons.keys():
            self._meet([name for name in document if name not in self._reasons])
        row = [self._cell(name, document.get(name, MISSING)) for name in self._reasons]
        if self._exact and list(document) != [name for name in self._reasons if name in document]:
            raise self._loss(f"has its fields in another order than those before: {', '.join(document)}")
        return row or [""]

    def _meet(self, new: list[str]) -> None:
        """Adds fields that no document had before."""
        if self._given:
            raise LossError(f"document {self._count} has the field {new[0]!r}, which the option fields does not name")
        if self._count > 1:
            if self._same_fields:
                raise self._loss(f"is the first with the field {new[0]!r}, which would be read back as "
                                 f"{type_name(self._empty)} of those before")
            self._widths.append((self._count - 1, max(len(self._reasons), 1)))
        self._reasons.update(dict.fromkeys(new, "missing" if self._count > 1 else ""))

    def _cell(self, name: str, value: Value) -> str:
        if value is None or value is MISSING or value == "":
            if not self._exact:
                self._check_reason(name, _EMPTY[value])
            text = ""
        else:
            text = cell_text(value)
            if text is None:
                return self._json(name, value)
        if self._exact and not reads_back(value, read := infer(text) if text else self._empty):
            found = _EMPTY[value] if text == "" else f"the {type_name(value)} {text[:60]}"
            raise self._loss(f"has {found} in the field {name!r}, which would be read back as {type_name(read)}")
        return text

    def _loss(self, what: str) -> LossError:
        return LossError(f"document {self._count} {what}: write with lossy=True, or in a format that keeps it (jsonl, "
                         "bson, parquet)")

    def _json(self, name: str, value: Value) -> str:
        try:
            found, json = type_name(value), orjson.dumps(encode(value, "relaxed")).decode()
        except (TypeError, ValueError, RecursionError) as error:
            raise LossError(f"document {self._count}: the field {name!r} cannot be written: {error}") from None
        if not self._lossy:
            raise LossError(f"document {self._count}: the field {name!r} is {found}, which a cell cannot hold: project "
                            "what you need of it, or write with lossy=True (as JSON text)")
        return json

    def _check_reason(self, name: str, reason: str) -> None:
        before = self._reasons[name] or reason
        if before != reason and not self._lossy:
            raise LossError(f"document {self._count}: the field {name!r} is {reason}, and {before} in an earlier "
                            "document: an empty cell cannot tell them apart; write with lossy=True")
        self._reasons[name] = before


def _temporary_file() -> Any:
    import tempfile

    return tempfile.SpooledTemporaryFile(BYTES_IN_MEMORY)


def _lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of CSV, which end where no quote is open."""
    parts: list[bytes] = []
    quotes = 0
    for part in file:
        parts.append(part)
        quotes += part.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(parts)
            parts.clear()


FORMAT = SinkFormat("csv", (".csv",), CsvWriter, options=("fields", "delimiter", "exact", "empty"))
TSV_FORMAT = SinkFormat("tsv", (".tsv", ".tab"), partial(CsvWriter, delimiter="\t"),
                        options=("fields", "exact", "empty"))
