"""What the sources of columns share: a partition that gives Arrow record batches, as batches and as documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

import pyarrow as pa

from gatherum.errors import LossError, SourceError
from gatherum.kernels.arrow import joined_batches
from gatherum.kernels.columns.batch import MAX_ROWS, Batch, first_ordinal
from gatherum.kernels.columns.file_batches import BatchReader, is_layout
from gatherum.kernels.columns.files import NUMBERS_KEY
from gatherum.kernels.columns.loss import as_bson
from gatherum.kernels.columns.types import (
    ARROW_RULES,
    BsonValueType,
    Decimal128Type,
    ObjectIdType,
    VariantType,
)
from gatherum.kernels.pruning import ValuesAt
from gatherum.plan.analysis import top_names
from gatherum.plan.expressions import Path
from gatherum.plan.protocols import Coverage, OnBad, Request, Skipped
from gatherum.records import record
from gatherum.types.values import TYPE_NAMES, BsonType, Document

ENOUGH_ROWS: Final = 1 << 14
MIXED: Final = "mixed"
READ_ERRORS: Final = (pa.ArrowException, OSError)

Read = Callable[[Request], Iterable[pa.RecordBatch]]


def morsels(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at most `MAX_ROWS`: large ones are cut, without copying, and small ones joined."""
    small: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if small and rows + batch.num_rows > MAX_ROWS:
            yield from joined_batches(small)
            small, rows = [], 0
        if batch.num_rows >= ENOUGH_ROWS and not small:
            for start in range(0, batch.num_rows, MAX_ROWS):
                yield batch.slice(start, MAX_ROWS)
        elif batch.num_rows:
            small.append(batch)
            rows += batch.num_rows
            if rows >= ENOUGH_ROWS:
                yield from joined_batches(small)
                small, rows = [], 0
    yield from joined_batches(small)


def needed_columns(schema: pa.Schema, fields: tuple[Path, ...] | None) -> list[int]:
    """The positions of the columns that a request needs."""
    names = None if fields is None else top_names(fields)
    return [i for i, field in enumerate(schema) if names is None or field.name in names or is_layout(field)]


@record
class ColumnPartition:
    """Rows that are columns already. `read` gives them as record batches, with the columns needed or more; `place`
    names them in messages, within `source`, and `offset` is where they begin there. `values` tell what is known of the
    values at a path, one after the other for some of the rows. `reader` reads batches of its schema; without it one is
    made. Where the rows are `in_memory`, all batches are made at once: the processor then has what that takes at
    hand."""

    name: str
    source: str
    coverage: Coverage
    read: Read
    rows: int | None = None
    size_bytes: int | None = None
    on_bad: OnBad = "error"
    place: str = ""
    offset: int = 0
    values: tuple[ValuesAt, ...] = ()
    reader: BatchReader | None = None
    in_memory: bool = False

    def batches(self, request: Request) -> Iterator[Batch]:
        """The rows in batches of at most `MAX_ROWS`, numbered as the batches of partition 0: who reads several
        partitions gives each batch the ordinal of its own partition's number."""
        return iter(list(self._batches(request))) if self.in_memory else self._batches(request)

    def _batches(self, request: Request) -> Iterator[Batch]:
        left = request.limit
        self.coverage.note(self.source, 0, self.size_bytes or 0)
        reader = self.reader
        for number, found in enumerate(self._checked(request)):
            if left is not None:
                found = found.slice(0, left)
                left -= found.num_rows
            self.coverage.note(self.source, found.num_rows)
            if reader is None or not reader.schema.equals(found.schema, check_metadata=True):
                reader = BatchReader(found.schema, needed_columns(found.schema, request.fields))
            yield self._computed(reader.batch(found, first_ordinal(0, number)), request)
            if left == 0:
                return

    def _computed(self, batch: Batch, request: Request) -> Batch:
        """The rows, with the columns that the query computes with as it does; LossError where BSON cannot hold a value
        of these."""
        try:
            changed = {name: as_bson(column, name) for name, column in batch.columns.items()
                       if request.computed is None or name in request.computed}
        except LossError as error:
            raise error.within(self.name) from None
        same = all(column is batch.columns[name] for name, column in changed.items())
        return batch if same else replace(batch, columns={**batch.columns, **changed})

    def documents(self, request: Request) -> Iterator[list[Document]]:
        """The rows as documents; LossError where BSON cannot hold a value."""
        for batch in self.batches(request):
            try:
                yield from batch.lists_of_documents()
            except LossError as error:
                raise error.within(self.name) from None
            except UnicodeDecodeError as error:
                raise SourceError(f"{self.name}: a string is not valid UTF-8: {error.reason}") from None

    def _checked(self, request: Request) -> Iterator[pa.RecordBatch]:
        if request.limit == 0:
            return
        try:
            found = self.read(request)
            yield from found if request.limit is not None and request.limit < ENOUGH_ROWS else morsels(found)
        except READ_ERRORS as error:
            where = f"{self.source}, {self.place}" if self.place else self.source
            if (request.on_bad or self.on_bad) == "error":
                raise SourceError(f"{where}: {_reason(error)}") from error
            self.coverage.skip(Skipped(self.source, self.offset, self.place or "rows",
                                       f"{_reason(error)}; nothing of it was read from here on"))


def _reason(error: Exception) -> str:
    return str(error).strip() or type(error).__name__


def aliases(schema: pa.Schema) -> dict[str, str]:
    """The type of each column by MongoDB's aliases; `mixed` where a column holds several, and Arrow's name of the type
    where BSON has none."""
    return {field.name: _alias(field) for field in schema if not is_layout(field)}


_BSON: Final = {rule.arrow: rule.bson for rule in ARROW_RULES}
_EXTENSIONS: Final = {ObjectIdType: BsonType.OBJECT_ID, Decimal128Type: BsonType.DECIMAL}


def _alias(field: pa.Field) -> str:
    kind = field.type
    if isinstance(kind, BsonValueType | VariantType):
        return MIXED
    if field.metadata and NUMBERS_KEY in field.metadata:
        return "number"
    if isinstance(kind, pa.BaseExtensionType):
        known = _EXTENSIONS.get(type(kind))
        return TYPE_NAMES[known] if known else _alias(pa.field("", kind.storage_type))
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _alias(pa.field("", kind.value_type))
    bson = _BSON.get(str(kind).split("<")[0].split("[")[0].split("(")[0])
    return str(kind) if bson is None else TYPE_NAMES[bson]
