"""Documents go to columns and back unchanged; a change of type touches no other column or batch."""

import json

import bson
import numpy as np
import pyarrow as pa
import pytest
from bson import Int64
from hypothesis import given
from hypothesis import strategies as st
from strategies import documents, values

from gatherum.errors import LossError
from gatherum.kernels.columns.batch import batch_of, concat_batches
from gatherum.kernels.columns.build import column_of, merge_orders
from gatherum.kernels.columns.column import Column, concat
from gatherum.kernels.columns.file_batches import BatchReader
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import CODEC, to_variant
from gatherum.types.values import MISSING


def written(rows):
    """The BSON of documents: equal exactly where all types, values and orders of keys are."""
    return [bson.encode({"": row}, codec_options=CODEC) for row in rows]


def tagged(items):
    return written([{} if item is MISSING else {"": item} for item in items])


@given(st.lists(documents, max_size=8))
def test_documents_round_trip(rows):
    assert written(batch_of(rows).documents()) == written(rows)


@given(st.lists(st.one_of(values, st.just(MISSING)), max_size=8))
def test_values_round_trip_through_typed_and_variant_columns(items):
    column = column_of(items)
    assert tagged(values_of(column)) == tagged(items)
    assert tagged(values_of(to_variant(column))) == tagged(items)


@given(st.lists(st.lists(documents, min_size=1, max_size=4), min_size=1, max_size=4))
def test_concatenated_batches_hold_the_rows_of_all(parts):
    joined = concat_batches([batch_of(part) for part in parts])
    assert written(joined.documents()) == written([row for part in parts for row in part])


@given(st.lists(documents, min_size=1, max_size=8), st.data())
def test_slices_takes_and_filters(rows, data):
    batch = batch_of(rows, ordinal=100)
    start = data.draw(st.integers(0, len(rows)))
    length = data.draw(st.integers(0, len(rows)))
    assert written(batch.slice(start, length).documents()) == written(rows[start:start + length])
    picks = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6))
    assert written(batch.take(np.array(picks, np.int64)).documents()) == written([rows[i] for i in picks])
    mask = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    kept = [row for row, keep in zip(rows, mask, strict=True) if keep]
    assert written(batch.filter(pa.array(mask, pa.bool_())).documents()) == written(kept)


@pytest.mark.parametrize("items", [[1, 2, None], [1, MISSING], [Int64(5)], [1.5, None], ["a", MISSING],
                                   [True], [{"a": 1}, {"a": 2, "b": "x"}], [[1, 2], []], [None, None]])
def test_values_of_one_type_make_a_typed_column(items):
    assert not column_of(items).is_variant


@pytest.mark.parametrize("items", [[1, 1.5], [1, Int64(2)], [None, MISSING], [1, "a"], [{"a": 1, "b": 1},
                                                                                  {"b": 1, "a": 1}]])
def test_values_of_several_types_make_a_variant_column(items):
    assert column_of(items).is_variant


def test_the_keys_of_a_document_keep_their_order_beside_other_values():
    document = {"a": 1, "_id": 2, "b": {"c": 3, "_id": 4}}
    for beside in (1, {"_id": 2, "a": 1}, [document]):
        found, _ = values_of(column_of([document, beside]))
        assert json.dumps(found) == json.dumps(document)


def test_a_late_type_leaves_other_columns_and_batches_typed():
    rows = [{"a": i, "b": "x"} for i in range(10)]
    early, late = batch_of(rows), batch_of([*rows[:5], {"a": "late", "b": "y"}])
    assert late.column("a").is_variant
    assert not late.column("b").is_variant
    assert not early.column("a").is_variant
    assert concat([early.column("a"), late.column("a")]).is_variant


def test_orders_of_keys():
    assert merge_orders([("a", "c"), ("a", "b", "c")]) == ("a", "b", "c")
    assert merge_orders([("a", "b"), ("b", "a")]) is None
    assert [list(row) for row in batch_of([{"a": 1, "b": 2}, {"b": 1, "a": 2}]).documents()] == [["a", "b"], ["b", "a"]]


def test_arrow_types_that_bson_lacks_keep_their_values():
    table = pa.RecordBatch.from_pydict({"small": pa.array([1], pa.int16()), "big": pa.array([2**64 - 1], pa.uint64()),
                                        "fine": pa.array([1], pa.timestamp("us"))})
    batch = BatchReader(table.schema).batch(table)
    assert batch.column("small").array.type == pa.int32()
    assert batch.column("big").array.to_pylist() == [2**64 - 1]
    assert batch.column("fine").array.type == pa.timestamp("us")
    with pytest.raises(LossError, match="'big'"):
        values_of(batch.column("big"), "big")
    with pytest.raises(LossError, match="'fine'"):
        values_of(batch.column("fine"), "fine")


def test_arrow_dictionaries_stay_codes():
    coded = pa.array(["a", None, "a"]).dictionary_encode()
    table = pa.RecordBatch.from_pydict({"s": coded})
    column = BatchReader(table.schema).batch(table).column("s")
    assert isinstance(column.array.type, pa.DictionaryType)
    assert values_of(column) == ["a", None, "a"]
    assert values_of(to_variant(Column(column.array))) == ["a", None, "a"]
