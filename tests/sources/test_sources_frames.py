"""Arrow objects and frames in memory, and columns of documents."""

import datetime as dt
import decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from bson import Decimal128
from hypothesis import given
from hypothesis import strategies as st
from reading import exact, read
from strategies import documents

import gatherum as gm
from gatherum.errors import LossError, SourceError
from gatherum.plan.protocols import Coverage, Request
from gatherum.sources.arrow_memory import ArrowSource
from gatherum.sources.columns import columnar
from gatherum.sources.files import open_files
from gatherum.sources.memory import MemorySource

TABLE = pa.table({"a": [1, 2], "s": ["x", None]})
ROWS = [{"a": 1, "s": "x"}, {"a": 2, "s": None}]


def batches(source, **request):
    asked = Request(**request)
    return [batch for partition in source.partitions(asked) for batch in partition.batches(asked)]


@pytest.mark.parametrize("given", [TABLE, TABLE.to_batches()[0], pl.DataFrame({"a": [1, 2], "s": ["x", None]}),
                                   pd.DataFrame({"a": [1, 2], "s": ["x", None]})], ids=lambda g: type(g).__module__)
def test_tables_and_frames_are_read_any_number_of_times(given):
    source = ArrowSource(given, "rows")
    assert read(source) == read(source.opened(Coverage())) == ROWS
    assert source.statistics().rows == 2
    assert source.schema() == {"a": "long", "s": "string"}


def test_relations_of_duckdb():
    source = ArrowSource(duckdb.sql("select range a, 'k' s from range(3)"), "rows")
    assert read(source) == read(source) == [{"a": i, "s": "k"} for i in range(3)]


