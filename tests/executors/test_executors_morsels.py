"""Morsels: as many rows at once as the operators, the memory and the state of the kernels allow."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from running import query_context

from gatherum.errors import OperatorError
from gatherum.executors.chains import Chains
from gatherum.executors.local import LocalExecutor
from gatherum.executors.morsels import COMPUTED_ROWS, FEWEST_ROWS, INTERPRETED_ROWS, Morsels
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.kernels.columns.batch import MAX_ROWS, Batch
from gatherum.kernels.columns.column import Column
from gatherum.physical.lower import lower
from gatherum.sources.files import open_files

ADDED_UP = [{"$group": {"_id": "$a", "s": {"$sum": "$b"}}}]
COMPUTED = [{"$group": {"_id": {"$abs": "$a"}, "s": {"$sum": "$b"}}}]
FILTERED = [{"$match": {"b": 1}}, *ADDED_UP]


def batch(rows=MAX_ROWS):
    numbers = Column(pa.array(range(rows), pa.int64()))
    return Batch({"a": numbers, "b": numbers}, rows)


def sizes(tmp_path, pipeline, compiled=True, **settings):
    fragment = lower(parse_pipeline(pipeline, Context(collection="x")))
    with query_context(tmp_path, **settings) as context:
        context = replace(context, compiled=lambda: compiled)
        found = list(Morsels(fragment, context).cut(batch()))
    assert [row for part in found for row in part.column("a").array.to_pylist()] == list(range(MAX_ROWS))
    return {part.rows for part in found}


@pytest.mark.parametrize(("pipeline", "most"), [(ADDED_UP, MAX_ROWS), (COMPUTED, COMPUTED_ROWS),
                                                (FILTERED, COMPUTED_ROWS)])
def test_columns_that_are_only_read_come_in_larger_morsels(tmp_path, pipeline, most):
    assert sizes(tmp_path, pipeline) == {most}
    assert sizes(tmp_path, pipeline, compiled=False) == {INTERPRETED_ROWS}
    assert sizes(tmp_path, pipeline, morsel_rows=1 << 12) == {1 << 12}


def test_morsels_fit_the_memory(tmp_path):
    assert max(sizes(tmp_path, ADDED_UP, memory_limit="64MB", threads=2)) * 16 <= 64_000_000 / 2 / 16
    assert max(sizes(tmp_path, ADDED_UP, memory_limit="1MB", threads=4)) == FEWEST_ROWS


@pytest.mark.parametrize(("memory", "batch"), [("64MB", 1_000_000), ("8GB", None)])
def test_sources_are_asked_for_batches_that_fit_the_memory(tmp_path, memory, batch):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    asked = []

    class Noting:
        def partitions(self, request):
            asked.append(request)
            return source.partitions(request)

    source = open_files(path)
    with query_context(tmp_path, memory_limit=memory, threads=2) as context:
        plan = parse_pipeline(ADDED_UP, Context(collection="x"))
        assert list(LocalExecutor(context, {"x": Noting()}).run(lower(plan)))
    assert {request.batch_bytes for request in asked} == {batch}


@pytest.mark.parametrize("bad", [{0}, {999}, {17, 18, 500}, {511, 512}])
def test_the_error_of_the_first_row_is_found_in_few_steps(bad):
    seen = []

    class Failing:
        def push(self, batch):
            rows = batch.column("a").array.to_pylist()
            seen.append(rows)
            for row in reversed(rows):
                if row in bad:
                    raise OperatorError(f"row {row}")
            return [batch]

    chains = Chains(lambda step: Failing(), (None,))
    with pytest.raises(OperatorError, match=f"row {min(bad)}$"):
        chains.push(batch(1000))
    assert len(seen) < 15
