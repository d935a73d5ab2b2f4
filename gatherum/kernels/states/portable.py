"""The portable form of states: a struct column with the fields that the aggregate's state declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate, AggregateState, Ranked
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import boxed, unboxed

BOXED: Final = pa.large_binary()
"""The type of values as BSON, and of no others in states."""
RANKED: Final = pa.struct([pa.field("ordinal", pa.int64(), False), pa.field("value", BOXED, False)])
FIELD_TYPES: Final[dict[str, pa.DataType]] = {
    "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "bytes": pa.large_binary(),
    "wide": pa.large_binary(), "value": BOXED, "values": pa.large_list(BOXED),
    "ranked": pa.large_list(RANKED),
}


@lru_cache(256)
def state_type(state: type[AggregateState]) -> pa.StructType:
    """The Arrow type of a state: one field for each of its own.

    Wide integers are two's complement, little-endian, of as many bytes as they need; values are BSON. In state batches
    the values may have another type, that of the column which they come from.
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


def struct_of(aggregate: Aggregate, arrays: Sequence[pa.Array]) -> pa.StructArray:
    """States of their fields' arrays, whose values may have any type."""
    kind = state_type(aggregate.State)
    fields = [field if array.type == field.type else pa.field(field.name, array.type)
              for field, array in zip(kind, arrays, strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=fields)


def _read_values(array: pa.Array) -> list[Any]:
    return list(map(unboxed, array.to_pylist())) if array.type == BOXED else values_of(Column(array))


def _read_ranked(array: pa.Array) -> list[Any]:
    ordinals, values = array.flatten()
    return [Ranked(*item) for item in zip(ordinals.to_pylist(), _read_values(values), strict=True)]


def _read_lists(array: pa.Array, read: Callable[[pa.Array], list[Any]]) -> list[Any]:
    items = iter(read(array.flatten()))
    return [list(islice(items, length)) for length in array.value_lengths().to_pylist()]


_READ: Final[dict[str, Callable[[pa.Array], list[Any]]]] = {
    "wide": lambda array: list(map(wide_number, array.to_pylist())), "value": _read_values,
    "values": lambda array: _read_lists(array, _read_values), "ranked": lambda array: _read_lists(array, _read_ranked),
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
        read = _READ.get(field.kind)
        lists.append(array.to_pylist() if read is None else read(array))
    return [aggregate.State.of(row) for row in zip(*lists, strict=True)]


def fixed_width(data: np.ndarray, width: int) -> pa.Array:
    """Byte strings that all have one width, one behind the other in `data`."""
    count = data.nbytes // width
    offsets = np.arange(count + 1) * width
    return pa.Array.from_buffers(pa.large_binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def wide_array(words: np.ndarray) -> pa.Array:
    """128-bit integers, two words each, as wide integers."""
    return fixed_width(words, 16)
