"""pandas frames with columns that Arrow has no type for: objects of several types, each kept as what it is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pyarrow as pa

from gatherum.errors import SourceError
from gatherum.kernels.columns.build import column_of
from gatherum.types.given import bson_value
from gatherum.types.values import Value


def is_frame(given: Any) -> bool:
    """Whether something is a DataFrame of pandas, which is not imported for that."""
    return type(given).__name__ == "DataFrame" and type(given).__module__.partition(".")[0] == "pandas"


def has_mixed_numbers(frame: Any) -> bool:
    """Whether a column of objects has both integers and doubles, of which Arrow would make doubles."""
    return any(map(_mixes_numbers, (frame[label] for label in frame.columns if frame.columns.is_unique)))


def _mixes_numbers(series: Any) -> bool:
    from pandas.api.types import infer_dtype

    return series.dtype == object and infer_dtype(series) == "mixed-integer-float"


def mixed_table(frame: Any, name: str) -> pa.Table:
    """The columns of a frame without its index; SourceError where a value has no type in BSON."""
    return pa.table({label: _column(frame[label], f"{name}: column {label!r}") for label in frame.columns})


def _column(series: Any, place: str) -> pa.Array | pa.ChunkedArray:
    if not _mixes_numbers(series):
        with suppress(pa.ArrowException):
            return pa.array(series, from_pandas=True)
    missing = series.isna().tolist()
    return column_of([None if absent else _value(value, f"{place}, row {row}")
                      for row, (value, absent) in enumerate(zip(series.tolist(), missing, strict=True))]).array


def _value(value: Any, place: str) -> Value:
    try:
        return bson_value(value.item() if type(value).__module__ == "numpy" and value.ndim == 0 else value)
    except (TypeError, ValueError) as error:
        raise SourceError(f"{place}: {error}") from None
