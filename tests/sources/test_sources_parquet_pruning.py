"""Row groups are passed over where no row of theirs can match a filter, and only there."""

import datetime as dt
import decimal
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import Decimal128, Int64
from hypothesis import given
from hypothesis import strategies as st
from reading import exact, read

from gatherum.frontends.mongo.query import parse_query
from gatherum.plan.protocols import Request
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.sinks.files import open_sink
from gatherum.sources.columnar import parquet
from gatherum.sources.files import open_files


def stored(path, columns, **options):
    pq.write_table(pa.table(columns), path, **options)
    return open_files(path)


@pytest.fixture
def one_partition_each(monkeypatch):
    monkeypatch.setattr(parquet, "PARTITION_ROWS", 1)


def groups_read(source, query):
    return [p.name.rpartition("[row group ")[2].rstrip("]") for p in
            source.partitions(Request(filter=parse_query(query)))]


@pytest.mark.parametrize(("query", "groups"), [
    ({"a": 5}, ["0"]), ({"a": 5.0}, ["0"]), ({"a": Int64(15)}, ["1"]), ({"a": Decimal128("25")}, ["2"]),
    ({"a": {"$gt": 19}}, ["2"]), ({"a": {"$gte": 19}}, ["1", "2"]), ({"a": {"$lt": 10}}, ["0"]),
    ({"a": {"$lte": 10}}, ["0", "1"]), ({"a": {"$in": [1, 25]}}, ["0", "2"]), ({"a": "x"}, []), ({"a": None}, []),
    ({"a": {"$gt": "x"}}, []), ({"a": True}, []), ({"a": {"$gt": 5, "$lt": 15}}, ["0", "1"]),
    ({"$or": [{"a": 1}, {"a": 21}]}, ["0", "2"]), ({"$nor": [{"a": 1}]}, ["0", "1", "2"]),
    ({"a": {"$ne": 1}}, ["0", "1", "2"]), ({"a": {"$exists": True}}, ["0", "1", "2"]), ({"zz": 1}, []),
    ({"zz": None}, ["0", "1", "2"]), ({"zz": {"$exists": False}}, ["0", "1", "2"]), ({"zz": {"$exists": True}}, []),
    ({"a.b": 1}, []), ({"a": {"$gte": float("nan")}}, ["0", "1", "2"]), ({"o.x": 25}, ["2"]), ({"l": 25}, ["2"]),
    ({"r.x": 25}, ["2"]), ({"r.0.x": 25}, ["0", "1", "2"]), ({"l": [25]}, ["0", "1", "2"]),
    ({"s": "k05"}, ["0"]), ({"s": {"$gte": "k2"}}, ["2"]), ({"t": dt.datetime(1970, 1, 1, 0, 0, 15)}, ["1"]),
    ({"$expr": {"$gt": ["$a", 19]}}, ["2"]), ({"$expr": {"$gt": [10, "$a"]}}, ["0"]),
    ({"$expr": {"$eq": ["$a", 15]}}, ["1"]),
    ({"$expr": {"$lt": ["$a", "x"]}}, ["0", "1", "2"]), ({"$expr": {"$gt": ["$a", "x"]}}, []),
    ({"$expr": {"$lt": ["$zz", 5]}}, ["0", "1", "2"]), ({"$expr": {"$lt": ["$f", -1]}}, ["0", "1", "2"]),
    ({"f": {"$lt": 5}}, ["0"]), ({"$expr": {"$gt": ["$l", 99]}}, ["0", "1", "2"])])
def test_row_groups_that_cannot_match_are_passed_over(tmp_path, one_partition_each, query, groups):
    source = stored(tmp_path / "x.parquet", {
        "a": range(30), "o": [{"x": i} for i in range(30)], "l": [[i] for i in range(30)],
        "r": [[{"x": i}] for i in range(30)], "s": [f"k{i:02}" for i in range(30)], "f": [float(i) for i in range(30)],
        "t": pa.array([i * 1_000_000 for i in range(30)], pa.timestamp("us"))}, row_group_size=10)
    assert groups_read(source, query) == groups


