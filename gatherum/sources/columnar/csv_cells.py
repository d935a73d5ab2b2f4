"""Columns of the needed cells of CSV: found by kernels, which make integers, strings and truth values of them, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.batch import MAX_ROWS, Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.csv_cells import (
    DOUBLE,
    EMPTY,
    FALSE,
    INT,
    LONG,
    STRING,
    TRUE,
    classify_cells,
    copy_cells,
    find_cells,
)
from gatherum.sources.columnar.utf8 import is_utf8
from gatherum.types.csv_cells import LONGEST_CELL
from gatherum.types.values import MISSING, Value

Values = Callable[[str], Value]


class Cells(NamedTuple):
    """How the rows of a file are read: its columns, those that are needed, the delimiter, what an empty cell is, and a
    function that gives the value of any cell's text."""

    names: Sequence[str]
    needed: Sequence[str]
    delimiter: str
    empty: Value
    value: Values


class RowBatches:
    """Batches of the rows of a file, each with the bytes and the line ends that it took. They end where a row needs a
    closer look: what has been read from there on is `left`."""

    def __init__(self, stream: BinaryIO, block_bytes: int, cells: Cells) -> None:
        self.left = b""
        self._stream, self._block_bytes, self._cells = stream, block_bytes, cells

    def __iter__(self) -> Iterator[tuple[Batch, int, int]]:
        ended = not self._cells.names
        while not ended:
            more = self._stream.read(max(self._block_bytes, len(self.left)))
            self.left, ended = self.left + more, not more
            if len(self.left) > LONGEST_CELL:
                return
            while self.left:
                found = batch_of_rows(self.left, self._cells, ends_file=ended)
                if found is None:
                    return
                batch, size = found
                if not size:
                    break
                lines, self.left = self.left.count(b"\n", 0, size), self.left[size:]
                yield batch, size, lines


def batch_of_rows(block: bytes, cells: Cells, *, ends_file: bool) -> tuple[Batch, int] | None:
    """A batch of the whole rows at the head of a block, and the bytes that they take; None where the rows need a closer
    look."""
    places = {name: place for place, name in enumerate(cells.needed)}
    wanted = np.array([places.get(name, -1) for name in cells.names], np.int64)
    spans = np.empty((min(block.count(b"\n") + 1, MAX_ROWS), 2 * len(places)), np.int64)
    text, passed = np.frombuffer(block, np.uint8), np.zeros(1, np.int64)
    rows = find_cells(text.ctypes.data, len(block), ord(cells.delimiter), ends_file, wanted, spans, passed)
    size = int(passed[0])
    if rows < 0 or not is_utf8(block[:size]):
        return None
    found = np.ascontiguousarray(spans[:rows].T)
    columns = {name: _column(text, found[2 * place], found[2 * place + 1], cells) for name, place in places.items()}
    return Batch(columns, rows), size


def _column(text: np.ndarray, starts: np.ndarray, ends: np.ndarray, cells: Cells) -> Column:
    rows = len(starts)
    data, offsets = np.empty(int(((ends >> 1) - starts).sum()), np.uint8), np.empty(rows + 1, np.int32)
    copy_cells(text.ctypes.data, starts, ends, data, offsets)
    kinds, integers = np.empty(rows, np.uint8), np.empty(rows, np.int64)
    classify_cells(data, offsets, kinds, integers)
    if cells.empty == "":
        kinds[kinds == EMPTY] = STRING
    holes = kinds == EMPTY
    valid = pa.py_buffer(np.packbits(~holes, bitorder="little"))
    strings = pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data), valid)
    array = _typed(set(np.unique(kinds).tolist()) - {EMPTY}, strings, kinds, integers, holes)
    if array is None:
        return column_of([cells.empty if item is None else cells.value(item) for item in strings.to_pylist()])
    return Column(array, missing=cells.empty is MISSING and bool(holes.any()))


def _typed(found: set[int], strings: pa.StringArray, kinds: np.ndarray, integers: np.ndarray,
           holes: np.ndarray) -> pa.Array | None:
    """The values of cells of one type; None where there are several, or some need a closer look."""
    if not found:
        return pa.nulls(len(kinds))
    if found == {STRING}:
        return strings
    if found == {INT}:
        return pa.array(integers.astype(np.int32), mask=holes)
    if found == {LONG}:
        return pa.array(integers, mask=holes)
    if found <= {FALSE, TRUE}:
        return pa.array(kinds == TRUE, mask=holes)
    return _doubles(strings) if found == {DOUBLE} else None


def _doubles(strings: pa.StringArray) -> pa.Array | None:
    """The doubles of texts; None where one may be too large or too small for a double."""
    try:
        doubles = strings.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    values = doubles.fill_null(1.0).to_numpy()
    return doubles if np.isfinite(values).all() and values.all() else None
