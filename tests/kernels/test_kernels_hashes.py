"""Hashes of columns are those of their values, whatever the column's type."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from bson import Int64, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from strategies import dates, documents, int32, int64, names, scalars, values

from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, plain_strings
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import to_variant
from gatherum.kernels.hashes import canonical_hashes, document_hashes
from gatherum.types.canonical import canonical_hash
from gatherum.types.values import MISSING

LONG_TEXT = st.text("ab", min_size=6, max_size=40)
KINDS = [int32, int64, st.floats(), st.floats(-100, 100).map(round).map(float), names, LONG_TEXT, dates, st.booleans(),
         st.binary(min_size=12, max_size=12).map(ObjectId), st.binary(max_size=5), documents,
         st.lists(scalars, max_size=3), values]


def expected(column):
    return [canonical_hash(value) for value in values_of(plain_strings(column))]


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("hole", [None, MISSING])
@given(data=st.data())
def test_hashes_of_columns_are_those_of_their_values(kind, hole, data):
    items = data.draw(st.lists(st.one_of(KINDS[kind], KINDS[kind], st.just(hole)), max_size=8))
    column = column_of(items)
    for compiled in (True, False):
        for each in (column, column.slice(1, 4), to_variant(column)):
            assert canonical_hashes(each, compiled).tolist() == expected(each)


def test_hashes_of_documents_with_mixed_fields_beside_none():
    array = column_of([{"a": 1}, {"a": "b"}, {"a": None}, {}]).array
    for missing in (False, True):
        column = Column(pa.concat_arrays([array, pa.nulls(2, array.type)]), missing)
        for compiled in (True, False):
            assert canonical_hashes(column, compiled).tolist() == expected(column)


def test_hashes_of_dictionaries_and_large_strings():
    words = ["", "a", "a word of more than fifteen bytes", "é"]
    array = pa.array([words[i % 4] for i in range(20)] + [None])
    for each in (array.dictionary_encode(), array.cast(pa.large_string()), array.slice(3)):
        assert canonical_hashes(Column(each)).tolist() == expected(Column(each))


@given(st.lists(documents, min_size=1, max_size=6))
def test_hashes_of_documents_field_by_field(rows):
    fields = {"x": column_of([row.get("a", MISSING) for row in rows]), "y": column_of([row.get("b") for row in rows])}
    made = [{name: value for name, value in zip(fields, row, strict=True) if value is not MISSING}
            for row in zip(*map(values_of, fields.values()), strict=True)]
    for compiled in (True, False):
        assert document_hashes(fields, len(rows), compiled).tolist() == [canonical_hash(row) for row in made]


def test_equal_numbers_hash_equally():
    columns = [pa.array([7], pa.int32()), pa.array([7], pa.int64()), pa.array([7.0])]
    hashes = {int(canonical_hashes(Column(array))[0]) for array in columns}
    assert hashes == {canonical_hash(7)} == {canonical_hash(Int64(7))}


def test_dates_of_any_year():
    items = [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31), dt.datetime(1970, 1, 1)]
    assert canonical_hashes(column_of(items)).dtype == np.uint64
    assert canonical_hashes(column_of(items)).tolist() == [canonical_hash(item) for item in items]