scalars = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf, -math.inf]),
                    st.sampled_from(["", "a", "ab", "é", "\U0001f600", "\uffff"]), st.booleans(),
                    st.sampled_from([dt.datetime(1970, 1, 1), dt.datetime(2020, 1, 1)]), st.just(Int64(2**40)),
                    st.sampled_from([Decimal128("1.5"), Decimal128("NaN")]))
leaf_types = st.sampled_from([pa.int32(), pa.int64(), pa.uint8(), pa.float64(), pa.float32(), pa.string(), pa.bool_(),
                              pa.timestamp("ms"), pa.timestamp("us"), pa.date32(), pa.decimal128(5, 2)])


def _values(kind):
    if pa.types.is_floating(kind):
        return st.sampled_from([0.0, -0.0, 1.5, math.nan, math.inf, -math.inf])
    if pa.types.is_integer(kind):
        return st.integers(0, 4)
    if pa.types.is_string(kind):
        return st.sampled_from(["", "a", "ab", "é", "\U0001f600", "\uffff"])
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_decimal(kind):
        return st.sampled_from([decimal.Decimal("1.5"), decimal.Decimal("-2")])
    return st.sampled_from([dt.datetime(1970, 1, 1), dt.datetime(2020, 1, 1)])


@st.composite
def tables(draw):
    kind = draw(leaf_types)
    wrap = draw(st.sampled_from(["plain", "struct", "list", "list of structs"]))
    value = st.one_of(st.none(), _values(kind))
    item = st.one_of(st.none(), st.fixed_dictionaries({"x": value}))
    inner = pa.struct([("x", kind)])
    strategy, wrapped = {
        "plain": (value, kind), "struct": (item, inner),
        "list": (st.one_of(st.none(), st.lists(value, max_size=2)), pa.list_(kind)),
        "list of structs": (st.one_of(st.none(), st.lists(item, max_size=2)), pa.list_(inner))}[wrap]
    return pa.array(draw(st.lists(strategy, min_size=1, max_size=6)), wrapped)


comparisons = st.sampled_from(["$eq", "$gt", "$gte", "$lt", "$lte", "$ne"])
arguments = st.one_of(scalars, st.lists(scalars, max_size=2))
queries = st.one_of(
    st.builds(lambda path, op, value: {path: {op: value}}, st.sampled_from(["a", "a.x", "b", "a.0"]), comparisons,
              arguments),
    st.builds(lambda path, values, op: {path: {op: values}}, st.sampled_from(["a", "a.x"]),
              st.lists(scalars, max_size=3), st.sampled_from(["$in", "$nin"])),
    st.builds(lambda path, there: {path: {"$exists": there}}, st.sampled_from(["a", "a.x", "b"]), st.booleans()),
    st.builds(lambda path, op, value: {"$expr": {op: [path, {"$literal": value}]}},
              st.sampled_from(["$a", "$a.x", "$b"]), comparisons, arguments),
    st.builds(lambda path, op, value: {"$expr": {op: [{"$literal": value}, path]}},
              st.sampled_from(["$a", "$a.x", "$b"]), comparisons, arguments))


@given(tables(), queries)
def test_no_row_that_matches_is_passed_over(tmp_path_factory, column, query):
    path = tmp_path_factory.mktemp("pruned") / "x.parquet"
    source = stored(path, {"a": column}, row_group_size=2)
    predicate = parse_query(query)
    scope = Scope()
    matches = compile_expression(predicate, scope)
    kept = lambda rows: exact([row for row in rows if matches(row, scope.frame())])  # noqa: E731
    assert kept(read(source, filter=predicate)) == kept(read(source))


@given(st.lists(st.one_of(st.none(), scalars), min_size=1, max_size=6), queries)
def test_no_row_of_a_file_of_ours_is_passed_over(tmp_path_factory, values, query):
    path = tmp_path_factory.mktemp("pruned") / "x.parquet"
    with open_sink(path) as sink:
        sink.write([{"a": value} if value is not None else {} for value in values])
    predicate = parse_query(query)
    scope = Scope()
    matches = compile_expression(predicate, scope)
    source = open_files(path)
    kept = lambda rows: exact([row for row in rows if matches(row, scope.frame())])  # noqa: E731
    assert kept(read(source, filter=predicate)) == kept(read(source))
