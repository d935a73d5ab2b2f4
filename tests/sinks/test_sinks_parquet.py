"""Parquet that other tools read, whose schema is exact however late a type is met."""

import datetime as dt
import io
import os

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import Decimal128, Int64, ObjectId
from reading import exact, read_file

from gatherum.errors import LossError, SettingError
from gatherum.kernels.columns.batch import batch_of
from gatherum.kernels.columns.file_batches import BatchReader
from gatherum.kernels.columns.shapes import ANY_SHAPE, INT, MISSING, NULL, WIDE_LONG, Shape, union
from gatherum.sinks.columnar import writer
from gatherum.sinks.files import open_sink

PLAIN = {"i": 1, "l": Int64(2), "d": 1.5, "s": "x", "b": True, "t": dt.datetime(2020, 1, 1), "y": b"z",
         "o": {"x": 1, "n": {"m": "q"}}, "a": [1, 2], "r": [{"k": 1}]}


def write(target, rows, **options):
    with open_sink(target, **options) as sink:
        for row in rows:
            sink.write([row])


@pytest.fixture
def small_groups(monkeypatch):
    monkeypatch.setattr(writer, "GROUP_ROWS", 2)
    monkeypatch.setattr(writer, "DOCUMENTS", 1)


def types_in(path):
    return {field.name: str(field.type) for field in pq.read_schema(path)}


def test_well_typed_documents_are_plain_columns(tmp_path):
    write(tmp_path / "x.parquet", [PLAIN, PLAIN])
    assert types_in(tmp_path / "x.parquet") == {
        "i": "int32", "l": "int64", "d": "double", "s": "string", "b": "bool", "t": "timestamp[ms]", "y": "binary",
        "o": "struct<x: int32, n: struct<m: string>>", "a": "large_list<element: int32>",
        "r": "large_list<element: struct<k: int32>>"}


@pytest.mark.parametrize(("values", "kind"), [
    ([1, Int64(2**40)], "int64"), ([1, None, Int64(2**40)], "int64"), ([1, 1.5], "double"), ([1, None, 0.5], "double"),
    ([1, 1.0], "extension<gatherum.bson<BsonValueType>>"), ([1, Int64(1)], "extension<gatherum.bson<BsonValueType>>"),
    ([Int64(2**40), 1.5], "extension<gatherum.bson<BsonValueType>>"),
    ([1, "a"], "extension<gatherum.bson<BsonValueType>>")])
def test_numbers_of_two_types_share_a_plain_column_where_each_can_be_told_by_its_value(tmp_path, values, kind):
    rows = [{"a": value} for value in values]
    write(tmp_path / "x.parquet", rows)
    assert types_in(tmp_path / "x.parquet") == {"a": kind}
    assert exact(read_file(tmp_path / "x.parquet")) == exact(rows)


def test_other_tools_read_it(tmp_path):
    import polars as pl

    path = str(tmp_path / "x.parquet")
    rows = [{"a": 1, "s": "x", "o": {"k": 1.5}, "n": None}, {"a": Int64(2**40), "o": {"k": 2}, "n": None}]
    write(path, rows)
    assert duckdb.sql(f"select a, s, o.k, n from '{path}'").fetchall() == [(1, "x", 1.5, None), (2**40, None, 2, None)]
    assert pl.read_parquet(path, columns=["a", "o"]).rows() == [(1, {"k": 1.5}), (2**40, {"k": 2})]
    assert pd.read_parquet(path)["a"].tolist() == [1, 2**40]


def test_missing_and_null_are_told_apart(tmp_path):
    rows = [{"a": None, "b": 1}, {"a": 2}]
    write(tmp_path / "x.parquet", rows)
    assert types_in(tmp_path / "x.parquet") == {"a": "int32", "b": "int32"}
    assert read_file(tmp_path / "x.parquet") == rows


def test_extension_types_keep_ids_and_decimals(tmp_path):
    rows = [{"i": ObjectId(), "d": Decimal128("1.50")}, {"i": ObjectId(), "d": Decimal128("NaN")}]
    write(tmp_path / "x.parquet", rows)
    assert str(pq.read_schema(tmp_path / "x.parquet").field("i").type.storage_type) == "fixed_size_binary[12]"
    assert exact(read_file(tmp_path / "x.parquet")) == exact(rows)


