"""States that hold documents, arrays and other values of one type: they are in state batches as they are in columns."""

import datetime as dt
import random

import pyarrow as pa
import pytest
from bson import Decimal128, Int64, ObjectId
from running import batches_of, oracle, query_context, written

from gatherum.functions.registry import aggregates
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.state_batch import CHUNK_ITEMS
from gatherum.physical.group import GroupOperator
from gatherum.physical.operator import Signal
from gatherum.plan.expressions import AggregateCall, field
from gatherum.plan.nodes import Group, Shared
from gatherum.storage.arrow_bytes import from_bytes, to_bytes

DAY = dt.datetime(2024, 5, 17)
POOLS = {
    "documents": [{"a": 1, "s": "x"}, {"a": 2, "s": "y"}, {"a": 3, "s": "a longer piece of text"}],
    "documents and null": [{"a": 1, "s": ["x"]}, None, {"a": 2, "s": []}],
    "documents and missing": [{"a": {"b": 1.5}}, "MISSING", {"a": {"b": 2.5}}],
    "documents that lack fields": [{"a": 1}, {"a": 1, "b": DAY}, {"b": DAY}],
    "documents of mixed fields": [{"a": 1, "b": "x"}, {"a": "x", "b": Int64(2)}, {"a": None, "b": 1.0}],
    "arrays of documents": [[{"sku": "a", "qty": 1}], [{"sku": "b", "qty": 2}, {"sku": "a", "qty": 3}], []],
    "ids": [ObjectId("0" * 24), ObjectId("1" * 24), None],
    "decimals": [Decimal128("1.10"), Decimal128("1.1"), Decimal128("-7")],
}
TAKEN = {"$mergeObjects": [name for name in POOLS if name.startswith("documents")],
         "$concatArrays": ["arrays of documents"]}
CASES = [(name, pool) for name in sorted(aggregates()) for pool in TAKEN.get(name, POOLS)]


def rows_of(pool, count, seed):
    chance = random.Random(seed)
    drawn = ((chance.randrange(9), chance.choice(POOLS[pool])) for _ in range(count))
    return [{"k": key} if value == "MISSING" else {"k": key, "v": value} for key, value in drawn]


def group(*names):
    return Group(Shared(), field("k"), tuple((f"out{i}", AggregateCall(name, field("v")))
                                             for i, name in enumerate(names)))


def finished(operator):
    return [row for batch in operator.signal(Signal.END) for row in batch.documents()]


@pytest.mark.parametrize(("name", "pool"), CASES)
def test_spilled_after_every_morsel_and_merged_over_threads(name, pool, tmp_path):
    documents = rows_of(pool, 90, seed=7)
    with query_context(tmp_path, spill_every=1) as context:
        operators = [GroupOperator(group(name), context) for _ in range(2)]
        for number, batch in enumerate(batches_of(documents, 15)):
            operators[number % 2].push(batch)
        operators[1].absorb(operators[0])
        assert written(finished(operators[1])) == written(oracle(group(name), documents))


@pytest.mark.parametrize("first", ["on", "off"])
@pytest.mark.parametrize(("name", "pool"), CASES)
def test_states_go_from_kernels_to_plain_python_and_back(name, pool, first, tmp_path):
    documents = rows_of(pool, 60, seed=3)
    states = []
    for number, kernels in enumerate([first, "on" if first == "off" else "off"]):
        with query_context(tmp_path, kernels=kernels) as context:
            operator = GroupOperator(group(name), context)
            for batch in batches_of(documents, 15)[2 * number:2 * number + 2]:
                operator.push(batch)
            for batch in states:
                operator.table.absorb(batch)
            states = [found for batch in operator.snapshot().states for found in from_bytes(to_bytes(batch))]
    with query_context(tmp_path, kernels=first) as context:
        operator = GroupOperator(group(name), context)
        for batch in states:
            operator.table.absorb(batch)
        assert written(finished(operator)) == written(oracle(group(name), documents))


@pytest.mark.parametrize("names", [("$push",), ("$push", "$first", "$max", "$count"), ("$concatArrays", "$push"),
                                   ("$addToSet", "$last", "$push")])
def test_long_lists_leave_in_chunks(names, tmp_path):
    count = 2 * CHUNK_ITEMS + 5
    documents = [{"k": number % 40 // 39, "v": [{"a": number}]} for number in range(count)]
    with query_context(tmp_path) as context:
        operator = GroupOperator(group(*names), context)
        for batch in batches_of(documents, CHUNK_ITEMS):
            operator.push(batch)
        rows = [batch.slice(row, 1) for batch in operator.snapshot().states for row in range(batch.num_rows)]
        assert sorted(row.column("chunk")[0].as_py() for row in rows) == [0, 0, 1]
        assert all(state.nbytes for row in rows for state in row.columns[4:])
        again = GroupOperator(group(*names), context)
        for row in random.Random(1).sample(rows, 3):
            again.table.absorb(row)
        assert written(finished(again)) == written(oracle(group(*names), documents))


def test_long_lists_and_short_ones_are_spilled_together(tmp_path):
    keys = [0, 1] * (CHUNK_ITEMS + 1) + [*range(2, 200)]
    documents = [{"k": key, "v": number} for number, key in enumerate(keys)]
    with query_context(tmp_path, spill_every=1) as context:
        operator = GroupOperator(group("$push"), context)
        for batch in batches_of(documents * 2, len(documents)):
            operator.push(batch)
        assert written(finished(operator)) == written(oracle(group("$push"), documents * 2))
        assert operator.metrics.bytes_spilled


def test_words_of_dictionaries_within_documents_stay(tmp_path):
    codes = pa.array(["x", "y", "x", "z"]).dictionary_encode()
    values = pa.StructArray.from_arrays([codes, pa.array([1, 2, 3, 4])], ["s", "n"])
    batch = Batch({"k": Column(pa.array([1, 1, 2, 2])), "v": Column(values)}, 4, 0)
    with query_context(tmp_path, spill_every=1) as context:
        operator = GroupOperator(group("$push"), context)
        operator.push(batch)
        operator.push(batch.numbered(1 << 32))
        assert written(finished(operator)) == written(oracle(group("$push"), batch.documents() * 2))


def test_types_that_bson_lacks_stay_in_states(tmp_path):
    instants = pa.array([1, 2, 3], pa.timestamp("us"))
    batch = Batch({"k": Column(pa.array([1, 1, 2])), "v": Column(instants)}, 3, 0)
    answers = []
    for spill_every in (0, 1):
        with query_context(tmp_path, spill_every=spill_every) as context:
            operator = GroupOperator(group("$push", "$first"), context)
            operator.push(batch)
            answers.append([made.record_batch() for made in operator.signal(Signal.END)])
    assert [made.to_pylist() for part in answers[:1] for made in part] == [
        [row for part in answers[1] for row in part.to_pylist()]]
    assert {part.schema.field("out0").type.value_type for part in answers[1]} == {pa.timestamp("us")}
