"""Lookup: partners by equality with null, missing and arrays on both sides, and by plans that depend on the row."""

import random

import pytest
from driving import ARRAYS, driven, expected, wild
from running import batches_of, query_context, written

from gatherum.errors import InternalError, OperatorError
from gatherum.kernels.columns.batch import first_ordinal
from gatherum.physical import lookup as module
from gatherum.physical.join_side import JoinSide
from gatherum.physical.lookup import LookupOperator
from gatherum.plan.expressions import Literal, Matches, Variable, field
from gatherum.plan.nodes import Filter, Limit, Lookup, Project, Projection, Scan, Shared, Union

PATHS = [("a",), ("b",), ("a", "b"), ("b", "0"), ("nothing",), ("n",)]


def on(local, foreign, into=("found",), other=None):
    return Lookup(Shared(), other or Scan("other"), into, local, foreign)


def check(node, documents, others, tmp_path, sizes=(1, 7, 65536), kernels="off", **settings):
    want = written(expected(node, documents, lambda scan: [others[:3], others[3:]]))
    for size in sizes:
        with query_context(tmp_path, kernels=kernels, **settings) as context:
            def run(plan):
                assert isinstance(plan, Scan)
                return iter(batches_of(others, size))  # noqa: B023
            operator = LookupOperator(node, context, run=run)
            got = driven(operator, batches_of(documents, size))
            assert written(got) == want, size
            operator.close()


@pytest.mark.parametrize("foreign", PATHS, ids=".".join)
@pytest.mark.parametrize("local", PATHS, ids=".".join)
def test_partners_by_equality(local, foreign, tmp_path):
    check(on(local, foreign), wild(40, 1), wild(25, 2), tmp_path)
    check(on(local, foreign), wild(40, 3), wild(25, 4), tmp_path, sizes=(7,), kernels="on", spill_every=1)


@pytest.mark.parametrize("into", [("a",), ("n",), ("a", "b"), ("a", "b", "c"), ("x", "y")], ids=".".join)
def test_where_the_array_is_put(into, tmp_path):
    check(on(("a",), ("a",), into), wild(40, 1), wild(20, 2), tmp_path)
    check(on(("n",), ("n",), into), [{"n": i, "a": {"b": i}} for i in range(9)], wild(5, 2), tmp_path, sizes=(4,))


@pytest.mark.parametrize("documents", [[], wild(5, 1)])
@pytest.mark.parametrize("others", [[], wild(5, 1)])
def test_nothing_on_a_side(documents, others, tmp_path):
    check(on(("a",), ("a",)), documents, others, tmp_path)


def test_all_rows_where_no_paths_are_given(tmp_path):
    check(on(None, None), wild(20, 1), wild(6, 2), tmp_path, spill_every=2)
    check(on(None, None), wild(5, 1), [], tmp_path)


def test_a_plan_over_the_partners_goes_by_the_meaning(tmp_path):
    other = Limit(Project(Scan("other"), "only", (Projection(("n",), "keep"),)), 1)
    check(on(("a",), ("a",), other=other), wild(30, 1), wild(30, 2), tmp_path)


def test_a_plan_that_depends_on_the_row(tmp_path):
    test = Matches(Variable("ROOT"), ("a",), "$gte", Literal(1))
    other = Project(Union(Filter(Scan("other"), test), Scan("other")), "add", (Projection(("z",), Variable("v")),))
    node = Lookup(Shared(), other, ("found",), None, None, (("v", field("n")),))
    check(node, wild(20, 1), wild(5, 2), tmp_path)
    with query_context(tmp_path) as context, pytest.raises(InternalError, match="no way to run"):
        driven(LookupOperator(node, context), batches_of([{"a": 1}], 1))


def test_rows_with_many_partners_are_parted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_PARTNERS", 10)
    documents = [{"k": i % 4} for i in range(30)]
    others = [{"k": k, "i": i} for k, count in ((0, 25), (1, 4), (2, 1)) for i in range(count)]
    check(on(("k",), ("k",)), documents, others, tmp_path)
    check(on(None, None), documents, others, tmp_path)
    with query_context(tmp_path, kernels="off") as context:
        operator = LookupOperator(on(("k",), ("k",)), context, lambda: batches_of(others, 5))
        made = operator.push(batches_of(documents, 30)[0])
        assert len(made) > 5
        assert [batch.ordinal for batch in made][:2] == [first_ordinal(0, 0), first_ordinal(0, 0) + 1]


def test_threads_share_one_side_that_is_read_once(tmp_path):
    others, reads = wild(30, 2), []

    def read():
        reads.append(1)
        return batches_of(others, 4)
    node, documents = on(("a",), ("b",)), wild(30, 1)
    with query_context(tmp_path, kernels="off") as context:
        side = JoinSide(node.foreign, context, read)
        operators = [LookupOperator(node, context, side) for _ in range(3)]
        assert not reads
        chance = random.Random(1)
        rows = []
        for batch in batches_of(documents, 3):
            rows += [row for made in chance.choice(operators).push(batch) for row in made.documents()]
        for operator in operators:
            operator.close()
        assert reads == [1]
        assert written(rows) == written(expected(node, documents, lambda scan: [others]))
        side.close()


def test_a_side_that_memory_does_not_hold_is_read_from_disk(tmp_path):
    documents, others = wild(30, 1), wild(40, 2)
    node = on(("a",), ("a",))
    with query_context(tmp_path, kernels="off", spill_every=2) as context:
        operator = LookupOperator(node, context, lambda: batches_of(others, 3))
        assert written(driven(operator, batches_of(documents, 10))) == \
            written(expected(node, documents, lambda scan: [others]))
        assert operator.metrics.bytes_spilled
        operator.close()
        assert context.space.used == 0


def test_a_side_that_fails_fails_for_every_thread(tmp_path):
    def read():
        yield batches_of(wild(3, 1), 3)[0]
        raise OperatorError("broken", 1)
    node = on(("a",), ("a",))
    with query_context(tmp_path) as context:
        side = JoinSide(node.foreign, context, read)
        for _ in range(2):
            with pytest.raises(OperatorError, match="broken"):
                driven(LookupOperator(node, context, side), batches_of([{"a": 1}], 1))


def test_the_other_plan_is_not_read_without_rows(tmp_path):
    def read():
        raise AssertionError("not to be read")
    with query_context(tmp_path) as context:
        assert driven(LookupOperator(on(("a",), ("a",)), context, read), []) == []


def test_typed_keys_need_no_documents(tmp_path):
    documents = [{"k": i % 5, "t": ["x", "y"][: i % 3]} for i in range(20)]
    others = [{"k": i % 3, "t": "xyz"[i % 3]} for i in range(9)]
    for path in (("k",), ("t",)):
        with query_context(tmp_path, kernels="on", engine="columnar") as context:
            operator = LookupOperator(on(path, path), context, lambda: batches_of(others, 4))
            assert written(driven(operator, batches_of(documents, 7))) == \
                written(expected(on(path, path), documents, lambda scan: [others]))


def test_arrays_of_arrays(tmp_path):
    documents = [{"a": array} for array in [*ARRAYS, [[1]], [[]]]]
    check(on(("a",), ("a",)), documents, documents, tmp_path)