@pytest.mark.parametrize("late", ["x", None, 1.5, Int64(5), {"b": 1}, [1]])
def test_a_type_met_late_changes_nothing_that_was_written(tmp_path, small_groups, late):
    rows = [{"a": i, "b": "x"} for i in range(7)] + [{"a": late, "b": "x"}, {"b": "y", "c": 1}]
    write(tmp_path / "x.parquet", rows)
    assert exact(read_file(tmp_path / "x.parquet")) == exact(rows)
    assert types_in(tmp_path / "x.parquet")["b"] == "string"


def test_rows_are_written_in_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "GROUP_ROWS", 100)
    monkeypatch.setattr(writer, "DOCUMENTS", 10)
    write(tmp_path / "x.parquet", [{"a": i} for i in range(250)])
    metadata = pq.read_metadata(tmp_path / "x.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [100, 100, 50]


def test_large_documents_make_small_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "GROUP_BYTES", 1000)
    monkeypatch.setattr(writer, "DOCUMENTS", 1)
    write(tmp_path / "x.parquet", [{"a": "x" * 600} for _ in range(4)])
    assert pq.read_metadata(tmp_path / "x.parquet").num_row_groups == 2


def test_batches_and_documents_are_written_in_the_order_they_come():
    stream = io.BytesIO()
    parquet = writer.ColumnWriter(stream, _encoding())
    parquet.write([{"a": 1}])
    parquet.write_batch(batch_of([{"a": 2}, {"a": 3}]))
    parquet.write([{"a": 4}])
    parquet.finish()
    assert pq.read_table(stream).column("a").to_pylist() == [1, 2, 3, 4]


def _encoding():
    from gatherum.sinks.columnar.parquet import parquet_writer

    return parquet_writer(io.BytesIO(), "zstd")._encoding


def test_columns_that_bson_lacks_keep_their_types():
    stream = io.BytesIO()
    parquet = writer.ColumnWriter(stream, _encoding())
    table = pa.RecordBatch.from_pydict({"u": pa.array([2**64 - 1], pa.uint64()),
                                        "t": pa.array([1], pa.timestamp("us"))})
    parquet.write_batch(BatchReader(table.schema).batch(table))
    parquet.finish()
    assert pq.read_table(stream).schema.equals(table.schema)


def test_dictionaries_and_large_strings_are_strings():
    stream = io.BytesIO()
    parquet = writer.ColumnWriter(stream, _encoding())
    for column in (pa.array(["a", "b"]).dictionary_encode(), pa.array(["c"], pa.large_string()), pa.array(["d"])):
        table = pa.RecordBatch.from_arrays([column], ["s"])
        parquet.write_batch(BatchReader(table.schema).batch(table))
    parquet.finish()
    assert pq.read_table(stream).to_pydict() == {"s": ["a", "b", "c", "d"]}


@pytest.mark.parametrize("rows", [[{"a": 1}, {"a": 2**64}], [{"a": 1}, {"a": object()}], [{"a": 1}, {1: 2}]])
def test_what_no_document_may_hold_is_refused_and_named(tmp_path, rows):
    with pytest.raises(LossError, match="document 2 cannot be written as Parquet"):
        write(tmp_path / "x.parquet", rows)
    assert os.listdir(tmp_path) == []


def test_a_string_that_is_no_unicode_is_refused(tmp_path):
    with pytest.raises(LossError, match="column 'a' holds a string that is not valid Unicode"):
        write(tmp_path / "x.parquet", [{"a": "\ud800"}])
    assert os.listdir(tmp_path) == []


def test_compression(tmp_path):
    write(tmp_path / "x.parquet", [{"a": 1}], compression="snappy")
    assert pq.read_metadata(tmp_path / "x.parquet").row_group(0).column(0).compression == "SNAPPY"
    with pytest.raises(SettingError, match="compression is one of"):
        open_sink(tmp_path / "y.parquet", compression="best")
    assert os.listdir(tmp_path) == ["x.parquet"]


def test_shapes_are_joined_without_loss():
    ints, longs = Shape(frozenset({INT})), Shape(frozenset({WIDE_LONG}))
    assert union(ints, longs).kinds == {INT, WIDE_LONG}
    assert union(Shape(frozenset({NULL})), Shape(frozenset({MISSING}))) == ANY_SHAPE
    assert union(ints, ANY_SHAPE) == ANY_SHAPE
