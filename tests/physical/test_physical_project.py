"""Project and ReplaceRoot: every way to reshape agrees with the interpreter, orders of keys included."""

import pytest
from driving import check_rows, driven, tame, wild
from running import batches_of, query_context

from gatherum.errors import OperatorError
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.physical.project import ProjectOperator
from gatherum.physical.replace_root import ReplaceRootOperator

PROJECTIONS = [
    {"$project": {"a": 1, "c": 1}}, {"$project": {"a.b": 1, "c": 1, "z": "$b"}}, {"$project": {"a.b": 0}},
    {"$project": {"a": 0, "b.c": 0}}, {"$addFields": {"a": "$c", "z": "$a.b"}}, {"$addFields": {"b": "$nothing"}},
    {"$addFields": {"a.b": "$c", "a.q": 1}}, {"$addFields": {"c": 1, "a.b.c": "$n"}},
    {"$addFields": {"b": 1, "a": 2}}, {"$addFields": {"n": "$$REMOVE", "z": {"x": "$a", "y": "$nothing"}}},
    {"$project": {"n": 1, "a.b": "$c", "a.c": 1}}, {"$project": {"x": {"y": "$a", "z": {"w": "$b"}}}},
    {"$unset": ["a.c", "b"]}, {"$unset": ["a", "b", "c", "n"]}, {"$project": {"n": "$$ROOT", "b": {"$type": "$a"}}},
    {"$project": {"_id": 0, "nothing": 1}},
]
ROOTS = [{"x": "$a", "y": "$b"}, {"$ifNull": ["$nothing", {"z": "$b"}]}, "$$ROOT",
         {"$mergeObjects": ["$$ROOT", {"q": 1}]},
         {"$cond": [{"$eq": [{"$mod": ["$n", 2]}, 0]}, {"a": 1, "b": 2}, {"b": 1, "a": 2}]}]


def node_of(stage):
    return parse_pipeline([stage], Context(collection="c"))


@pytest.mark.parametrize("stage", PROJECTIONS, ids=str)
@pytest.mark.parametrize("documents", [wild(60, 1), wild(60, 2, arrays=None), tame(60, 3)],
                         ids=["wild", "flat", "tame"])
def test_reshaping(stage, documents, tmp_path):
    check_rows(ProjectOperator, node_of(stage), documents, tmp_path)


@pytest.mark.parametrize("root", ROOTS, ids=str)
@pytest.mark.parametrize("documents", [wild(60, 1), tame(60, 3)], ids=["wild", "tame"])
def test_new_roots(root, documents, tmp_path):
    check_rows(ReplaceRootOperator, node_of({"$replaceRoot": {"newRoot": root}}), documents, tmp_path)


def test_struct_columns_need_no_documents(tmp_path):
    documents = [{"n": i, "a": {"b": i, "c": "x"}} for i in range(20)]
    with query_context(tmp_path, kernels="off", engine="columnar") as context:
        for stage in ({"$addFields": {"a.d": "$n", "e": "$a.b"}}, {"$unset": "a.b"}, {"$project": {"a.b": 1}}):
            operator = ProjectOperator(node_of(stage), context)
            assert len(driven(operator, batches_of(documents, 7))) == 20
        operator = ReplaceRootOperator(node_of({"$replaceRoot": {"newRoot": "$a"}}), context)
        assert driven(operator, batches_of(documents, 7)) == [{"b": i, "c": "x"} for i in range(20)]


def test_a_field_that_some_rows_have_keeps_its_place_in_these(tmp_path):
    documents = [{"a": 1, "b": 2}, {"b": 3}]
    with query_context(tmp_path, kernels="off") as context:
        operator = ProjectOperator(node_of({"$addFields": {"a": "new"}}), context)
        assert [list(row) for row in driven(operator, batches_of(documents, 2))] == [["a", "b"], ["b", "a"]]


@pytest.mark.parametrize("root", ["$a", "$nothing", 5])
def test_a_root_that_is_no_document(root, tmp_path):
    with query_context(tmp_path, kernels="off") as context:
        operator = ReplaceRootOperator(node_of({"$replaceRoot": {"newRoot": root}}), context)
        with pytest.raises(OperatorError) as raised:
            driven(operator, batches_of([{"a": None}, {"a": {"b": 1}}], 2))
    assert raised.value.code == 40228
