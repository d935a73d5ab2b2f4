"""Unwind: arrays, values that are none, nothing at all; positions; ordinals."""

import pytest
from driving import check_rows, driven, expected, tame, wild
from running import batches_of, query_context, written

from gatherum.kernels.columns.batch import batch_of, first_ordinal
from gatherum.physical.unwind import UnwindOperator
from gatherum.plan.nodes import Shared, Unwind

NODES = [Unwind(Shared(), path, index, keep) for path in [("a",), ("b",), ("a", "b"), ("a", "x", "y"), ("n",)]
         for index in (None, "i", "b", "a") for keep in (False, True)]
NODES += [Unwind(Shared(), ("a",), "a.i", True), Unwind(Shared(), ("b",), "a.i.j", False)]


@pytest.mark.parametrize("node", NODES, ids=lambda node: f"{'.'.join(node.path)}-{node.index}-{node.keep_empty}")
@pytest.mark.parametrize("documents", [wild(60, 1), tame(60, 2)], ids=["wild", "tame"])
def test_unwinding(node, documents, tmp_path):
    check_rows(UnwindOperator, node, documents, tmp_path)
    check_rows(UnwindOperator, node, documents, tmp_path, sizes=(7,), morsel_rows=3)


def test_one_row_may_make_many_batches(tmp_path):
    documents = [{"a": []}, {"a": list(range(10))}, {"a": None}, {"a": [1]}]
    node = Unwind(Shared(), ("a",), "i", True)
    with query_context(tmp_path, kernels="off", morsel_rows=4) as context:
        made = UnwindOperator(node, context).push(batch_of(documents))
        assert [batch.rows for batch in made] == [4, 4, 4, 1]
        assert written([row for batch in made for row in batch.documents()]) == written(expected(node, documents))


def test_batches_of_one_morsel_get_ordinals_one_after_the_other(tmp_path):
    start = first_ordinal(2, 5)
    batches = [batch_of([{"a": [1, 2, 3]}, {"a": [4]}], start), batch_of([{"a": [5, 6]}], start + 2),
               batch_of([{"a": [7]}], first_ordinal(2, 6))]
    with query_context(tmp_path, kernels="off") as context:
        first = UnwindOperator(Unwind(Shared(), ("a",)), context)
        (made,) = first.push(batches[0])
        second = UnwindOperator(Unwind(Shared(), ("a",)), context)
        second.restore(first.snapshot())
        made = [made, *second.push(batches[1]), *second.push(batches[2])]
        assert [batch.ordinal for batch in made] == [start, start + 4, first_ordinal(2, 6)]


def test_list_columns_need_no_documents(tmp_path):
    with query_context(tmp_path, kernels="off", engine="columnar") as context:
        operator = UnwindOperator(Unwind(Shared(), ("a", "b"), "i", True), context)
        documents = [{"a": {"b": [1, 2]}}, {"a": {"b": []}}, {"a": None}, {"a": {"b": [3]}}]
        assert written(driven(operator, batches_of(documents, 4))) == written(expected(operator.node, documents))


@pytest.mark.parametrize("documents", [
    [{"e": {"y": {"x": "a"}}}, {}], [{"e": {"y": {"x": [1, 2]}}}, {"e": None}],
    [{"e": {"y": {"x": ["a"]}}}, {"e": {}}], [{"e": {"y": None}}, {"e": {"y": {"x": []}}}, {}],
    [{"e": {"w": 1, "y": {"x": [{"z": 1}], "v": 2}}}, {"e": {"w": 3}}],
    [{"e": {"y": {"x": {"w": {"v": [1, None]}}}}}, {"e": {"y": {}}}, {"e": {"y": {"x": None}}}, {}]])
@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize("keep_empty", [True, False])
@pytest.mark.parametrize("path", [("e", "y"), ("e", "y", "x"), ("e", "y", "x", "w", "v")])
def test_documents_on_the_way_may_be_null_or_missing(documents, size, keep_empty, path, tmp_path):
    node = Unwind(Shared(), path, None, keep_empty)
    whole = batches_of(documents, 7)[0]
    with query_context(tmp_path) as context:
        operator = UnwindOperator(node, context)
        made = [row for start in range(0, len(documents), size) for batch in operator.push(whole.slice(start, size))
                for row in batch.documents()]
    assert written(made) == written(expected(node, documents))
