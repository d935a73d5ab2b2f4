"""Sorts with a limit read only the row groups that may hold one of the first rows, and give the same rows."""

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gatherum as gm
from gatherum.errors import GatherumError
from gatherum.executors.top_k import TopK
from gatherum.kernels.pruning import Values
from gatherum.plan.nodes import Shared, Sort, SortKey
from gatherum.sources.columnar import parquet
from gatherum.types.order import order_key

GROUP = 50


@pytest.fixture(autouse=True)
def _partitions_of_one_row_group(monkeypatch):
    monkeypatch.setattr(parquet, "PARTITION_ROWS", GROUP)


def ask(path, pipeline, threads=1, engine="columnar"):
    result = gm.aggregate(str(path), pipeline, engine=engine, threads=threads)
    return result.to_list(), result.coverage["rows"]


def write(path, values, kind=None):
    rows = range(len(values))
    table = pa.table({"i": rows, "x": pa.array(values, kind), "s": [f"{i % 5}" for i in rows]})
    pq.write_table(table, path, row_group_size=GROUP)
    return path


ascending, falling = [i // 3 for i in range(500)], [1.0 - i // 3 for i in range(500)]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("values", [
    ascending, falling, [None, *ascending], [*ascending, None], [float("nan"), *falling], [7] * 500, [None] * 500,
    [f"{v:05}" for v in ascending], [*[None] * 60, *ascending], [{"a": v} for v in ascending]])
def test_the_rows_are_those_of_the_other_engine(tmp_path, values, direction, threads):
    path = write(tmp_path / "x.parquet", values)
    for first in ([], [{"$match": {"s": "3"}}]):
        pipeline = [*first, {"$sort": {"x": direction}}, {"$limit": 12}]
        found, expected = (ask(path, pipeline, threads, engine)[0] for engine in ("columnar", "rows"))
        assert [row["i"] for row in found] == [row["i"] for row in expected]
        assert all(a["x"] == b["x"] or (isinstance(a["x"], float) and math.isnan(a["x"]))
                   for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(("values", "direction", "limit", "read"), [
    (ascending, 1, 10, 50), (ascending, -1, 10, 50), ([-v for v in ascending], 1, 60, 100), (falling, -1, 10, 50),
    ([None, *ascending], 1, 1, 50), ([*[None] * 50, *ascending], -1, 10, 50), ([7] * 500, 1, 10, 500)])
def test_row_groups_that_come_too_late_are_not_read(tmp_path, values, direction, limit, read):
    path = write(tmp_path / "x.parquet", values)
    assert ask(path, [{"$sort": {"x": direction}}, {"$limit": limit}])[1] == read


def test_filters_count_for_what_they_leave(tmp_path):
    path = write(tmp_path / "x.parquet", ascending)
    assert ask(path, [{"$match": {"s": "3"}}, {"$sort": {"x": 1}}, {"$limit": 15}])[1] == 2 * GROUP


def test_errors_are_not_left_unread(tmp_path):
    path = write(tmp_path / "x.parquet", ascending)
    above = {"$gt": [{"$divide": [1, {"$subtract": ["$i", 499]}]}, -9]}
    with pytest.raises(GatherumError, match="divide"):
        ask(path, [{"$match": {"$expr": above}}, {"$sort": {"x": 1}}, {"$limit": 3}])


def test_arrays_may_hold_any_key():
    class Partition:
        values = (lambda path: Values(10, order_key(1), order_key(1), nullish=False, inside_arrays=True),)

    top = TopK(Sort(Shared(), (SortKey(("x",), True),), 1))
    top.bound = order_key(5)
    assert top.needs([Partition()])
    Partition.values = (lambda path: Values(10, order_key(1), order_key(1), nullish=False),)
    assert not top.needs([Partition()])


def test_several_keys_are_told_by_the_first(tmp_path):
    path = write(tmp_path / "x.parquet", ascending)
    found, read = ask(path, [{"$sort": {"x": -1, "i": -1}}, {"$limit": 2}])
    assert [row["i"] for row in found] == [499, 498]
    assert read == GROUP
