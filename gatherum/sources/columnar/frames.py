"""Frames of pandas and polars whose columns hold Python objects: each object is kept as what it is, where Arrow would
bring all to one type, or have their addresses."""

from __future__ import annotations

import datetime as dt
import decimal
from contextlib import suppress
from typing import Any, Final

import pyarrow as pa
from bson import Decimal128

from gatherum.errors import SourceError
from gatherum.kernels.columns.build import column_of
from gatherum.types.given import bson_value
from gatherum.types.values import Value

_OF_ONE_TYPE: Final = frozenset({str, int, float, bool, bytes, dt.date})


def library_of(given: Any) -> str | None:
    """The library that something is a DataFrame of, `pandas` or `polars`, which is not imported for that."""
    library = type(given).__module__.partition(".")[0]
    return library if type(given).__name__ == "DataFrame" and library in ("pandas", "polars") else None


def table_of_frame(frame: Any, name: str) -> pa.Table:
    """The columns of a frame, and behind them the levels of its index that have names. SourceError where a value has no
    type in BSON."""
    polars = library_of(frame) == "polars"
    levels = [] if polars else [level for level in frame.index.names if level is not None]
    labels = [*frame.columns, *levels]
    twice = [label for place, label in enumerate(labels) if label in labels[:place]]
    if twice:
        raise SourceError(f"{name}: two columns of the frame are called {twice[0]!r}, its index included: rename one")
    if levels:
        frame = frame.reset_index(level=levels)[labels]
    objects = {label for label in labels
               if (str(frame[label].dtype) == "Object" if polars else _holds_objects(frame[label]))}
    if not objects:
        with suppress(pa.ArrowException, OverflowError):
            return _without_row_labels(pa.table(frame))
    return pa.table({label: _column(frame[label], label in objects, f"{name}: column {label!r}") for label in labels})


def _without_row_labels(table: pa.Table) -> pa.Table:
    """The columns that pandas' metadata do not call its index."""
    metadata = table.schema.pandas_metadata or {}
    index = [name for name in metadata.get("index_columns", ()) if isinstance(name, str)]
    return table.drop_columns(index) if index else table


def _holds_objects(series: Any) -> bool:
    """Whether a column of pandas holds objects of which Arrow may make others."""
    if str(series.dtype) == "category":
        return _holds_objects(series.cat.categories.to_series())
    if series.dtype != object:
        return False
    values = series[series.notna()].tolist()
    classes = set(map(type, values))
    if classes <= _OF_ONE_TYPE and len(classes) <= 1:
        return False
    return len(classes) > 1 or len(set(map(_parameters, values))) > 1 or _parameters(values[0]) is None


def _parameters(value: Any) -> Any:
    """What values of one class must have in common for Arrow to keep them as they are; None where it may not."""
    if isinstance(value, decimal.Decimal):
        return value.as_tuple().exponent
    if isinstance(value, dt.datetime):
        return str(value.tzinfo)
    if type(value).__module__ == "numpy" and value.dtype != object:
        return str(value.dtype), value.ndim
    return None


def _column(series: Any, objects: bool, place: str) -> pa.Array | pa.ChunkedArray:
    if not objects:
        with suppress(pa.ArrowException, OverflowError):
            return pa.array(series, from_pandas=True) if hasattr(series, "isna") else pa.chunked_array(series)
    missing: list[bool] = series.isna().tolist() if hasattr(series, "isna") else series.is_null().to_list()
    return column_of([None if absent else _value(value, f"{place}, row {row}")
                      for row, (value, absent) in enumerate(zip(series.to_list(), missing, strict=True))]).array


def _value(value: Any, place: str) -> Value:
    try:
        return bson_value(_plain(value))
    except (TypeError, ValueError) as error:
        raise SourceError(f"{place}: {error}") from None


def _plain(value: Any) -> Any:
    """What the libraries have types of their own for, and Arrow has types for but documents have not, as Python's."""
    if type(value).__module__ == "numpy":
        if value.dtype.kind in "mM":
            return _plain(pa.array(value.reshape(-1)).to_pylist() if value.ndim else pa.scalar(value).as_py())
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if type(value) is dt.date:
        return dt.datetime.combine(value, dt.time())
    return Decimal128(value) if isinstance(value, decimal.Decimal) else value
