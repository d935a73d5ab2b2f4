"""The portable form of states: a struct column with the fields that the aggregate's state declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate, AggregateState, Ranked
from gatherum.kernels.columns.variant import boxed, unboxed

RANKED: Final = pa.struct([pa.field("ordinal", pa.int64(), False), pa.field("value", pa.large_binary(), False)])
FIELD_TYPES: Final[dict[str, pa.DataType]] = {
    "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "bytes": pa.large_binary(),
    "wide": pa.large_binary(), "value": pa.large_binary(), "values": pa.large_list(pa.large_binary()),
    "ranked": pa.large_list(RANKED),
}


@lru_cache(256)
def state_type(state: type[AggregateState]) -> pa.StructType:
    """The Arrow type of a state: one field for each of its own.

    Wide integers are two's complement, little-endian, of as many bytes as they need; values are BSON.
    """
    return pa.struct([pa.field(field.name, FIELD_TYPES[field.kind], False) for field in state.fields])


def wide_bytes(number: int) -> bytes:
    """A wide integer's bytes."""
    return int(number).to_bytes((int(number).bit_length() + 8) // 8, "little", signed=True)


def wide_number(data: bytes) -> int:
    """The inverse of `wide_bytes`."""
    return int.from_bytes(data, "little", signed=True)


_WRITE: Final[dict[str, Callable[[Any], Any]]] = {
    "wide": wide_bytes, "value": boxed, "values": lambda items: [boxed(item) for item in items],
    "ranked": lambda items: [{"ordinal": item.ordinal, "value": boxed(item.value)} for item in items],
}
_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "wide": wide_number, "value": unboxed, "values": lambda items: [unboxed(item) for item in items],
    "ranked": lambda items: [Ranked(item["ordinal"], unboxed(item["value"])) for item in items],
}


def portable_column(aggregate: Aggregate, states: Sequence[Any]) -> pa.StructArray:
    """Python states as a struct array."""
    fields = aggregate.State.fields
    rows = [state.values() for state in states]
    arrays = []
    for position, field in enumerate(fields):
        write = _WRITE.get(field.kind)
        items = [row[position] if write is None else write(row[position]) for row in rows]
        arrays.append(pa.array(items, FIELD_TYPES[field.kind]))
    return pa.StructArray.from_arrays(arrays, fields=list(state_type(aggregate.State)))


def states_of(aggregate: Aggregate, column: pa.StructArray) -> list[Any]:
    """Python states of a struct array."""
    lists = []
    for field, array in zip(aggregate.State.fields, column.flatten(), strict=True):
        items = array.to_pylist()
        read = _READ.get(field.kind)
        lists.append(items if read is None else [read(item) for item in items])
    return [aggregate.State.of(row) for row in zip(*lists, strict=True)]


def fixed_width(data: np.ndarray, width: int) -> pa.Array:
    """Byte strings that all have one width, one behind the other in `data`."""
    count = data.nbytes // width
    offsets = np.arange(count + 1) * width
    return pa.Array.from_buffers(pa.large_binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def wide_array(words: np.ndarray) -> pa.Array:
    """128-bit integers, two words each, as wide integers."""
    return fixed_width(words, 16)
