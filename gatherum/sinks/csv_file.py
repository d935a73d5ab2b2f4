"""CSV and TSV, with a header line of the fields that the first batch of documents has, or of `fields`.

A cell says nothing of a value's type. What a cell cannot tell is refused, unless `lossy`: documents, arrays and the
types that have no usual text (they are then written as Extended JSON), and a field that is empty for more than one
reason: null, missing, the empty string.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO, Final

import orjson
from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from gatherum.errors import LossError, SettingError
from gatherum.sinks.files import SinkFormat
from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING, Document, Value, from_millis, millis, type_name


def _date_text(value: Any) -> str:
    milliseconds = millis(value)
    date = from_millis(milliseconds)
    if isinstance(date, DatetimeMS):
        raise LossError(f"a date of {milliseconds} ms since 1970 is outside the years 1 to 9999")
    return date.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds") + "Z"


def _double_text(value: float) -> str:
    return repr(value) if math.isfinite(value) else "NaN" if value != value else f"{'-' if value < 0 else ''}Infinity"


_TEXTS: Final[dict[type, Callable[[Any], str]]] = {
    str: lambda value: value, bool: lambda value: "true" if value else "false", int: str, Int64: lambda v: str(int(v)),
    float: _double_text, Decimal128: str, ObjectId: str, dt.datetime: _date_text, DatetimeMS: _date_text,
}
_EMPTY: Final[dict[Any, str]] = {None: "null", MISSING: "missing", "": "the empty string"}


class CsvWriter:
    """Writes CSV."""

    def __init__(self, stream: BinaryIO, *, lossy: bool, fields: Sequence[str] | None = None,
                 delimiter: str = ",") -> None:
        if fields is not None and (isinstance(fields, str) or len(set(fields)) < len(fields)):
            raise SettingError("fields is a list of names, each of them once")
        self._stream = stream
        self._lossy = lossy
        self._delimiter = delimiter
        self._fields: dict[str, str] | None = None
        self._given = fields
        self._count = 0

    def write(self, documents: list[Document]) -> None:
        """Appends lines."""
        rows = []
        if self._fields is None:
            names = self._given or dict.fromkeys(name for document in documents for name in document)
            self._fields = dict.fromkeys(names, "")
            rows.append(list(names))
        rows += map(self._row, documents)
        self._stream.write(self._text(rows))

    def write_header(self, types: Mapping[str, str | None]) -> None:
        """Names the fields where no documents do."""
        self._given = self._given or list(types)

    def finish(self) -> None:
        """Writes the header line where there were no documents, but the fields are named."""
        if self._fields is None and self._given:
            self._stream.write(self._text([self._given]))

    def _text(self, rows: Sequence[Sequence[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self._delimiter, lineterminator="\n").writerows(rows)
        try:
            return text.getvalue().encode()
        except UnicodeEncodeError as error:
            raise LossError(f"a string cannot be written as UTF-8: {error.reason}") from None

    def _row(self, document: Document) -> list[str]:
        self._count += 1
        fields = self._fields or {}
        if not document.keys() <= fields.keys():
            new = next(name for name in document if name not in fields)
            raise LossError(f"document {self._count} has a field that the header line, already written, lacks: "
                            f"{new!r}; name all the fields with the option fields")
        return [self._cell(name, document.get(name, MISSING)) for name in fields]

    def _cell(self, name: str, value: Value) -> str:
        if value is None or value is MISSING or value == "":
            return self._empty(name, _EMPTY[value])
        text = _TEXTS.get(type(value))
        if text is not None:
            return text(value)
        try:
            found, json = type_name(value), orjson.dumps(encode(value, "relaxed")).decode()
        except (TypeError, ValueError, RecursionError) as error:
            raise LossError(f"document {self._count}: the field {name!r} cannot be written: {error}") from None
        if not self._lossy:
            raise LossError(f"document {self._count}: the field {name!r} is {found}, which a cell cannot hold: project "
                            "what you need of it, or write with lossy=True (as JSON text)")
        return json

    def _empty(self, name: str, reason: str) -> str:
        assert self._fields is not None
        before = self._fields[name] or reason
        if before != reason and not self._lossy:
            raise LossError(f"document {self._count}: the field {name!r} is {reason}, and {before} in an earlier "
                            "document: an empty cell cannot tell them apart; write with lossy=True")
        self._fields[name] = before
        return ""


FORMAT = SinkFormat("csv", (".csv",), CsvWriter, options=("fields", "delimiter"))
TSV_FORMAT = SinkFormat("tsv", (".tsv", ".tab"), partial(CsvWriter, delimiter="\t"), options=("fields",))
