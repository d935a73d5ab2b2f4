"""Columns of the needed fields of lines of JSON: found by kernels, and only their values parsed."""

from __future__ import annotations

from typing import Final

import numpy as np

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.field_names import packed_names
from gatherum.kernels.json_fields import find_fields, join_values
from gatherum.sources.columnar.utf8 import is_utf8
from gatherum.sources.json_text import parse_array
from gatherum.types.values import MISSING

MOST_NAMES: Final = 16


def batch_of_lines(block: bytes, names: list[str]) -> Batch | None:
    """A batch of the named fields of the documents, one a line; None where the lines need a closer look."""
    if len(names) > MOST_NAMES or not is_utf8(block):
        return None
    spans = np.empty((block.count(b"\n") + 1, 1 + 2 * len(names)), np.int64)
    text = np.frombuffer(block, np.uint8)
    rows = find_fields(text.ctypes.data, len(block), *packed_names(names), spans)
    if rows < 0:
        return None
    places = spans[:rows]
    order = _order(places)
    if order is None:
        return None
    columns: dict[str, Column] = {}
    for number in order:
        column = _column(text, np.ascontiguousarray(places[:, 2 * number + 1]),
                         np.ascontiguousarray(places[:, 2 * number + 2]))
        if column is None:
            return None
        columns[names[number]] = column
    return Batch(columns, rows)


def _order(places: np.ndarray) -> list[int] | None:
    """The fields that are there in the order that they have in all documents; None where documents differ in it."""
    starts = places[:, 1::2]
    there = starts >= 0
    found = np.flatnonzero(there.any(axis=0)).tolist()
    distance = {number: (starts[there[:, number], number] - places[there[:, number], 0]).mean() for number in found}
    found.sort(key=distance.__getitem__)
    for place, second in enumerate(found):
        for first in found[:place]:
            if (there[:, first] & there[:, second] & (starts[:, first] > starts[:, second])).any():
                return None
    return found


def _column(text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Column | None:
    missing = np.flatnonzero(starts < 0)
    ends[missing] = starts[missing]
    made = np.empty(int((ends - starts).sum()) + 5 * len(starts) + 2, np.uint8)
    length = join_values(text.ctypes.data, starts, ends, made)
    values = parse_array(made[:length].tobytes())
    if values is None:
        return None
    for place in missing.tolist():
        values[place] = MISSING
    return column_of(values)
