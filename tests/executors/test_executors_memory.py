"""What a query has read is let go as it goes on, without waiting for the garbage collector."""

import gc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gatherum as gm

ROWS = 100_000
GROUP = {"$group": {"_id": "$key", "rows": {"$sum": 1}, "sum": {"$sum": "$value"}, "mean": {"$avg": "$whole"},
                    "spread": {"$stdDevPop": "$value"}, "most": {"$max": "$value"}, "any": {"$addToSet": "$text"}}}
PIPELINES = {
    "group": [GROUP],
    "filter": [{"$match": {"value": {"$gte": 1}}}, GROUP],
    "compute": [{"$set": {"value": {"$multiply": ["$value", 2]}}}, GROUP],
    "sort": [{"$sort": {"value": -1}}, {"$limit": 3}],
    "facet": [{"$facet": {"a": [GROUP, {"$limit": 1}], "b": [{"$count": "n"}]}}],
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("memory") / "rows.parquet"
    rows = range(ROWS)
    pq.write_table(pa.table({"key": pa.array([i % 100 for i in rows], pa.int32()),
                             "value": pa.array([i / 8 for i in rows]), "whole": pa.array(rows, pa.int64()),
                             "text": pa.array([str(i % 7) for i in rows])}), path, row_group_size=ROWS // 8)
    return path


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", PIPELINES)
def test_batches_are_let_go_without_the_garbage_collector(file, name, threads):
    def run():
        assert gm.aggregate(file, PIPELINES[name], engine="columnar", threads=threads, kernels="on").to_list()

    run()
    gc.collect()
    gc.disable()
    try:
        before = pa.total_allocated_bytes()
        run()
        kept = pa.total_allocated_bytes() - before
    finally:
        gc.enable()
    assert kept < 8 * ROWS // 10                             # a tenth of one column
