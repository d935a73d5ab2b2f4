"""Values of several types that repeat: they come coded from files, and give what the same values give row by row."""

import numpy as np
import pyarrow as pa
import pytest
from bson import Decimal128, Int64
from reading import read_file

import gatherum as gm
from gatherum.kernels.columns.column import CodedColumn
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import variant_of
from gatherum.plan.protocols import Request
from gatherum.sinks.files import open_sink
from gatherum.sources.files import open_files
from gatherum.types.values import MISSING

VALUES = ["a", MISSING, None, 7, Int64(7), 7.0, {"by": "x"}, {"by": 2, "at": [1]}, {"of": None}, [1, "a"], True,
          Decimal128("7")]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    values = [VALUES[(i * i + i // 7) % 12] for i in range(12_000)]
    rows = [{"n": i} | ({} if value is MISSING else {"m": value}) for i, value in enumerate(values)]
    path = tmp_path_factory.mktemp("coded") / "x.parquet"
    with open_sink(path) as sink:
        sink.write(rows)
    return path, rows


def column():
    return CodedColumn(variant_of(VALUES), np.array([3, 0, 0, 8, 1], np.int32))


def test_the_values_are_those_of_the_codes():
    expected = [VALUES[code] for code in (3, 0, 0, 8, 1)]
    assert values_of(column()) == expected
    assert values_of(column().take(np.array([4, 1]))) == [MISSING, "a"]
    assert values_of(column().take(pa.array([3]))) == [{"of": None}]
    assert values_of(column().slice(1, 3)) == expected[1:4]
    assert values_of(column().slice(2)) == expected[2:]
    assert values_of(column().filter(pa.array([True, False, False, True, False]))) == [7, {"of": None}]
    assert (len(column()), column().is_variant, column().nullish) == (5, True, 0)


def test_files_give_codes_where_values_repeat(stored):
    path, rows = stored
    (partition,) = open_files(path).partitions(Request())
    (batch,) = partition.batches(Request())
    assert isinstance(batch.column("m"), CodedColumn)
    assert len(batch.column("m").values) < 20
    assert read_file(path) == rows
    (few,) = partition.batches(Request(limit=5))
    assert few.documents() == rows[:5]


@pytest.mark.parametrize("pipeline", [
    [{"$group": {"_id": "$m", "n": {"$sum": 1}, "first": {"$min": "$n"}}}],
    [{"$group": {"_id": {"m": "$m", "t": {"$type": "$m"}}, "n": {"$sum": "$m"}, "a": {"$avg": "$m"}}}],
    [{"$group": {"_id": {"$type": "$m"}, "all": {"$addToSet": "$m"}, "by": {"$addToSet": "$m.by"},
                 "at": {"$addToSet": "$m.at"}, "top": {"$max": "$m"}, "last": {"$last": "$m"}}}],
    [{"$match": {"m": {"$in": ["a", 7, None]}}}, {"$group": {"_id": "$m", "each": {"$push": "$m"}}}],
    [{"$match": {"m.by": {"$gte": 1}}}, {"$project": {"m": 1, "by": "$m.by"}}],
    [{"$project": {"t": {"$isNumber": "$m"}, "i": {"$ifNull": ["$m", "none"]}, "c": {"$eq": ["$m", 7]}}}],
    [{"$sort": {"m": -1, "n": 1}}, {"$limit": 300}, {"$project": {"m": 1, "n": 1}}],
    [{"$match": {"n": {"$lt": 3000}}}, {"$unwind": "$m"}, {"$group": {"_id": "$m", "n": {"$sum": "$n"}}}],
])
def test_coded_values_give_what_the_same_values_give_row_by_row(stored, pipeline):
    path, rows = stored
    columns = gm.aggregate(str(path), pipeline, engine="auto", kernels="on").to_list()
    meant = gm.aggregate(rows, pipeline, engine="rows").to_list()
    assert sorted(map(repr, columns)) == sorted(map(repr, meant))
