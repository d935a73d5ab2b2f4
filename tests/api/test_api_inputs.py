"""Inputs in memory, as queries take them."""

import datetime as dt

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import gatherum as gm
from gatherum.errors import SourceError

ROWS = [{"a": 1, "s": "x"}, {"a": 2, "s": None}, {"a": 3, "s": "y"}]
TABLE = pa.Table.from_pylist(ROWS)
ENGINES = pytest.mark.parametrize("engine", ["rows", "columnar", "auto"])


class Stream:
    """An object that offers a stream of Arrow data, and nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@ENGINES
@pytest.mark.parametrize("make", [lambda: TABLE, lambda: TABLE.to_batches()[0], TABLE.to_reader, lambda: Stream(TABLE),
                                  lambda: pl.DataFrame(ROWS), lambda: list(ROWS), lambda: iter(ROWS),
                                  lambda: (row for row in ROWS), lambda: gm.aggregate(ROWS, [])])
def test_everything_gives_the_same_rows(make, engine):
    assert gm.aggregate(make(), [], engine=engine, kernels="off").to_list() == ROWS
    grouped = gm.aggregate(make(), [{"$match": {"a": {"$gt": 1}}}, {"$group": {"_id": "$s", "n": {"$sum": "$a"}}},
                                    {"$sort": {"n": 1}}], engine=engine, kernels="off")
    assert grouped.to_list() == [{"_id": None, "n": 2}, {"_id": "y", "n": 3}]


@ENGINES
def test_relations_of_duckdb(engine):
    db = gm.connect({"made": duckdb.sql("select range a, range % 2 = 0 as even from range(4)")}, engine=engine)
    for _ in range(2):
        assert db.made.find({"even": True}).to_list() == [{"a": 0, "even": True}, {"a": 2, "even": True}]


@ENGINES
def test_values_of_pandas(engine):
    frame = pd.DataFrame({"when": pd.to_datetime(["2024-05-06", None]), "n": pd.array([2**62, None], "Int64"),
                          "x": [float("nan"), 1.5], "c": pd.Categorical(["u", "v"])})
    first, second = gm.aggregate(frame, [], engine=engine, kernels="off")
    assert first["when"] == dt.datetime(2024, 5, 6)
    assert (first["n"], first["c"], second) == (2**62, "u", {"when": None, "n": None, "x": 1.5, "c": "v"})


def test_frames_and_lists_are_read_again_by_every_query():
    for given in (TABLE, pl.DataFrame(ROWS), pd.DataFrame({"a": [1]}), list(ROWS)):
        rows = gm.connect({"rows": given}).rows
        assert rows.find().to_list() == rows.find().to_list()


def test_a_list_is_read_as_it_is_when_the_query_runs():
    given = []
    rows = gm.connect({"rows": given}).rows
    given.append({"a": 1})
    assert rows.find().to_list() == [{"a": 1}]


@pytest.mark.parametrize("make", [lambda: iter(ROWS), TABLE.to_reader])
def test_what_can_be_read_once_says_so_the_second_time(make):
    rows = gm.connect({"orders": make()}).orders
    assert rows.find().to_list() == ROWS
    with pytest.raises(SourceError, match=r"orders: this .* was read already, and can be read only once: make a"):
        rows.find().to_list()


@ENGINES
def test_what_is_no_document_is_refused_or_skipped_and_shown_in_the_coverage(engine):
    for given in ([{"a": 1}, 5, {"a": 2}], iter([{"a": 1}, 5, {"a": 2}])):
        rows = gm.connect({"orders": given}, engine=engine, kernels="off").orders
        result = rows.aggregate([], on_bad="skip")
        assert result.to_list() == [{"a": 1}, {"a": 2}]
        assert result.coverage == {
            "sources": ["orders"], "rows": 2, "bytes": 0, "skipped_count": 1,
            "skipped": [{"file": "orders", "offset": 1, "place": "[1]",
                         "reason": "a document (a dict) was expected, not int"}]}
    with pytest.raises(SourceError, match=r"source\[1\]: a document \(a dict\) was expected, not int"):
        gm.aggregate(iter([{"a": 1}, 5]), [], engine=engine, kernels="off").to_list()


@pytest.mark.parametrize(("given", "said"), [
    (5, "int is neither a path, nor an Arrow object or frame, nor an iterable"), (b"x", "bytes is neither"),
    ({"a": 1}, "a single dict is not a collection"), (pl.Series([1]), "Series cannot be read as columns"),
    ("nowhere/*.ndjson", "nowhere"), (None, "NoneType is neither")])
def test_what_is_no_collection_is_refused(given, said):
    with pytest.raises(SourceError, match=said):
        gm.aggregate(given, [])
