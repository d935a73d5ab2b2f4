"""Variant columns taken apart: the rows whose arguments have the same types, as typed columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.buffers import array_of, distinct_bytes
from gatherum.kernels.columns.column import Column, missing_column, null_column
from gatherum.kernels.columns.types import DATE, DECIMAL128, OBJECT_ID
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.forms import Operand
from gatherum.types.values import BsonType

_FROM_BYTES: Final = {BsonType.OBJECT_ID: OBJECT_ID, BsonType.DECIMAL: DECIMAL128}


def types_in(column: Column) -> list[int]:
    """The types that occur in a variant column."""
    return distinct_bytes(parts(column)[0])


def split(arguments: Sequence[Operand | None]) -> Iterator[tuple[np.ndarray, list[Operand | None]]]:
    """The positions of the rows of each combination of types among the variant arguments, and the arguments there."""
    yield from _split(list(arguments), 0, None)


def _split(arguments: list[Operand | None], first: int,
           at: np.ndarray | None) -> Iterator[tuple[np.ndarray, list[Operand | None]]]:
    for position in range(first, len(arguments)):
        column = arguments[position]
        if isinstance(column, Column) and column.is_variant:
            for rows, typed in parted(column):
                part = [typed if i == position else other.take(rows) if isinstance(other, Column) else other
                        for i, other in enumerate(arguments)]
                yield from _split(part, position + 1, rows if at is None else at[rows])
            return
    assert at is not None
    yield at, arguments


def parted(column: Column) -> Iterator[tuple[np.ndarray, Column]]:
    """The positions and values of each type in a variant column: a typed column where there is one for the type."""
    types, words, data = parts(column)
    for kind in types_in(column):
        rows = np.flatnonzero(types == kind)
        yield rows, _typed(kind, column, rows, words, data)


def _typed(kind: int, column: Column, rows: np.ndarray, words: np.ndarray, data: pa.Array) -> Column:
    match kind:
        case BsonType.INT:
            return Column(array_of(words[rows].view(np.int64).astype(np.int32)))
        case BsonType.LONG:
            return Column(array_of(words[rows].view(np.int64)))
        case BsonType.DATE:
            return Column(array_of(words[rows].view(np.int64), kind=DATE))
        case BsonType.DOUBLE:
            return Column(array_of(words[rows].view(np.float64)))
        case BsonType.BOOL:
            return Column(array_of(words[rows] != 0))
        case BsonType.NULL:
            return null_column(len(rows))
        case BsonType.MISSING:
            return missing_column(len(rows))
        case BsonType.STRING:
            return _strings(column, rows, data)
        case BsonType.OBJECT_ID | BsonType.DECIMAL:
            storage = data.take(pa.array(rows)).cast(pa.binary()).cast(_FROM_BYTES[kind].storage_type)
            return Column(pa.ExtensionArray.from_storage(_FROM_BYTES[kind], storage))
        case _:
            return column.take(rows)


def _strings(column: Column, rows: np.ndarray, data: pa.Array) -> Column:
    try:
        return Column(data.take(pa.array(rows)).cast(pa.string()))
    except pa.ArrowInvalid:                                 # strings with lone surrogates are no UTF-8
        return column.take(rows)
