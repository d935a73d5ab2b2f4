"""A table of groups: it gives every key a slot, and keeps the states of the aggregates by slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.coders import Coder, CompiledCoder, PairCoder, PlainCoder, PlainPairs
from gatherum.kernels.columns.column import Column
from gatherum.kernels.hashes import canonical_hashes, document_hashes
from gatherum.kernels.scratch import Scratch
from gatherum.kernels.state_batch import (
    StateSchema,
    key_columns,
    state_batches,
    state_columns,
)
from gatherum.kernels.states.base import States
from gatherum.kernels.states.choose import states_for
from gatherum.kernels.states.counted import RowCounts
from gatherum.kernels.states.representatives import Ordinals, Representatives
from gatherum.kernels.tables import PairTable
from gatherum.types.order import order_key

AT_ONCE: Final = 1 << 16
"""So many groups at most are hashed or exported at once."""

EXPORTED_BYTES: Final = 4 << 20
"""About so much of a table is exported at once."""

ORDER_BYTES: Final = 24
"""What it takes for a group to be put in order."""


class GroupTable:
    """Groups by key, with their states.

    Keys come as one column for each part of the key. `compiled` says whether kernels may be called.
    """

    def __init__(self, schema: StateSchema, compiled: bool) -> None:
        self.schema = schema
        self.compiled = compiled
        parts = len(schema.key_columns)
        self.coders: list[Coder] = [CompiledCoder() if compiled else PlainCoder() for _ in range(parts)]
        self.pairs: list[PairCoder] = [PairTable() if compiled else PlainPairs() for _ in range(parts - 1)]
        self.rows = RowCounts()
        self.scratch = Scratch()
        self.states: list[States] = [states_for(aggregate, compiled, self.rows) for _, aggregate in schema.aggregates]
        self.representatives = Representatives(parts, compiled)

    @property
    def size(self) -> int:
        """How many groups there are."""
        return self.representatives.size

    def update(self, keys: Sequence[Column], arguments: Sequence[Column], ordinal: int) -> None:
        """Takes the rows of a batch in: their keys, and for each aggregate the values of its argument."""
        slots = self._slots(keys, ordinal)
        if not self.compiled:
            for i, column in enumerate(arguments):
                self.states[i] = self.states[i].update(slots, column, ordinal)
            return
        from gatherum.kernels.states.additions import Additions

        additions = Additions(slots, self.scratch)
        self.rows.add(additions)
        for i, column in enumerate(arguments):
            self.states[i] = self.states[i].add(additions, column, ordinal)
        additions.run()

    def takes_repeats(self, arguments: Sequence[Column]) -> bool:
        """Whether rows with these arguments may come once, with how often they occur."""
        return self.compiled and all(states.takes_repeats(column)
                                     for states, column in zip(self.states, arguments, strict=True))

    def update_repeated(self, keys: Sequence[Column], arguments: Sequence[Column], ordinals: np.ndarray,
                        times: np.ndarray) -> None:
        """Takes rows in that occur so many times each, first at these ordinals; `takes_repeats` has been asked."""
        from gatherum.kernels.states.repeated_additions import RepeatedAdditions

        additions = RepeatedAdditions(self._slots(keys, ordinals), times)
        self.rows.add(additions)
        for i, column in enumerate(arguments):
            self.states[i] = self.states[i].add(additions, column, 0)
        additions.run()

    def absorb(self, batch: pa.RecordBatch) -> None:
        """Takes a state batch in; SourceError where it is not of this table's schema."""
        self.schema.check(batch)
        slots = self._slots(key_columns(self.schema, batch), batch.column(1).to_numpy())
        for i, states in enumerate(state_columns(self.schema, batch)):
            self.states[i] = self.states[i].absorb(slots, states)

    def merge(self, other: GroupTable) -> None:
        """Takes all groups of another table in, as they are."""
        if not other.size:
            return
        if other.compiled != self.compiled:
            for batch in other.export():
                self.absorb(batch)
            return
        slots = self._slots(other.keys(np.arange(other.size)), other.representatives.ordinals)
        self.rows.merge(slots, other.rows)
        for i, states in enumerate(other.states):
            self.states[i] = self.states[i].merge(slots, states)

    def _slots(self, keys: Sequence[Column], ordinals: Ordinals) -> np.ndarray:
        """The slots (int32) of rows with these keys; new keys get new ones."""
        codes, size = self._codes(keys)
        known = self.size
        self.representatives.take_in(keys, codes, ordinals, size)
        if size > known:
            self.rows.grow(size)
            for states in self.states:
                states.grow(size)
        return codes

    def _codes(self, keys: Sequence[Column]) -> tuple[np.ndarray, int]:
        """The codes of the keys, and how many there are."""
        first, second = (self.scratch.array(name, np.int32, len(keys[0])) for name in ("first codes", "second codes"))
        codes, size = self.coders[0].encode(keys[0], first), self.coders[0].size
        for coder, pairs, key in zip(self.coders[1:], self.pairs, keys[1:], strict=True):
            codes = pairs.encode(codes, coder.encode(key, second), size, coder.size)
            size = pairs.size
        return codes, size

    def keys(self, groups: np.ndarray) -> list[Column]:
        """The key columns of some groups."""
        return self.representatives.columns(groups)

    def hashes(self) -> np.ndarray:
        """The canonical hashes of all groups' keys."""
        hashes = np.empty(self.size, np.uint64)
        for groups in _parts(np.arange(self.size), AT_ONCE):
            hashes[groups] = self._hashes(self.keys(groups))
        return hashes

    def _hashes(self, keys: list[Column]) -> np.ndarray:
        if self.schema.key_names is None:
            return canonical_hashes(keys[0], self.compiled)
        return document_hashes(dict(zip(self.schema.key_names, keys, strict=True)), len(keys[0]), self.compiled)

    def order(self) -> tuple[np.ndarray, np.ndarray]:
        """All groups in the order of their hashes, equal hashes in the order of the keys; and the hashes, so sorted."""
        hashes = self.hashes()
        order = np.argsort(hashes)
        ordered = hashes[order]
        if (ordered[1:] == ordered[:-1]).any():
            order = self._break_ties(order, ordered)
        return order, ordered

    def _break_ties(self, order: np.ndarray, ordered: np.ndarray) -> np.ndarray:
        from gatherum.kernels.columns.read import values_of

        columns = [values_of(column) for column in self.keys(order)]
        ranked = sorted(range(len(order)), key=lambda i: (ordered[i], [order_key(c[i]) for c in columns]))
        return order[ranked]

    def export(self, at_once: int | None = None) -> Iterator[pa.RecordBatch]:
        """All groups as state batches, each in the order of the hashes; so many groups are exported at once."""
        order, hashes = self.order()
        size = at_once or min(EXPORTED_BYTES * self.size // max(self.nbytes, 1) + 1, AT_ONCE)
        for groups, of_groups in zip(_parts(order, size), _parts(hashes, size), strict=True):
            yield from state_batches(self.schema, of_groups, self.representatives.ordinals[groups], self.keys(groups),
                                     [states.export(groups) for states in self.states])

    def finalize(self, groups: np.ndarray) -> tuple[list[Column], list[Column]]:
        """The keys and the answers of some groups."""
        return self.keys(groups), [states.finalize(groups) for states in self.states]

    @property
    def nbytes(self) -> int:
        """The bytes held by keys and states, partly estimated."""
        return sum(part.nbytes for part in (*self.coders, *self.pairs, self.representatives, *self.states, self.rows,
                                            self.scratch))

    @property
    def nbytes_later(self) -> int:
        """The bytes that it takes beside these to export or finalize the groups, the result apart: their order by
        hash, and their keys and states as columns."""
        return ORDER_BYTES * self.size + self.representatives.nbytes + sum(s.nbytes_later for s in self.states)


def _parts(array: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (array[start:start + size] for start in range(0, len(array), size))
