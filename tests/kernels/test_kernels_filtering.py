"""Filtered columns: the rows that Arrow itself would choose, without validity where none of them needs it."""

import weakref

import numpy as np
import pyarrow as pa
import pytest

from gatherum.kernels.buffers import array_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.filtering import FilteredColumns
from gatherum.kernels.columns.types import OBJECT_ID

ROWS = 100
rng = np.random.default_rng(1)
holes = rng.random(ROWS) < 0.3
numbers = pa.array(np.arange(ROWS), mask=holes)
ARRAYS = {
    "numbers": numbers,
    "booleans": pa.array(np.arange(ROWS) % 3 == 0, mask=holes),
    "dates": numbers.cast(pa.timestamp("ms")),
    "strings": numbers.cast(pa.string()),
    "words": numbers.cast(pa.string()).dictionary_encode(),
    "nulls": pa.nulls(ROWS),
    "documents": pa.StructArray.from_arrays([numbers, pa.array(range(ROWS))], ["a", "b"], mask=pa.array(holes)),
    "documents without fields": pa.array([None if hole else {} for hole in holes], pa.struct([])),
    "lists": pa.array([None if hole else [1, 2] for hole in holes], pa.large_list(pa.int32())),
    "ids": pa.ExtensionArray.from_storage(OBJECT_ID, pa.array([None if hole else bytes(12) for hole in holes],
                                                             OBJECT_ID.storage_type)),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("start", [0, 3, 8])
@pytest.mark.parametrize("mask", [~holes, holes, np.ones(ROWS, np.bool_), np.zeros(ROWS, np.bool_),
                                  np.arange(ROWS) > 5, np.arange(ROWS) == ROWS - 1])
def test_the_chosen_rows_are_those_that_arrow_chooses(name, start, mask):
    array, chosen = ARRAYS[name].slice(start), mask[start:]
    found = FilteredColumns({"x": Column(array, True)}, array_of(chosen))["x"]
    assert found.missing
    assert found.array.type == array.type
    assert found.array.to_pylist() == [value for value, keep in zip(array.to_pylist(), chosen, strict=True) if keep]


@pytest.mark.parametrize("name", ["numbers", "words"])
def test_what_has_no_invalid_row_left_has_no_validity(name):
    found = FilteredColumns({"x": Column(ARRAYS[name].slice(3))}, array_of(~holes[3:]))["x"]
    assert found.array.buffers()[0] is None


def test_columns_are_filtered_when_they_are_asked_for_and_those_with_all_rows_let_go():
    asked = []

    class Asked(dict):
        def __getitem__(self, name):
            asked.append(name)
            return super().__getitem__(name)

    columns = Asked({name: Column(pa.array(range(ROWS))) for name in ("a", "b")})
    held = weakref.ref(columns)
    found = FilteredColumns(FilteredColumns(columns, array_of(~holes)), array_of(np.arange((~holes).sum()) < 3))
    del columns
    assert list(found) == ["a", "b"] and not asked
    assert len(found["a"]) == len(found["a"]) == 3 and asked == ["a"]
    assert len(found["b"]) == 3 and asked == ["a", "b"]
    assert held() is None
    assert "c" not in found
