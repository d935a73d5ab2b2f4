"""Arrow types of which BSON cannot hold all values, and those that are the same values in another form."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import Regex

import gatherum as gm
from gatherum.errors import GatherumError, LossError, SourceError
from gatherum.kernels.evaluate import NoKernelError
from gatherum.sources.arrow_memory import ArrowSource

COLUMNS = {
    "seconds": pa.array([1, None], pa.timestamp("s")), "seconds far away": pa.array([2**60, 1], pa.timestamp("s")),
    "whole milliseconds": pa.array([1000, 2000], pa.timestamp("us")),
    "microseconds": pa.array([1000, 2001], pa.timestamp("us")),
    "nanoseconds": pa.array([1001, None], pa.timestamp("ns", "UTC")), "small uint64": pa.array([1, 2], pa.uint64()),
    "large uint64": pa.array([1, 2**63], pa.uint64()), "time": pa.array([1, 2], pa.time64("us")),
    "duration": pa.array([None, 2], pa.duration("s")),
    "interval": pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    "list views": pa.array([[1, 2], None], pa.list_view(pa.int64())),
    "large list views": pa.array([[{"a": 1}], []], pa.large_list_view(pa.struct([("a", pa.int8())]))),
    "runs": pa.RunEndEncodedArray.from_arrays([1, 2], ["a", None]),
    "runs of microseconds": pa.RunEndEncodedArray.from_arrays([2], pa.array([1001], pa.timestamp("us"))),
    "short decimals": pa.array([decimal.Decimal("1.5"), None], pa.decimal32(5, 1)),
    "long decimals": pa.array([decimal.Decimal("1" * 36), None], pa.decimal128(38)),
    "microseconds in documents": pa.array([{"t": 1001}, None], pa.struct([("t", pa.timestamp("us"))])),
    "uint64 in arrays": pa.array([[2**63], []], pa.list_(pa.uint64())),
    "union": pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]),
}
PIPELINES = [
    [], [{"$count": "n"}], [{"$project": {"k": 1}}], [{"$match": {"x": {"$ne": None}}}, {"$count": "n"}],
    [{"$group": {"_id": "$x"}}, {"$count": "n"}], [{"$group": {"_id": None, "found": {"$push": "$x"}}}],
    [{"$sort": {"x": 1}}, {"$project": {"k": 1}}], [{"$project": {"y": {"$ifNull": ["$x", 0]}}}],
    [{"$unwind": "$x"}, {"$count": "n"}], [{"$group": {"_id": None, "all": {"$push": "$$ROOT"}}}],
]


def outcome(table, pipeline, engine):
    try:
        return repr(gm.aggregate(table, pipeline, engine=engine).to_list())
    except NoKernelError:
        pytest.skip("the columnar engine has no kernel for it")
    except GatherumError as error:
        return error.message


@pytest.mark.parametrize("pipeline", PIPELINES, ids=str)
@pytest.mark.parametrize("kind", COLUMNS)
def test_both_engines_give_the_same_rows_or_the_same_error(kind, pipeline):
    table = pa.table({"k": [1, 2], "x": COLUMNS[kind]})
    assert outcome(table, pipeline, "rows") == outcome(table, pipeline, "columnar")


@pytest.mark.parametrize(("kind", "says"), [
    ("microseconds", r"'x' is timestamp\[us\] and holds 1970-01-01 00:00:00.002001, .*whole milliseconds: .*dt.floor"),
    ("seconds far away", "'x' .*1152921504606846976 seconds since 1970, which is beyond the range"),
    ("large uint64", "'x' is uint64 and holds 9223372036854775808, .*cast it to decimal128 or double"),
    ("microseconds in documents", r"'x\.t'"), ("duration", r"'x' is duration\[s\], and no BSON type .*cast it"),
    ("long decimals", r"'x' is decimal128\(38, 0\) and holds 1{36}, .*34 digits")])
@pytest.mark.parametrize("engine", ["auto", "rows", "columnar"])
def test_what_is_computed_with_must_be_bson(kind, says, engine):
    table = pa.table({"k": [1, 2], "x": COLUMNS[kind]})
    with pytest.raises(LossError, match=r"source\[0:2\]: column " + says):
        gm.aggregate(table, [{"$group": {"_id": "$x"}}], engine=engine).to_list()


@pytest.mark.parametrize("kind", ["microseconds", "large uint64", "duration", "uint64 in arrays"])
def test_what_is_only_passed_on_keeps_its_type_however_few_rows_there_are(kind):
    table = pa.table({"k": [1, 2], "x": COLUMNS[kind]})
    result = gm.aggregate(table, [{"$match": {"k": {"$gt": 0}}}])
    assert result.stats["why"] == "source has values that no document can hold"
    assert result.to_arrow().column("x").to_pylist() == COLUMNS[kind].to_pylist()


def test_small_tables_of_bsons_values_need_no_columns():
    table = pa.table({"k": [1, 2], "x": COLUMNS["whole milliseconds"], "y": COLUMNS["large uint64"]})
    assert gm.aggregate(table, [{"$project": {"x": 1}}]).stats["engine"] == "rows"


def test_frames_with_microseconds():
    frame = pl.DataFrame({"k": [1, 2], "t": [dt.datetime(2020, 1, 1, 0, 0, 0, 1), dt.datetime(2020, 1, 1)]})
    assert gm.aggregate(frame, [{"$match": {"k": 1}}]).to_polars().equals(frame[:1])
    assert gm.aggregate(frame, [{"$group": {"_id": None, "n": {"$sum": "$k"}}}]).to_list() == [{"_id": None, "n": 3}]
    with pytest.raises(LossError, match=r"'t' is timestamp\[us\] and holds 2020-01-01 00:00:00.000001"):
        gm.aggregate(frame, [{"$group": {"_id": {"$year": "$t"}}}]).to_list()
    rounded = pd.DataFrame({"t": pd.to_datetime(["2020-01-01T00:00:00.123456789"]).floor("ms")})
    assert gm.aggregate(rounded, []).to_list() == [{"t": dt.datetime(2020, 1, 1, 0, 0, 0, 123000)}]


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_files_are_checked_alike(tmp_path, engine):
    pq.write_table(pa.table({"k": [1, 2], "x": COLUMNS["large uint64"]}), tmp_path / "x.parquet")
    with pytest.raises(LossError, match=r"x\.parquet\[row group 0\]: column 'x'"):
        gm.aggregate(str(tmp_path / "x.parquet"), [{"$group": {"_id": "$x"}}], engine=engine).to_list()


def test_list_views_may_lie_in_any_order_and_share_items():
    views = pa.ListViewArray.from_arrays(pa.array([4, 0, 0, 1], pa.int32()), pa.array([2, 3, 0, 2], pa.int32()),
                                         pa.array(range(6)), mask=pa.array([False, False, True, False]))
    found = gm.aggregate(pa.table({"x": views}).slice(1), []).to_list()
    assert [row["x"] for row in found] == [[0, 1, 2], None, [1, 2]]


@pytest.mark.parametrize(("kind", "alias"), [("list views", "array"), ("runs", "string"),
                                             ("short decimals", "decimal")])
def test_the_schema_names_the_type_of_the_values(kind, alias):
    assert ArrowSource(pa.table({"x": COLUMNS[kind]})).schema() == {"x": alias}


NUMBERS = {
    "uint64": pa.array([1, 2**62, None], pa.uint64()),
    "uint64 in documents": pa.array([{"n": 1}, {"n": 2**62}, None], pa.struct([("n", pa.uint64())])),
    "uint64 words": pa.array([1, 2, 1], pa.uint64()).dictionary_encode(),
    "short decimals": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal(3)], pa.decimal32(5, 1)),
    "decimals": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal(3)], pa.decimal128(20, 2)),
    "decimal words": pa.array([decimal.Decimal("1.5"), None], pa.decimal256(20, 2)).dictionary_encode().take([0, 1, 0]),
    "halves": pa.array([1.5, None, 2.5], pa.float16()), "bytes": pa.array([1, 200, None], pa.uint8()),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_kernels_compute_with_numbers_of_all_types(kind):
    path = "$x.n" if "documents" in kind else "$x"
    table = pa.table({"k": ["a", "b", "a"], "x": NUMBERS[kind]})
    names = ("$sum", "$avg", "$min", "$max", "$stdDevPop", "$stdDevSamp", "$first", "$addToSet", "$push")
    pipeline = [{"$group": {"_id": "$k", **{name[1:]: {name: path} for name in names}}},
                {"$unionWith": {"coll": "t", "pipeline": [{"$project": {"y": {"$add": [path, 1]}}}]}}]
    database = gm.connect({"t": table})
    expected = database["t"].aggregate(pipeline, engine="rows").to_list()
    for kernels in ("on", "off"):
        found = database["t"].aggregate(pipeline, rows_engine_limit=0, kernels=kernels).to_list()
        assert repr(found) == repr(expected)


@pytest.mark.parametrize("pipeline", [
    [{"$match": {"$expr": "$x"}}], [{"$project": {"y": {"$cond": ["$x", 1, 2]}, "z": {"$ifNull": ["$s.x", "none"]}}}],
    [{"$sort": {"x": 1, "k": 1}}], [{"$group": {"_id": {"$ifNull": ["$x", "none"]}, "n": {"$sum": 1}}}],
    [{"$unwind": "$l"}, {"$sortByCount": "$l"}]], ids=str)
def test_words_of_a_dictionary_may_be_null(pipeline):
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 1], pa.int32()), pa.array(["a", None, "b"]))
    lists = pa.LargeListArray.from_arrays(pa.array([0, 1, 2, 2, 4, 5]), words)
    table = pa.table({"k": range(5), "x": words, "s": pa.StructArray.from_arrays([words], names=["x"]), "l": lists})
    expected = gm.aggregate(table, pipeline, engine="rows").to_list()
    assert gm.aggregate(table, pipeline, rows_engine_limit=0, morsel_rows=2).to_list() == expected


def test_dictionaries_inside_maps_and_lists_of_one_length_are_read():
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int32()), pa.array(["a", None, "b"]))
    maps = pa.MapArray.from_arrays(pa.array([0, 2, 4], pa.int32()), pa.array(["p", "q", "p", "q"]), words)
    table = pa.table({"m": maps, "f": pa.FixedSizeListArray.from_arrays(words, 2)})
    for engine in ("rows", "columnar"):
        assert gm.aggregate(table, [], engine=engine).to_list() == [
            {"m": [{"k": "p", "v": "a"}, {"k": "q", "v": None}], "f": ["a", None]},
            {"m": [{"k": "p", "v": "b"}, {"k": "q", "v": None}], "f": ["b", None]}]


@pytest.mark.parametrize("pipeline", [
    [], [{"$group": {"_id": "$a"}}], [{"$project": {"b": {"$toUpper": "$a"}}}]], ids=str)
@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_strings_that_are_not_utf_8_are_an_error(pipeline, engine):
    offsets, data = pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b"\xff\xfe")
    table = pa.table({"a": pa.Array.from_buffers(pa.string(), 1, [None, offsets, data])})
    with pytest.raises(SourceError, match="not valid UTF-8"):
        gm.aggregate(table, pipeline, engine=engine).to_list()


@pytest.mark.parametrize("value", [{"a\0b": 1}, {"x": "\ud800"}, Regex("a\0")], ids=ascii)
def test_what_only_python_holds_is_refused_where_columns_mix_it_with_others(value):
    rows = [{"a": value}, {"a": 1}]
    assert gm.aggregate(rows, [], engine="rows").to_list() == rows
    with pytest.raises(LossError, match="the rows engine can"):
        gm.aggregate(rows, [], engine="columnar").to_list()
    with pytest.raises(LossError, match="the rows engine can"):
        gm.aggregate(rows, []).to_arrow()
