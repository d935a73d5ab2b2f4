"""The leaves of a Parquet file's columns: which of them hold the values at a path.

Leaves are numbered through the whole schema, depth first, as column chunks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from gatherum.kernels.columns.types import BsonValueType
from gatherum.plan.expressions import Path
from gatherum.records import record
from gatherum.sources.columnar.partition import is_layout


@record
class Place:
    """Where a path leads: the field there, its leaves, and whether a list lies on the way. `field` is None where
    there are no such values; the leaves are then those of the last field on the way, which tell as much."""

    field: pa.Field | None
    leaves: range
    inside_arrays: bool = False


def leaf_count(kind: pa.DataType) -> int:
    """The number of leaves of a column of a type."""
    if isinstance(kind, pa.BaseExtensionType):
        return leaf_count(kind.storage_type)
    if pa.types.is_nested(kind):
        return sum(leaf_count(kind.field(i).type) for i in range(kind.num_fields))
    return 1


def coded_leaves(schema: pa.Schema) -> Iterator[tuple[int, bool]]:
    """The leaves that can be read as codes: strings, with whether each lies inside documents or arrays, and values
    of several types outside of these."""
    start = 0
    for field in schema:
        if isinstance(field.type, BsonValueType):
            yield start, False
        elif not is_layout(field):
            yield from _strings(field.type, start, False)
        start += leaf_count(field.type)


def _strings(kind: pa.DataType, start: int, inside: bool) -> Iterator[tuple[int, bool]]:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield start, inside
    elif pa.types.is_struct(kind) or is_list(kind):
        for i in range(kind.num_fields):
            yield from _strings(kind.field(i).type, start, True)
            start += leaf_count(kind.field(i).type)


def find(schema: pa.Schema, path: Path) -> Place | None:
    """Where a path leads; None where the file has no column of its first name, or the path picks elements of arrays
    by position."""
    start = 0
    for field in schema:
        count = leaf_count(field.type)
        if field.name == path[0]:
            return _below(field, range(start, start + count), path[1:])
        start += count
    return None


def _below(field: pa.Field, leaves: range, names: Path) -> Place | None:
    inside_arrays = False
    while True:
        kind = field.type
        while is_list(kind):
            inside_arrays = True
            field = kind.value_field
            kind = field.type
        if not names:
            return Place(field, leaves, inside_arrays)
        if inside_arrays and names[0].isdecimal():
            return None
        if not pa.types.is_struct(kind):
            opaque = isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind)
            return Place(field if opaque else None, leaves, inside_arrays)
        index = kind.get_field_index(names[0])
        if index < 0:
            return Place(None, leaves, inside_arrays)
        start = leaves.start + sum(leaf_count(kind.field(i).type) for i in range(index))
        field, names = kind.field(index), names[1:]
        leaves = range(start, start + leaf_count(field.type))


def is_list(kind: pa.DataType) -> bool:
    """Whether a type is a list of any kind."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def needed_leaves(schema: pa.Schema, fields: Iterable[Path], size: Callable[[int], int]) -> list[int]:
    """The leaves that hold the values at the paths; `size` gives the bytes of one.

    Where a path leads to nothing, one leaf on the way is read: it tells missing documents and lengths of arrays.
    """
    chosen: set[int] = set()
    names = {path[0] for path in fields}
    for path in fields:
        place = find(schema, path)
        if place is None:
            chosen.update(_whole(schema, path[0]))
        else:
            chosen.update(place.leaves if place.field is not None else sorted(place.leaves, key=size)[:1])
    start = 0
    for field in schema:
        if is_layout(field) and names:
            chosen.add(start)
        start += leaf_count(field.type)
    return sorted(chosen)


def _whole(schema: pa.Schema, name: str) -> Iterator[int]:
    place = find(schema, (name,))
    return iter(() if place is None else place.leaves)