class Stream:
    """An object that offers a stream of Arrow data, and nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("given", [lambda: TABLE.to_reader(), lambda: Stream(TABLE)])
def test_readers_are_read_once(given):
    source = ArrowSource(given(), "orders")
    assert source.statistics().rows is None
    assert source.schema() == {"a": "long", "s": "string"}
    assert read(source) == ROWS
    with pytest.raises(SourceError, match=r"orders: this .* was read already, and can be read only once: make a table"):
        read(source.opened(Coverage()))


def test_values_of_frames():
    frame = pl.DataFrame({"c": pl.Series(["u", "v"], dtype=pl.Categorical), "t": [dt.datetime(2020, 1, 1)] * 2,
                          "l": [[1, 2], []], "o": [{"x": 1.5}, {"x": None}], "b": [b"x", None], "i8": [1, -1]},
                         schema_overrides={"i8": pl.Int8})
    assert read(ArrowSource(frame)) == [
        {"c": "u", "t": dt.datetime(2020, 1, 1), "l": [1, 2], "o": {"x": 1.5}, "b": b"x", "i8": 1},
        {"c": "v", "t": dt.datetime(2020, 1, 1), "l": [], "o": {"x": None}, "b": None, "i8": -1}]
    coded = pd.DataFrame({"c": pd.Categorical(["u", "v"]), "n": pd.Categorical([1, 2])})
    batch, = batches(ArrowSource(coded))
    assert pa.types.is_dictionary(batch.column("c").array.type)
    assert batch.column("n").array.type == pa.int64()


@pytest.mark.parametrize("index", [[5, 6], pd.date_range("2020", periods=2),
                                   pd.MultiIndex.from_tuples([(1, 2), (3, 4)])])
def test_an_index_of_pandas_without_a_name_is_no_field(index):
    frame = pd.DataFrame({"a": [1, 2]}, index=index)
    source = ArrowSource(frame)
    assert source.schema() == {"a": "long"} == dict.fromkeys(pl.from_pandas(frame).columns, "long")
    assert read(source) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("values", [[1, 2], [1, "x"]])
def test_an_index_of_pandas_with_a_name_is_a_field_as_in_its_files(values, tmp_path):
    frame = pd.DataFrame({"c": ["u", "u", "v"], "n": [1, 2, 3]}).groupby("c").sum()
    assert read(ArrowSource(frame)) == [{"n": 3, "c": "u"}, {"n": 3, "c": "v"}]
    frame.to_parquet(tmp_path / "x.parquet")
    assert read(open_files(tmp_path / "x.parquet")) == read(ArrowSource(frame))
    two = pd.MultiIndex.from_tuples([(1, 2), (3, 4)], names=["p", None])
    assert read(ArrowSource(pd.DataFrame({"a": values}, index=two))) == [{"a": values[0], "p": 1},
                                                                        {"a": values[1], "p": 3}]
    with pytest.raises(SourceError, match="two columns of the frame are called 'a', its index included"):
        ArrowSource(pd.DataFrame({"a": values}, index=pd.Index([1, 2], name="a"))).schema()


def test_a_column_with_the_name_that_arrow_gives_an_index_is_a_field():
    frame = pd.DataFrame({"__index_level_0__": [1, 2]})
    assert read(ArrowSource(frame)) == [{"__index_level_0__": 1}, {"__index_level_0__": 2}]
    table = pa.Table.from_pandas(pd.DataFrame({"a": [1]}, index=[5]))
    assert read(ArrowSource(table)) == [{"a": 1, "__index_level_0__": 5}]


def test_a_loss_names_the_column():
    with pytest.raises(LossError, match=r"orders\[0:1\]: .*'u'"):
        read(ArrowSource(pa.table({"u": pa.array([2**63], pa.uint64())}), "orders"))


def test_numbers_are_not_copied():
    values = np.arange(300_000)
    table = pa.table({"a": pa.array(values)})
    first, second = batches(ArrowSource(table))
    assert (first.rows, second.rows) == (262_144, 37_856)
    start = table.column("a").chunk(0).buffers()[1].address
    assert {batch.column("a").array.buffers()[1].address for batch in (first, second)} == {start}


def test_a_large_table_is_several_partitions():
    source = ArrowSource(pa.table({"a": range(600_000)}), "rows")
    found = source.partitions(Request())
    assert [p.rows for p in found] == [262_144, 262_144, 75_712]
    assert [p.name for p in found] == ["rows[0:262144]", "rows[262144:524288]", "rows[524288:600000]"]
    assert sum(p.size_bytes for p in found) <= 600_000 * 8
    assert [row["a"] for row in read(source)] == list(range(600_000))


def test_small_chunks_are_joined():
    table = pa.concat_tables([pa.table({"a": [i], "s": pa.array([str(i % 3)]).dictionary_encode()})
                              for i in range(1000)])
    batch, = batches(ArrowSource(table))
    assert batch.rows == 1000
    assert [row["s"] for row in batch.documents()] == [str(i % 3) for i in range(1000)]


def test_only_needed_columns_and_rows():
    source = ArrowSource(TABLE)
    assert read(source, fields=(("s",),)) == [{"s": "x"}, {"s": None}]
    assert read(source, fields=()) == [{}, {}]
    assert read(source, limit=1) == ROWS[:1]
    assert [batch.names for batch in batches(source, fields=(("s", "x"),))] == [("s",)]


def test_coverage():
    coverage = Coverage()
    read(ArrowSource(TABLE, "rows").opened(coverage))
    assert (coverage.sources, coverage.rows) == (["rows"], 2)


@pytest.mark.parametrize("given", [pl.Series([1, 2]), pa.array([1, 2]),
                                   pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])])
def test_what_is_no_table_is_refused(given):
    with pytest.raises(SourceError, match="rows"):
        ArrowSource(given, "rows")


# Columns of documents

@given(st.lists(documents, max_size=6), st.one_of(st.none(), st.frozensets(st.sampled_from("abc"))))
def test_documents_become_columns_and_come_back(rows, names):
    fields = None if names is None else tuple((name,) for name in sorted(names))
    found = [row for batch in batches(columnar(MemorySource(rows)), fields=fields) for row in batch.documents()]
    assert exact(found) == exact([{name: value for name, value in row.items() if names is None or name in names}
                                  for row in rows])


def test_batches_of_documents_are_numbered():
    source = columnar(MemorySource([{"a": i} for i in range(40_000)]))
    found = batches(source)
    assert [batch.rows for batch in found] == [16_384, 16_384, 7_232]
    assert [batch.ordinal for batch in found] == [0, 1 << 32, 2 << 32]


def test_columnar_sources_stay_as_they_are(tmp_path):
    source = ArrowSource(TABLE)
    assert columnar(source) is source
    wrapped = columnar(MemorySource(ROWS, "rows"))
    assert wrapped.columnar
    assert wrapped.name == "rows"
    assert wrapped.accepts == {"fields", "limit"}
    assert wrapped.statistics().rows == 2
    assert read(wrapped) == ROWS


@pytest.mark.parametrize("values", [
    [1, "x", None, 2.5, True, dt.datetime(2020, 1, 1), {"b": 1}, [1, "y"]], [1, 2.5, None], [True, 2.5, "x"]], ids=str)
@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_objects_of_several_types_in_a_pandas_frame_are_kept(values, engine):
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object), "n": range(len(values))})
    frame.index = [7] * len(values)
    found = gm.aggregate(frame, [{"$match": {"n": {"$gte": 0}}}], engine=engine).to_list()
    assert [repr(row["a"]) for row in found] == [repr(value) for value in values]


@pytest.mark.parametrize("values", [
    [1.0, True, 2], [b"x", "x"], [{"x": 1}, {"y": 2}], [{}, {"x": 1}], [{"x": 1, "y": 2}, {"y": 1, "x": 2}],
    [{"x": 1.0}, {"x": True}], [[1.0, True], [2]], [[1, 2.5]], [{"x": [{"y": 1}, None]}, None]], ids=str)
@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_objects_in_frames_keep_their_types_fields_and_order(values, engine):
    for frame in (pd.DataFrame({"a": pd.Series(values, dtype=object)}),
                  pl.DataFrame({"a": pl.Series(values, dtype=pl.Object), "n": range(len(values))})):
        found = gm.aggregate(frame, [{"$project": {"a": 1}}], engine=engine).to_list()
        assert [repr(row["a"]) for row in found] == [repr(value) for value in values]


@pytest.mark.parametrize(("values", "expected"), [
    ([dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, 5)], [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 5)]),
    ([decimal.Decimal("1.10"), 1], [Decimal128("1.10"), 1]),
    ([decimal.Decimal("1.10"), decimal.Decimal("2.2")], [Decimal128("1.10"), Decimal128("2.2")]),
    ([np.array([1, 2]), [3]], [[1, 2], [3]]),
    ([np.array([1, 2]), np.array([3])], [[1, 2], [3]]),
    ([np.array(["2020-01-01"], "M8[ns]"), 1], [[dt.datetime(2020, 1, 1)], 1]),
    ([np.datetime64("2020-01-01", "ns"), "x"], [dt.datetime(2020, 1, 1), "x"]),
    ([pd.Timestamp("2020-01-01 01:00", tz="Europe/Berlin"), dt.datetime(2020, 1, 1)], [dt.datetime(2020, 1, 1)] * 2),
    ([pd.NaT, "x"], [None, "x"])], ids=str)
def test_objects_in_a_pandas_frame_are_brought_to_bson_one_by_one(values, expected):
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    assert [row["a"] for row in gm.aggregate(frame, [])] == expected


def test_what_is_written_as_a_frame_comes_back():
    documents = [{"a": 1.0}, {"a": True}, {"a": {"x": 1}}, {"a": {"y": 2}}]
    for made in (gm.aggregate(documents, []).to_pandas(), gm.aggregate(documents, []).to_polars()):
        assert repr(gm.aggregate(made, []).to_list()) == repr(documents)


def test_objects_of_one_type_become_a_typed_column():
    frame = pd.DataFrame({"s": pd.Series(["x", None], dtype=object), "t": pd.Series([dt.datetime(2020, 1, 1), None]),
                          "d": pd.Series([decimal.Decimal("1.5"), None]), "v": [np.array([0.5]), np.array([1.5])]})
    kinds = [str(field.type) for field in gm.aggregate(frame, []).to_arrow().schema]
    assert kinds[2].startswith("decimal128")
    assert not any("variant" in kind for kind in kinds)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(SourceError, match="two columns of the frame are called 'a'"):
        gm.aggregate(pd.DataFrame([[1, 2]], columns=["a", "a"]), [])


def test_an_object_that_bson_has_no_type_for_is_named():
    with pytest.raises(SourceError, match="column 'a', row 1: BSON has no type for set"):
        gm.aggregate(pd.DataFrame({"a": [1, {2, 3}]}), [])


@pytest.mark.parametrize("pipeline", [
    [], [{"$group": {"_id": "$category", "price": {"$sum": "$price"}, "any": {"$max": "$price"}}}],
    [{"$project": {"price": {"$add": ["$price", 1]}, "category": 1}}], [{"$project": {"nested": 1}}]])
def test_the_types_of_a_result_do_not_depend_on_the_size_of_the_frame(pipeline):
    schemas = []
    for rows in (3, 20_000):
        prices = pa.array([decimal.Decimal("1.50")] * rows, pa.decimal128(10, 2))
        table = pa.table({"price": prices, "category": pa.array(["a"] * rows).dictionary_encode(),
                          "nested": pa.StructArray.from_arrays([prices], ["price"])})
        schemas.append(gm.aggregate(table, pipeline).to_arrow().schema)
    assert schemas[0] == schemas[1]
