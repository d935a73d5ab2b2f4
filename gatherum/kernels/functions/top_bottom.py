"""$top and $bottom over columns: rows chosen by one word where that says all, and by the ranks of their keys else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.aggregates.top import Top
from gatherum.kernels.assemble import join
from gatherum.kernels.buffers import valid_mask
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, missing_column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.evaluate import Evaluation
from gatherum.kernels.fields import direct_column, documents_column, missing_to_null
from gatherum.kernels.listing import choose_rows_by_word
from gatherum.kernels.paths import child
from gatherum.kernels.scratch import Scratch, grown, padded
from gatherum.kernels.sort_keys import sort_keys
from gatherum.kernels.sorting import SortColumn, order_of, ranks
from gatherum.kernels.states.base import States
from gatherum.kernels.states.boxes import read_state_values, state_values
from gatherum.kernels.states.choose import CompiledStates
from gatherum.kernels.states.counted import RowCounts
from gatherum.kernels.states.kept import KeptRows
from gatherum.kernels.states.portable import struct_of
from gatherum.plan.nodes import SortKey
from gatherum.types.values import INT64_MIN, MISSING

_NULL_WORD: Final = INT64_MIN


class _Rows(NamedTuple):
    """Rows offered to the groups: the fields that they are ordered by, their values and their ordinals; of these one
    a row, or that of the first where they follow each other."""

    by: Batch
    values: Column
    ordinals: np.ndarray

    @property
    def numbers(self) -> np.ndarray:
        """The ordinal of each row."""
        rows = self.by.rows
        return self.ordinals if len(self.ordinals) == rows else self.ordinals[0] + np.arange(rows)

    def take(self, rows: np.ndarray) -> _Rows:
        """Some of them."""
        return _Rows(self.by.take(rows), self.values.take(rows), self.numbers[rows])


class PlacedRows(CompiledStates):
    """The states of $top and $bottom.

    `at` is where a group's chosen row is among those kept, -1 where there is none; `ordinals` has its ordinal, with
    all bits inverted for $bottom, so that the lesser one is always preferred. Where all rows so far had one key, a
    date, an integer or a double, `words` has its key in the same sense; `kind` is then its type (None while all were
    null), and `by_word` is true.
    """

    serves = ("$top", "$bottom")
    how = "rows chosen by their keys in compiled kernels"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        assert isinstance(aggregate, Top)
        last = aggregate.name == "$bottom"
        self.keys = [SortKey(path, descending) for path, descending in aggregate.sort_by]
        self.names = tuple(dict.fromkeys(key.path[0] for key in self.keys))
        self.flips = [-1 if key.descending != last else 0 for key in self.keys]
        self.ordinal_flip = -1 if last else 0
        self.by_word = len(self.keys) == 1
        self.kind: pa.DataType | None = None
        self.words, self.ordinals, self.at = (np.empty(0, np.int64) for _ in range(3))
        self.kept = {name: KeptRows() for name in self.names}
        self.values = KeptRows()
        self.scratch = Scratch()

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        if size > len(self.at):
            self.at = padded(self.at, size, -1)
            self.words, self.ordinals = grown(self.words, size), grown(self.ordinals, size)
        self.size = size

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        by, values = _fields(column, ("by", "value"))
        return self._offer(slots, _Rows(self._batch(by), values, np.array([ordinal])))

    def _batch(self, by: Column) -> Batch:
        return Batch(dict(zip(self.names, _fields(by, self.names), strict=True)), len(by))

    def _offer(self, slots: np.ndarray, rows: _Rows) -> States:
        """Takes the rows in, row i into slot i."""
        if not len(slots):
            return self
        start = self.values.size
        words = self._words(rows.by)
        if words is None:
            groups, chosen = self._chosen_by_ranks(slots, rows)
        else:
            changed = self.scratch.array("changed", np.int64, len(slots) + 1)
            count = choose_rows_by_word(slots, words, self.flips[0], rows.ordinals, self.ordinal_flip, self.words,
                                        self.ordinals, self.at, start, changed)
            groups = changed[:count]
            chosen = self.at[groups] - start
        self.at[groups] = self.values.keep(rows.values, chosen)
        for name, kept in self.kept.items():
            kept.keep(rows.by.column(name), chosen)
        if self.values.size > 2 * self.size + 65536:
            self._compact()
        return self

    def _words(self, by: Batch) -> np.ndarray | None:
        """Integers (int64) that compare as the keys do, in every batch alike; None where the keys have none."""
        column = direct_column(by, self.keys[0].path) if self.by_word else None
        array = None if column is None else column.array
        if array is not None and pa.types.is_null(array.type):
            return np.full(len(array), _NULL_WORD)
        kind = None if array is None else _word_kind(array.type)
        self.by_word = kind is not None and self.kind in (None, kind)
        if array is None or not self.by_word:
            return None
        self.kind = kind
        words = ranks([Column(array.fill_null(pa.scalar(0).cast(array.type)) if array.null_count else array)])
        valid = valid_mask(array)
        if valid is None:
            return np.ascontiguousarray(words)
        self.by_word = not (words == _NULL_WORD).any()
        return np.where(valid, words, _NULL_WORD) if self.by_word else None

    def _chosen_by_ranks(self, slots: np.ndarray, rows: _Rows) -> tuple[np.ndarray, np.ndarray]:
        """The groups that have a new row, and these rows."""
        keys = self._ranks([sort_keys(rows.by, self.keys, Evaluation())])
        order = order_of([slots.astype(np.int64), *keys, rows.numbers ^ self.ordinal_flip], len(slots))
        first = np.ones(len(order), np.bool_)
        ordered = slots[order]
        first[1:] = ordered[1:] != ordered[:-1]
        best, groups = order[first], ordered[first].astype(np.int64)
        wins = self.at[groups] < 0
        rivals = np.flatnonzero(~wins)
        if len(rivals):
            wins[rivals] = self._precede(rows.take(best[rivals]), groups[rivals])
        best, groups = best[wins], groups[wins]
        self.ordinals[groups] = rows.numbers[best] ^ self.ordinal_flip
        return groups, best

    def _precede(self, rows: _Rows, groups: np.ndarray) -> np.ndarray:
        """Where the rows come before those that the groups have chosen."""
        held = self._rows(groups).by
        keys = self._ranks([sort_keys(batch, self.keys, Evaluation()) for batch in (rows.by, held)])
        found = (rows.numbers ^ self.ordinal_flip) < self.ordinals[groups]
        for key in reversed(keys):
            mine, theirs = key[:len(groups)], key[len(groups):]
            found = (mine < theirs) | ((mine == theirs) & found)
        return found

    def _ranks(self, several: Sequence[Sequence[SortColumn]]) -> list[np.ndarray]:
        """For each key the ranks of the rows of several batches, one behind the other: the least is preferred."""
        return [ranks(columns) ^ flip for columns, flip in zip(zip(*several, strict=True), self.flips, strict=True)]

    def _compact(self) -> None:
        there = np.flatnonzero(self.at[:self.size] >= 0)
        at = self.at[there]
        for kept in self.kept.values():
            kept.compact(at)
        self.at[there] = self.values.compact(at)

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        rows, ordinals, by, values = states.flatten()
        there = np.flatnonzero(rows.to_numpy(zero_copy_only=False))
        picked = pa.array(there)
        return self._offer(slots[there], _Rows(self._batch(read_state_values(by.take(picked))),
                                               read_state_values(values.take(picked)), ordinals.to_numpy()[there]))

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, PlacedRows):
            return super().merge(slots, other)
        groups = np.flatnonzero(other.at[:len(slots)] >= 0)
        return self._offer(slots[groups], other._rows(groups)) if len(groups) else self

    def _rows(self, groups: np.ndarray) -> _Rows:
        """The chosen rows of groups that have one."""
        at = self.at[groups]
        by = Batch({name: _taken(kept, at) for name, kept in self.kept.items()}, len(groups))
        return _Rows(by, _taken(self.values, at), self.ordinals[groups] ^ self.ordinal_flip)

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        there = self.at[groups] >= 0
        rows = self._rows(groups[there])
        ordinals = np.zeros(len(groups), np.int64)
        ordinals[there] = rows.ordinals
        columns = [documents_column(rows.by), rows.values]
        held = [state_values(_spread(column, there)) for column in columns]
        return struct_of(self.aggregate, [pa.array(there), pa.array(ordinals), *held])

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        there = self.at[groups] >= 0
        return missing_to_null(_spread(_taken(self.values, self.at[groups[there]]), there))

    @property
    def nbytes(self) -> int:
        """The bytes of the rows kept and of the arrays."""
        kept = self.values.nbytes + sum(kept.nbytes for kept in self.kept.values())
        return kept + 24 * len(self.at) + self.scratch.nbytes


def _word_kind(kind: pa.DataType) -> pa.DataType | None:
    """What the words of a type compare with; None where one word does not tell all."""
    if kind in (pa.int32(), pa.int64()):
        return pa.int64()
    return kind if kind == pa.float64() or pa.types.is_timestamp(kind) else None


def _fields(documents: Column, names: Sequence[str]) -> list[Column]:
    """Some fields of a column's documents; missing where it has others than documents."""
    if not documents.is_variant:
        if pa.types.is_struct(documents.array.type):
            return [child(documents, name) for name in names]
        return [missing_column(len(documents)) for _ in names]
    values = [value if isinstance(value, dict) else {} for value in values_of(documents)]
    return [column_of([value.get(name, MISSING) for value in values]) for name in names]


def _taken(kept: KeptRows, at: np.ndarray) -> Column:
    return kept.take(at) if len(at) else missing_column(0)


def _spread(column: Column, rows: np.ndarray) -> Column:
    """The values of a column in the rows where the mask is true, in the others missing."""
    if rows.all():
        return column
    return join([missing_column(1), column]).take(np.where(rows, np.cumsum(rows), 0))
