"""A table of groups: it gives every key a slot, and keeps the states of the aggregates by slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.coders import Coder, CompiledCoder, PlainCoder, WordTable
from gatherum.kernels.columns.column import Column, concat, plain_strings
from gatherum.kernels.hashes import canonical_hashes, document_hashes
from gatherum.kernels.state_batch import (
    BUCKET_SHIFT,
    StateSchema,
    key_columns,
    make_state_batch,
    state_columns,
)
from gatherum.kernels.states.base import States
from gatherum.kernels.states.choose import states_for
from gatherum.types.order import order_key

PIECES_KEPT: Final = 32
_ONE_FORM: Final = (pa.int32(), pa.int64(), pa.string(), pa.bool_(), pa.timestamp("ms"), pa.null())
"""Types in which equal values look the same."""


class GroupTable:
    """Groups by key, with their states.

    Keys come as one column for each part of the key. `compiled` says whether kernels may be called. Group i's
    representative key is row `_at[i]` of the key pieces, taken from the row with the lowest ordinal.
    """

    def __init__(self, schema: StateSchema, compiled: bool) -> None:
        self.schema = schema
        self.compiled = compiled
        parts = len(schema.key_columns)
        self.coders: list[Coder] = [CompiledCoder() if compiled else PlainCoder() for _ in range(parts)]
        self.pairs: list[WordTable | dict[Any, int]] = [WordTable() if compiled else {} for _ in range(parts - 1)]
        self.states: list[States] = [states_for(aggregate, compiled) for _, aggregate in schema.aggregates]
        self.size = 0
        self._pieces: list[list[Column]] = [[] for _ in range(parts)]
        self._piece_rows = 0
        self._at = np.empty(0, np.int64)
        self._ordinals = np.empty(0, np.int64)

    def update(self, keys: Sequence[Column], arguments: Sequence[Column], ordinal: int) -> None:
        """Takes the rows of a batch in: their keys, and for each aggregate the values of its argument."""
        rows = len(keys[0])
        slots = self._slots(keys, np.arange(ordinal, ordinal + rows))
        for i, column in enumerate(arguments):
            self.states[i] = self.states[i].update(slots, column, ordinal)

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
        slots = self._slots(other.keys(np.arange(other.size)), other._ordinals[:other.size])
        for i, states in enumerate(other.states):
            self.states[i] = self.states[i].merge(slots, states)

    def _slots(self, keys: Sequence[Column], ordinals: np.ndarray) -> np.ndarray:
        """The slots (int32) of rows with these keys; new keys get new ones."""
        codes = self._codes(keys)
        known = self.size
        size = int(codes.max()) + 1 if len(codes) else 0
        if self._forms_differ(keys):
            self._take_lower(keys, codes, ordinals, known)
        if size > known:
            self._add(keys, codes, ordinals, known, size)
        return codes

    def _codes(self, keys: Sequence[Column]) -> np.ndarray:
        codes = self.coders[0].encode(keys[0])
        for coder, pairs, key in zip(self.coders[1:], self.pairs, keys[1:], strict=True):
            second = coder.encode(key)
            words = (codes.astype(np.uint64) << np.uint64(32)) | second.astype(np.uint64)
            if isinstance(pairs, WordTable):
                codes = pairs.codes(words, np.zeros(1, np.uint8))[0]
            else:
                codes = np.array([pairs.setdefault(word, len(pairs)) for word in words.tolist()], np.int32)
        return codes

    def _add(self, keys: Sequence[Column], codes: np.ndarray, ordinals: np.ndarray, known: int, size: int) -> None:
        fresh = np.flatnonzero(codes >= known)
        first = np.empty(size - known, np.int64)
        first[codes[fresh[::-1]] - known] = fresh[::-1]         # written backwards, so that the first row stays
        lowest = np.full(size - known, np.iinfo(np.int64).max)
        np.minimum.at(lowest, codes[fresh] - known, ordinals[fresh])
        if not np.array_equal(lowest, ordinals[first]):
            at_lowest = fresh[ordinals[fresh] == lowest[codes[fresh] - known]]
            first[codes[at_lowest] - known] = at_lowest
        if size > len(self._at):
            self._at, self._ordinals = (_room(a, size) for a in (self._at, self._ordinals))
        self._at[known:size] = self._keep(keys, first)
        self._ordinals[known:size] = ordinals[first]
        self.size = size
        for states in self.states:
            states.grow(size)

    def _keep(self, keys: Sequence[Column], rows: np.ndarray) -> np.ndarray:
        """Copies the keys of some rows into the pieces; returns where they are."""
        for pieces, key in zip(self._pieces, keys, strict=True):
            pieces.append(plain_strings(key.take(rows)))
            if len(pieces) > PIECES_KEPT:
                pieces[:] = [concat(pieces)]
        at = np.arange(self._piece_rows, self._piece_rows + len(rows))
        self._piece_rows += len(rows)
        return at

    def _forms_differ(self, keys: Sequence[Column]) -> bool:
        """Whether an equal key may look different in these columns and in those seen before."""
        for pieces, key in zip(self._pieces, keys, strict=True):
            kind = _plain_type(key)
            if pieces and (kind not in _ONE_FORM or any(piece.array.type != kind for piece in pieces)):
                return True
        return False

    def _take_lower(self, keys: Sequence[Column], codes: np.ndarray, ordinals: np.ndarray, known: int) -> None:
        """Replaces the representatives of known groups that these rows precede."""
        rows = np.flatnonzero(codes < known)
        rows = rows[ordinals[rows] < self._ordinals[codes[rows]]]
        if not len(rows):
            return
        rows = rows[np.argsort(ordinals[rows], kind="stable")]
        groups, first = np.unique(codes[rows], return_index=True)
        self._at[groups] = self._keep(keys, rows[first])
        self._ordinals[groups] = ordinals[rows[first]]

    def keys(self, groups: np.ndarray) -> list[Column]:
        """The key columns of some groups."""
        for pieces in self._pieces:
            pieces[:] = [concat(pieces)]
        return [pieces[0].take(self._at[groups]) for pieces in self._pieces]

    def hashes(self) -> np.ndarray:
        """The canonical hashes of all groups' keys."""
        columns = self.keys(np.arange(self.size))
        if self.schema.key_names is None:
            return canonical_hashes(columns[0], self.compiled)
        return document_hashes(dict(zip(self.schema.key_names, columns, strict=True)), self.size, self.compiled)

    def order(self) -> tuple[np.ndarray, np.ndarray]:
        """All groups in the order of their hashes, equal hashes in the order of the keys; and the hashes, so sorted."""
        hashes = self.hashes()
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        if (ordered[1:] == ordered[:-1]).any():
            order = self._break_ties(order, ordered)
        return order, ordered

    def _break_ties(self, order: np.ndarray, ordered: np.ndarray) -> np.ndarray:
        from gatherum.kernels.columns.read import values_of

        columns = [values_of(column) for column in self.keys(order)]
        ranked = sorted(range(len(order)), key=lambda i: (ordered[i], [order_key(c[i]) for c in columns]))
        return order[ranked]

    def export(self) -> pa.RecordBatch:
        """All groups as one state batch, in the order of their hashes."""
        order, hashes = self.order()
        return make_state_batch(self.schema, hashes, self._ordinals[order], self.keys(order),
                                [states.export(order) for states in self.states])

    def finalize(self, groups: np.ndarray) -> tuple[list[Column], list[Column]]:
        """The keys and the answers of some groups."""
        return self.keys(groups), [states.finalize(groups) for states in self.states]

    @property
    def nbytes(self) -> int:
        """The bytes held by keys and states, partly estimated."""
        tables = sum(coder.nbytes for coder in self.coders)
        tables += sum(p.nbytes if isinstance(p, WordTable) else 200 * len(p) for p in self.pairs)
        pieces = sum(column.array.nbytes for columns in self._pieces for column in columns)
        return tables + pieces + 16 * len(self._at) + sum(states.nbytes for states in self.states)


def _plain_type(column: Column) -> pa.DataType:
    kind = column.array.type
    return kind.value_type if isinstance(kind, pa.DictionaryType) else kind


def _room(array: np.ndarray, size: int) -> np.ndarray:
    larger = np.empty(max(size, 2 * len(array), 64), np.int64)
    larger[:len(array)] = array
    return larger


def bucket_of(hashes: np.ndarray) -> np.ndarray:
    """The bucket of each hash."""
    return (hashes >> np.uint64(BUCKET_SHIFT)).astype(np.int64)
