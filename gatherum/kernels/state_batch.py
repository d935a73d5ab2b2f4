"""State batches: the one form in which groups and the states of their aggregates cross a boundary.

A state batch is an Arrow record batch with, for every group: `hash` (the canonical hash of its key), `ordinal` (of
its first row), `chunk` (0, or the number of a further piece of a state that grows), a column `key.NAME` for each part
of the key, or `key` for a key of one value, and a struct `state.NAME` for each aggregate. Its metadata say which
aggregates, with which parameters and versions, and the version of the hash.

Every chunk is a state: merging all chunks of a key, in any order, gives the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa

from gatherum.errors import SourceError
from gatherum.functions.aggregate import GROWING, Aggregate
from gatherum.kernels.columns.column import Column, invalid_is_missing
from gatherum.kernels.columns.depth import shallow
from gatherum.kernels.states.portable import portable_column, states_of
from gatherum.types.canonical import HASH_VERSION
from gatherum.types.extended_json import encode

VERSION: Final = 2
METADATA: Final = b"gatherum.states"
CHUNK_ITEMS: Final = 16384
BUCKETS: Final = 256
BUCKET_SHIFT: Final = 56
"""A group's bucket is the top 8 bits of its hash."""


@dataclass(frozen=True, slots=True)
class StateSchema:
    """The names of the key's parts (None: the key is one value) and the aggregates by name."""

    key_names: tuple[str, ...] | None
    aggregates: tuple[tuple[str, Aggregate], ...]

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The names of the key's columns in a state batch."""
        return ("key",) if self.key_names is None else tuple(f"key.{name}" for name in self.key_names)

    def metadata(self) -> dict[bytes, bytes]:
        """The schema's metadata."""
        described = [{"name": name, "function": aggregate.name, "version": aggregate.version,
                      "parameters": encode(aggregate.parameters())} for name, aggregate in self.aggregates]
        return {METADATA: orjson.dumps({"version": VERSION, "hash": HASH_VERSION, "aggregates": described,
                                        "keys": self.key_names})}

    def check(self, batch: pa.RecordBatch) -> None:
        """SourceError where a state batch is not of this schema."""
        found = (batch.schema.metadata or {}).get(METADATA)
        if found is None:
            raise SourceError("this record batch holds no states: it lacks the metadata gatherum.states")
        wanted = self.metadata()[METADATA]
        if found != wanted:
            raise SourceError("these states were made by another query, or another version of gatherum: they say "
                              f"{found.decode()}, but {wanted.decode()} is needed; compute them anew")


def state_batches(schema: StateSchema, hashes: Any, ordinals: Any, keys: Sequence[Column],
                  states: Sequence[pa.StructArray]) -> Iterator[pa.RecordBatch]:
    """A state batch with a row for each of these groups, and one for every group of which a state grew beyond
    `CHUNK_ITEMS` items, with several."""
    keys = [shallow(key) for key in keys]
    arrays: list[Any] = [pa.array(hashes, pa.uint64()), pa.array(ordinals, pa.int64()),
                         pa.array([0] * len(hashes), pa.int32()), *[key.array for key in keys], *states]
    fields = [pa.field("hash", pa.uint64(), False), pa.field("ordinal", pa.int64(), False),
              pa.field("chunk", pa.int32(), False),
              *[key.field(name) for name, key in zip(schema.key_columns, keys, strict=True)],
              *[pa.field(f"state.{name}", state.type, False)
                for (name, _), state in zip(schema.aggregates, states, strict=True)]]
    batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, schema.metadata()))
    large = _large(schema, batch)
    for row in sorted(large):
        yield _chunks(schema, batch.slice(row, 1))
    if large:
        batch = batch.take(pa.array([row for row in range(batch.num_rows) if row not in large], pa.int64()))
    if batch.num_rows:
        yield batch


def _large(schema: StateSchema, batch: pa.RecordBatch) -> set[int]:
    """The groups that need several rows."""
    growing = [(i, aggregate) for i, (_, aggregate) in enumerate(schema.aggregates)
               if any(field.kind in GROWING for field in aggregate.State.fields)]
    first = 3 + len(schema.key_columns)
    large: set[int] = set()
    for i, aggregate in growing:
        for field, array in zip(aggregate.State.fields, batch.column(first + i).flatten(), strict=True):
            if field.kind in GROWING:
                lengths = array.value_lengths().to_pylist()
                large |= {row for row, length in enumerate(lengths) if length > CHUNK_ITEMS}
    return large


def _chunks(schema: StateSchema, row: pa.RecordBatch) -> pa.RecordBatch:
    """One group's row as several, each with a part of every state that is large."""
    first = 3 + len(schema.key_columns)
    pieces = [_pieces(aggregate, row.column(first + i)) for i, (_, aggregate) in enumerate(schema.aggregates)]
    count = max(map(len, pieces))
    states = [pa.concat_arrays([made, _nothing(aggregate, made.type, count - len(made))])
              for (_, aggregate), made in zip(schema.aggregates, pieces, strict=True)]
    hashes, ordinals, _, *keys = (column.take(pa.array([0] * count, pa.int64())) for column in row.columns[:first])
    arrays = [hashes, ordinals, pa.array(range(count), pa.int32()), *keys, *states]
    return pa.RecordBatch.from_arrays(arrays, schema=row.schema)


def _pieces(aggregate: Aggregate, state: pa.StructArray) -> pa.StructArray:
    """One state as several, whose lists are no longer than a chunk."""
    if type(aggregate).split is not Aggregate.split:
        return portable_column(aggregate, list(aggregate.split(states_of(aggregate, state)[0], CHUNK_ITEMS)))
    growing = [field.kind in GROWING for field in aggregate.State.fields]
    arrays = state.flatten()
    longest = max((len(array.flatten()) for array, grows in zip(arrays, growing, strict=True) if grows), default=0)
    count = max(-(-longest // CHUNK_ITEMS), 1)
    others = _nothing(aggregate, state.type, count - 1).flatten()
    return pa.StructArray.from_arrays(
        [_cut(array, count) if grows else pa.concat_arrays([array, other])
         for array, other, grows in zip(arrays, others, growing, strict=True)], fields=list(state.type))


def _cut(lists: pa.LargeListArray, count: int) -> pa.LargeListArray:
    """The items of one list in so many."""
    items = lists.flatten()
    offsets = np.minimum(np.arange(count + 1) * CHUNK_ITEMS, len(items))
    return pa.LargeListArray.from_arrays(pa.array(offsets), items, type=lists.type)


def _nothing(aggregate: Aggregate, kind: pa.StructType, count: int) -> pa.StructArray:
    """So many states of nothing, in a type that states have."""
    states = portable_column(aggregate, [aggregate.init() for _ in range(count)])
    if states.type == kind:
        return states
    arrays = [array if array.type == field.type else
              pa.array([[]] * count, field.type) if grows.kind in GROWING else pa.nulls(count, field.type)
              for array, field, grows in zip(states.flatten(), kind, aggregate.State.fields, strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=list(kind))


def key_columns(schema: StateSchema, batch: pa.RecordBatch) -> list[Column]:
    """The key's columns of a state batch."""
    return [Column(batch.column(3 + i), invalid_is_missing(batch.schema.field(3 + i)))
            for i in range(len(schema.key_columns))]


def state_columns(schema: StateSchema, batch: pa.RecordBatch) -> list[pa.StructArray]:
    """The states' columns of a state batch."""
    return batch.columns[3 + len(schema.key_columns):]
