"""$min and $max over columns: the extreme of each type by itself, and the choice among the types at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.assemble import join
from gatherum.kernels.buffers import distinct_bytes, fixed_values, valid_mask
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, plain_strings
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.fields import missing_to_null
from gatherum.kernels.kinds import is_strings, kind_of
from gatherum.kernels.states.base import States
from gatherum.kernels.states.boxes import read_state_values, state_values
from gatherum.kernels.states.choose import CompiledStates
from gatherum.kernels.states.counted import RowCounts
from gatherum.kernels.states.extremes import WORDS, StringExtremes, TypeExtremes, WordExtremes
from gatherum.kernels.states.portable import struct_of
from gatherum.kernels.totals import NO_ROWS
from gatherum.types.values import BsonType

_NOTHING: Final = (BsonType.NULL, BsonType.MISSING)


class Extremes(CompiledStates):
    """The states of $min and $max.

    Every type that is frequent has its extremes apart, and they are compared at the end; `rest` holds Python states of
    all other values, by group.
    """

    serves = ("$min", "$max")
    how = "extremes by type in compiled kernels"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.sign = 1 if aggregate.name == "$max" else -1
        self.words: dict[int, WordExtremes] = {}
        self.strings: dict[int, StringExtremes] = {}
        self.rest: defaultdict[int, Any] = defaultdict(aggregate.init)

    def _parts(self) -> list[TypeExtremes]:
        return [*self.words.values(), *self.strings.values()]

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        self.size = size
        for part in self._parts():
            part.grow(size)

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        column = plain_strings(column)
        if column.is_variant:
            self._update_variant(slots, column)
            return self
        kind, valid = kind_of(column), valid_mask(column.array)
        chosen = NO_ROWS if valid is None else valid.view(np.uint8)
        if kind is not None and kind in WORDS:
            words = fixed_values(column.array)
            words = words.astype(np.int64) if kind == BsonType.INT else words.view(np.int64)
            self._words_of(kind).update(slots, words, chosen, self.size)
        elif is_strings(column.array.type):
            self._strings_of().update(slots, column.array, chosen, self.size)
        elif kind not in _NOTHING:
            self._update_rest(slots, column)
        return self

    def _update_variant(self, slots: np.ndarray, column: Column) -> None:
        types, words, data = parts(column)
        for kind in distinct_bytes(types):
            if kind in WORDS:
                self._words_of(kind).update(slots, np.ascontiguousarray(words).view(np.int64),
                                            (types == kind).view(np.uint8), self.size)
            elif kind not in _NOTHING:
                rows = np.flatnonzero(types == kind)
                strings = _text(data.take(pa.array(rows))) if kind == BsonType.STRING else None
                if strings is None:
                    self._update_rest(slots[rows], column.take(rows))
                else:
                    self._strings_of().update(slots[rows], strings, NO_ROWS, self.size)

    def _words_of(self, kind: int) -> WordExtremes:
        if kind not in self.words:
            self.words[kind] = WordExtremes(kind, self.sign)
            self.words[kind].grow(self.size)
        return self.words[kind]

    def _strings_of(self) -> StringExtremes:
        if not self.strings:
            self.strings[BsonType.STRING] = StringExtremes(self.sign)
            self.strings[BsonType.STRING].grow(self.size)
        return self.strings[BsonType.STRING]

    def _update_rest(self, slots: np.ndarray, column: Column) -> None:
        for slot, value in zip(slots.tolist(), values_of(column), strict=True):
            self.aggregate.update(self.rest[slot], value)

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        return self.update(slots, read_state_values(states.flatten()[0]), 0)

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, Extremes):
            return super().merge(slots, other)
        for part in other._parts():
            groups = np.flatnonzero(part.found[:len(slots)])
            self.update(slots[groups], part.column(groups), 0)
        for group, state in other.rest.items():
            self.aggregate.merge(self.rest[int(slots[group])], state)
        return self

    def _winners(self, groups: np.ndarray) -> Column:
        """The extremes of some groups, missing where there is none."""
        count, found = len(groups), [part.found[groups] != 0 for part in self._parts()]
        rivals = np.zeros(count, np.bool_)
        if self.rest:
            rivals = np.isin(groups, np.fromiter(self.rest, np.int64, len(self.rest)))
        rivals |= np.sum(found, axis=0, dtype=np.int64) > 1 if found else False
        pieces, at, size = [Column(pa.nulls(1), True)], np.zeros(count, np.int64), 1
        for part, there in zip(self._parts(), found, strict=True):
            alone = np.flatnonzero(there & ~rivals)
            if len(alone):
                if len(alone) == count:
                    return part.column(groups)
                pieces.append(part.column(groups[alone]))
                at[alone] = np.arange(size, size + len(alone))
                size += len(alone)
        if rivals.any():
            compared = np.flatnonzero(rivals)
            pieces.append(column_of(self._compared(groups[compared])))
            at[compared] = np.arange(size, size + len(compared))
        return join(pieces).take(at)

    def _compared(self, groups: np.ndarray) -> list[Any]:
        """The extremes of groups that have values of several types, by the aggregate's meaning."""
        states = [self.aggregate.init() for _ in groups]
        for part in self._parts():
            there = np.flatnonzero(part.found[groups])
            for place, value in zip(there.tolist(), values_of(part.column(groups[there])), strict=True):
                self.aggregate.update(states[place], value)
        for state, group in zip(states, groups.tolist(), strict=True):
            if group in self.rest:
                self.aggregate.merge(state, self.rest[group])
        return [state.value for state in states]

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        return struct_of(self.aggregate, [state_values(self._winners(groups))])

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        return missing_to_null(self._winners(groups))

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays, and an estimate for the rest."""
        return sum(part.nbytes for part in self._parts()) + 300 * len(self.rest)


def _text(blobs: pa.Array) -> pa.Array | None:
    """Byte strings as strings; None where one is not UTF-8, as with surrogates."""
    try:
        return blobs.cast(pa.large_string())
    except pa.ArrowInvalid:
        return None
