"""Grouping gives one answer, to the last bit, however its input is cut, spread over threads, spilled and merged."""

import random
import subprocess
import sys

import pytest
from running import batches_of, documents_for, mixed_documents, oracle, query_context, written

from gatherum.functions.registry import aggregates
from gatherum.physical.group import GroupOperator
from gatherum.physical.operator import Signal
from gatherum.plan.expressions import AggregateCall, Literal, MakeDocument, field
from gatherum.plan.nodes import Group, Shared
from gatherum.plan.serialize import to_canonical
from gatherum.storage.arrow_bytes import from_bytes, to_bytes

every_aggregate = pytest.mark.parametrize("name", sorted(aggregates()))


def group(name, key=None):
    return Group(Shared(), key or field("k"), (("out", AggregateCall(name, field("v"))),))


def finished(operator):
    return [row for batch in operator.signal(Signal.END) for row in batch.documents()]


@every_aggregate
@pytest.mark.parametrize("kernels", ["on", "off"])
@pytest.mark.parametrize(("rows", "size"), [(60, 1), (300, 7), (300, 65536)])
def test_batches_of_any_size(name, kernels, rows, size, tmp_path):
    documents = documents_for(name, rows, seed=size)
    with query_context(tmp_path, kernels=kernels) as context:
        operator = GroupOperator(group(name), context)
        for batch in batches_of(documents, size):
            operator.push(batch)
        assert written(finished(operator)) == written(oracle(group(name), documents))


@every_aggregate
@pytest.mark.parametrize("spill_every", [1, 3])
def test_spilled_after_every_few_morsels_and_merged_over_threads(name, spill_every, tmp_path):
    documents = documents_for(name, 200, seed=spill_every)
    with query_context(tmp_path, spill_every=spill_every) as context:
        operators = [GroupOperator(group(name), context) for _ in range(3)]
        chance = random.Random(spill_every)
        for batch in batches_of(documents, 10):
            chance.choice(operators).push(batch)
        chance.shuffle(operators)
        for other in operators[1:]:
            operators[0].absorb(other)
        assert written(finished(operators[0])) == written(oracle(group(name), documents))
        assert operators[0].metrics.bytes_spilled


@every_aggregate
@pytest.mark.parametrize("seed", range(3))
def test_parts_exported_and_merged_in_any_order(name, seed, tmp_path):
    chance = random.Random(seed)
    documents = documents_for(name, 150, seed)
    with query_context(tmp_path) as context:
        exported = []
        parts = chance.randint(1, 8)
        batches = batches_of(documents, 5)
        for part in range(parts):
            operator = GroupOperator(group(name), context)
            for batch in batches[part::parts]:
                operator.push(batch)
            exported += operator.snapshot().states
        chance.shuffle(exported)
        whole = GroupOperator(group(name), context)
        for states in exported:
            for batch in from_bytes(to_bytes(states)):
                whole.table.absorb(batch)
        assert written(finished(whole)) == written(oracle(group(name), documents))


MERGE = """
import pathlib, sys
sys.path.insert(0, "tests")
import orjson
from running import query_context, written
from gatherum.physical.group import GroupOperator
from gatherum.physical.operator import Signal, Snapshot
from gatherum.plan.serialize import from_canonical
from gatherum.storage.arrow_bytes import from_bytes, rows_from_bytes

directory = pathlib.Path(sys.argv[1])
with query_context(directory) as context:
    for plan in sorted(directory.glob("*.plan")):
        operator = GroupOperator(from_canonical(orjson.loads(plan.read_bytes())), context)
        states = [b for part in sorted(directory.glob(plan.stem + ".state*")) for b in from_bytes(part.read_bytes())]
        operator.restore(Snapshot(states=tuple(states)))
        for part in sorted(directory.glob(plan.stem + ".rows*")):
            operator.push(rows_from_bytes(part.read_bytes()))
        rows = [row for batch in operator.signal(Signal.END) for row in batch.documents()]
        (directory / (plan.stem + ".out")).write_bytes(b"".join(written(rows)))
"""


def test_a_snapshot_goes_on_in_another_process(tmp_path):
    """For every aggregate: some batches here, the snapshot restored there, the other batches there."""
    import orjson

    from gatherum.storage.arrow_bytes import rows_to_bytes

    expected = {}
    with query_context(tmp_path) as context:
        for name in aggregates():
            documents = documents_for(name, 120, seed=5)
            batches = batches_of(documents, 10)
            operator = GroupOperator(group(name), context)
            for batch in batches[:6]:
                operator.push(batch)
            stem = name[1:]
            (tmp_path / f"{stem}.plan").write_bytes(orjson.dumps(to_canonical(group(name))))
            for i, states in enumerate(operator.snapshot().states):
                (tmp_path / f"{stem}.state{i}").write_bytes(to_bytes(states))
            for i, batch in enumerate(batches[6:]):
                (tmp_path / f"{stem}.rows{i}").write_bytes(rows_to_bytes(batch))
            expected[stem] = b"".join(written(oracle(group(name), documents)))
    subprocess.run([sys.executable, "-c", MERGE, str(tmp_path)], check=True)
    for stem, rows in expected.items():
        assert (tmp_path / f"{stem}.out").read_bytes() == rows, stem


@pytest.mark.parametrize("kernels", ["on", "off"])
@pytest.mark.parametrize("key", [
    MakeDocument((("a", field("k")), ("b", field("v")))),
    MakeDocument((("a", field("k")),)),
    Literal(None),
    MakeDocument((("a", field("nothing")), ("b", field("k")))),
])
def test_keys_of_several_parts(key, kernels, tmp_path):
    calls = (("n", AggregateCall("$count", Literal(None))), ("s", AggregateCall("$sum", field("v"))))
    node = Group(Shared(), key, calls)
    documents = mixed_documents(300, seed=1)
    with query_context(tmp_path, kernels=kernels) as context:
        operator = GroupOperator(node, context)
        for batch in batches_of(documents, 50):
            operator.push(batch)
        assert written(finished(operator)) == written(oracle(node, documents))


def test_states_move_up_to_kernels_that_become_available(tmp_path):
    documents = mixed_documents(200, seed=2)
    node = group("$sum")
    with query_context(tmp_path, kernels="on") as context:
        answers = iter([False, False, True])
        late = type(context)(context.settings, context.budget, context.space, context.cancellation, {},
                             lambda: next(answers, True))
        operator = GroupOperator(node, late)
        for batch in batches_of(documents, 20):
            operator.push(batch)
        assert operator.table.compiled
        assert written(finished(operator)) == written(oracle(node, documents))


def test_states_of_another_query_are_refused(tmp_path):
    from gatherum.errors import SourceError

    with query_context(tmp_path) as context:
        first, second = GroupOperator(group("$sum"), context), GroupOperator(group("$avg"), context)
        first.push(batches_of([{"k": 1, "v": 1}], 1)[0])
        with pytest.raises(SourceError, match="another query"):
            second.restore(first.snapshot())
