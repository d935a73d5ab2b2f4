"""What the statistics of a row group tell of the values at a path.

The bounds of strings may be cut to a prefix (the upper one then counted up), and NaN is in no bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from bson import Decimal128
from bson.datetime_ms import DatetimeMS

from gatherum.kernels.columns.types import ObjectIdType
from gatherum.kernels.pruning import NAN_KEY, NOTHING, UNKNOWN, Values
from gatherum.plan.expressions import Path
from gatherum.plan.protocols import ColumnStatistics
from gatherum.sources.column_statistics import united
from gatherum.sources.columnar.parquet_leaves import find
from gatherum.types.order import RANK, OrderKey, order_key
from gatherum.types.values import BsonType

_PER_MILLISECOND: Final = {"s": 1, "ms": 1, "us": 1000, "ns": 1_000_000}
Bounds = tuple[OrderKey | None, OrderKey | None]


def values_in(schema: pa.Schema, group: pq.RowGroupMetaData) -> Callable[[Path], Values]:
    """A function that tells of a path what is known of its values in a row group."""
    names = set(schema.names)

    def values_at(path: Path) -> Values:
        if path[0] not in names:
            return NOTHING
        place = find(schema, path)
        if place is None:
            return UNKNOWN
        if place.field is None:
            return UNKNOWN if place.inside_arrays else NOTHING
        rank = _rank(place.field.type)
        if rank is None:
            return UNKNOWN
        return _values(place.field.type, rank, group, place.leaves.start, place.inside_arrays)
    return values_at


class StoredColumns(Mapping[Path, ColumnStatistics]):
    """The statistics of a file's columns, put together of those of its row groups when they are asked for."""

    def __init__(self, schema: pa.Schema, metadata: pq.FileMetaData) -> None:
        self._schema, self._metadata = schema, metadata
        self._known: dict[Path, ColumnStatistics | None] = {}

    def __getitem__(self, path: Path) -> ColumnStatistics:
        if path not in self._known:
            self._known[path] = self._united(path)
        found = self._known[path]
        if found is None:
            raise KeyError(path)
        return found

    def __iter__(self) -> Iterator[Path]:
        return (path for path in ((name,) for name in self._schema.names) if self.get(path) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _united(self, path: Path) -> ColumnStatistics | None:
        place = find(self._schema, path) if path else None
        if place is None or place.field is None or place.inside_arrays or _rank(place.field.type) is None:
            return None
        groups = [self._metadata.row_group(number) for number in range(self._metadata.num_row_groups)]
        kind, leaf = place.field.type, place.leaves.start
        return united([_column(kind, group, leaf) for group in groups if group.num_rows])


def _column(kind: pa.DataType, group: pq.RowGroupMetaData, leaf: int) -> tuple[int, ColumnStatistics]:
    """The rows of a row group, and what is known of one of its columns."""
    known = group.column(leaf).statistics
    if known is None or not known.has_null_count:
        return group.num_rows, ColumnStatistics()
    low, high = _bounds(kind, known) if known.has_min_max else (None, None)
    return group.num_rows, ColumnStatistics(known.null_count, low, high)


def _rank(kind: pa.DataType) -> int | None:
    """The place in the order of types of a leaf's values; None where it has no order of ours."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if isinstance(kind, ObjectIdType):
        return RANK[BsonType.OBJECT_ID]
    if pa.types.is_boolean(kind):
        return RANK[BsonType.BOOL]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return RANK[BsonType.INT]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return RANK[BsonType.STRING]
    return RANK[BsonType.DATE] if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else None


def _values(kind: pa.DataType, rank: int, group: pq.RowGroupMetaData, leaf: int, inside_arrays: bool) -> Values:
    nan = pa.types.is_floating(kind)
    chunk = group.column(leaf)
    known = chunk.statistics
    if known is None:
        return Values(rank, nan=nan, inside_arrays=inside_arrays)
    nulls = known.null_count if known.has_null_count else None
    solid = nulls is None or nulls < chunk.num_values
    low, high = _bounds(kind, known) if known.has_min_max and solid else (None, None)
    if low is not None and high is not None and not low <= high:
        low = high = None
    return Values(rank, low, high, nulls != 0, nan, inside_arrays, solid)


def _bounds(kind: pa.DataType, known: Any) -> Bounds:
    try:
        if pa.types.is_timestamp(kind):
            return _date_bounds(kind.unit, known)
        low, high = _plain(kind, known.min), _plain(kind, known.max)
    except (ValueError, OverflowError, TypeError, pa.ArrowException):
        return None, None
    return (None, None) if NAN_KEY in (low, high) else (low, high)


def _plain(kind: pa.DataType, value: Any) -> OrderKey | None:
    if isinstance(kind, ObjectIdType):
        return (RANK[BsonType.OBJECT_ID], value) if isinstance(value, bytes) and len(value) == 12 else None
    if pa.types.is_date(kind):
        return order_key(DatetimeMS((value.toordinal() - 719_163) * 86_400_000))
    if pa.types.is_decimal(kind):
        return order_key(Decimal128(value))
    if pa.types.is_float16(kind):
        return None
    return order_key(value)


def _date_bounds(unit: str, known: Any) -> Bounds:
    """In whole milliseconds, outwards."""
    low, high, factor = known.min_raw, known.max_raw, _PER_MILLISECOND[unit]
    if not isinstance(low, int) or not isinstance(high, int) or unit == "s":
        return None, None
    return order_key(DatetimeMS(low // factor)), order_key(DatetimeMS(-(-high // factor)))
