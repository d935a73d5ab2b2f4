"""For each of some codes, the values of the row with the lowest ordinal among those that have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.column import Column
from gatherum.kernels.listing import first_rows, lower_ordinals
from gatherum.kernels.scratch import grown
from gatherum.kernels.states.kept import KeptRows

_ONE_FORM: Final = (pa.int32(), pa.int64(), pa.string(), pa.bool_(), pa.timestamp("ms"), pa.null())
"""Types in which equal values look the same."""

Ordinals = int | np.ndarray
"""The ordinals of some rows: of each, or of the first where they follow each other."""


class Representatives:
    """The values that stand for codes 0 to `size` - 1: values that are equal may look different, and those of the row
    of the lowest ordinal are taken. A row may have several values, one from each of `parts` columns. `compiled` says
    whether kernels may be called."""

    def __init__(self, parts: int, compiled: bool) -> None:
        self._compiled = compiled
        self.size = 0
        self._kept = [KeptRows() for _ in range(parts)]
        self._at = np.empty(0, np.int64)
        self._ordinals = np.empty(0, np.int64)
        self._highest = -1

    def take_in(self, columns: Sequence[Column], codes: np.ndarray, ordinals: Ordinals, size: int) -> None:
        """Takes rows with their codes in; from now on there are `size` codes."""
        if self.size and not (isinstance(ordinals, int) and ordinals > self._highest):
            self._replace(columns, codes, ordinals)
        if size > self.size:
            self._add(columns, codes, ordinals, size)

    def _add(self, columns: Sequence[Column], codes: np.ndarray, ordinals: Ordinals, size: int) -> None:
        known = self.size
        if self._compiled and isinstance(ordinals, int):
            first = np.empty(size - known, np.int64)
            first_rows(codes, known, first)
        else:
            first = _lowest_rows(codes, known, size, ordinals)
        if size > len(self._at):
            self._at, self._ordinals = grown(self._at, size), grown(self._ordinals, size)
        self._at[known:size] = self._keep(columns, first)
        lowest = _of_rows(ordinals, first)
        self._ordinals[known:size] = lowest
        self._highest = max(self._highest, int(lowest.max()))
        self.size = size

    def _keep(self, columns: Sequence[Column], rows: np.ndarray) -> np.ndarray:
        """Copies the values of some rows; returns where they are."""
        at = [kept.keep(column, rows) for kept, column in zip(self._kept, columns, strict=True)]
        return at[0]

    def _replace(self, columns: Sequence[Column], codes: np.ndarray, ordinals: Ordinals) -> None:
        """Puts rows in the place of those that they precede."""
        rows = self._lower(codes, ordinals)
        if len(rows) and any(_forms_differ(kept, column) for kept, column in zip(self._kept, columns, strict=True)):
            self._at[codes[rows]] = self._keep(columns, rows)

    def _lower(self, codes: np.ndarray, ordinals: Ordinals) -> np.ndarray:
        """The rows that are now the first ones of their codes, whose ordinals are lowered to theirs."""
        if self._compiled:
            lowest = np.empty(len(codes), np.int64)
            return lowest[:lower_ordinals(codes, np.atleast_1d(ordinals), self.ordinals, lowest)]
        rows = np.flatnonzero(codes < self.size)
        lower = _of_rows(ordinals, rows)
        earlier = lower < self._ordinals[codes[rows]]
        rows, lower = rows[earlier], lower[earlier]
        np.minimum.at(self._ordinals, codes[rows], lower)
        return rows[lower == self._ordinals[codes[rows]]]

    @property
    def ordinals(self) -> np.ndarray:
        """The lowest ordinal of each code."""
        return self._ordinals[:self.size]

    def columns(self, codes: np.ndarray) -> list[Column]:
        """The values of some codes; there must be a code."""
        at = self._at[codes]
        return [kept.take(at) for kept in self._kept]

    @property
    def nbytes(self) -> int:
        """The bytes of the values and of the arrays."""
        return 16 * len(self._at) + sum(kept.nbytes for kept in self._kept)


def _lowest_rows(codes: np.ndarray, known: int, size: int, ordinals: Ordinals) -> np.ndarray:
    """The row of each code from `known` on that has the lowest ordinal."""
    fresh = np.flatnonzero(codes >= known)
    if isinstance(ordinals, int):
        fresh = fresh[::-1]
    elif len(fresh) > size - known:
        fresh = fresh[np.argsort(ordinals[fresh], kind="stable")[::-1]]
    lowest = np.empty(size - known, np.int64)
    lowest[codes[fresh] - known] = fresh                        # of several rows the last one stays: the lowest
    return lowest


def _of_rows(ordinals: Ordinals, rows: np.ndarray) -> np.ndarray:
    return rows + ordinals if isinstance(ordinals, int) else ordinals[rows]


def _forms_differ(kept: KeptRows, column: Column) -> bool:
    """Whether an equal value may look different in this column and in those kept."""
    if column.is_variant:
        return True
    kind = column.array.type.value_type if isinstance(column.array.type, pa.DictionaryType) else column.array.type
    return kind not in _ONE_FORM or any(piece.array.type != kind for piece in kept.pieces)
