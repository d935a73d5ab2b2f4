"""Pipelines as long and as deep as MongoDB allows give an answer on both engines, and are explained, in linear time."""

import pytest

import gatherum as gm
from gatherum.errors import LossError, OperatorError, PipelineError

ROWS = [{"_id": number, "a": number % 5} for number in range(12)]
OTHER = [{"_id": number, "a": number} for number in range(2)]
LOOKUP = {"from": "other", "localField": "a", "foreignField": "a", "as": "found"}
ENGINES = pytest.mark.parametrize("engine", [{"engine": "rows"}, {"rows_engine_limit": 0}], ids=["rows", "columnar"])


def nested(levels, wrap, value):
    for _ in range(levels):
        value = wrap(value)
    return value


def run(pipeline, engine):
    db = gm.connect({"c": ROWS, "other": OTHER}, kernels="off")
    return len(db.c.aggregate(pipeline, **engine).to_list())


LONG = {
    "group": ([{"$group": {"_id": "$_id"}}] * 1000, 12),
    "match": ([{"$match": {"a": {"$gte": -number}}} for number in range(1000)], 12),
    "addFields": ([{"$addFields": {"a": {"$add": ["$a", 1]}}}] * 1000, 12),
    "project": ([{"$project": {"a": {"$add": ["$a", 1]}}}] * 1000, 12),
    "unset": ([{"$unset": f"f{number}"} for number in range(1000)], 12),
    "sort": ([{"$sort": {"a": (-1) ** number}} for number in range(300)], 12),
    "skip and limit": ([{"$skip": 1}, {"$limit": 1000}] * 500, 0),
    "unwind": ([{"$unwind": "$a"}] * 1000, 12),
    "sample": ([{"$sample": {"size": 7}}] * 1000, 7),
    "bucketAuto": ([{"$bucketAuto": {"groupBy": "$a", "buckets": 3, "output": {"a": {"$sum": 1}}}}] * 100, 1),
    "facet": ([{"$facet": {"f": [{"$limit": 3}]}}, {"$unwind": "$f"}, {"$replaceRoot": {"newRoot": "$f"}}] * 100, 3),
    "facet within facet": ([{"$facet": {"f": []}}] * 70, 1),
    "branch": ([{"$facet": {"f": [{"$group": {"_id": "$_id"}}] * 400}}], 1),
    "union": ([{"$unionWith": "other"}] * 400, 812),
    "long union": ([{"$unionWith": {"coll": "other", "pipeline": [{"$group": {"_id": "$_id"}}] * 600}}], 14),
    "lookup": ([{"$lookup": LOOKUP}] * 300, 12),
    "nested unions": (nested(20, lambda p: [{"$unionWith": {"coll": "other", "pipeline": p}}], []), 52),
    "nested lookups": ([{"$limit": 1}, *nested(20, lambda p: [{"$limit": 1}, {"$lookup": {**LOOKUP, "pipeline": p}}],
                                               [])], 1),
}


@ENGINES
@pytest.mark.parametrize("name", LONG)
def test_long_pipelines_are_run(name, engine):
    pipeline, count = LONG[name]
    assert run(pipeline, engine) == count


@pytest.mark.parametrize("name", LONG)
def test_long_pipelines_are_explained_in_a_text_of_linear_size(name):
    explained = gm.connect({"c": ROWS, "other": OTHER}).c.explain(LONG[name][0])
    assert sum(len(text) for fired in explained["rules"] for text in (fired["before"], fired["after"])) < 20_000


def test_the_figures_of_many_unions_are_those_of_each():
    explained = gm.connect({"c": ROWS, "other": OTHER}, engine="columnar", kernels="off").c.explain(
        [{"$unionWith": "other"}] * 3, verbosity="executionStats")
    operators = explained["executionStats"]["operators"]
    unions = [each for each in operators if each["name"] == "Union"]
    assert [each["rows_out"] for each in unions] == [18, 16, 14]
    assert all(sum(operators[place]["rows_out"] for place in each["inputs"]) == each["rows_in"] for each in unions)


@pytest.mark.parametrize("pipeline", [
    [{"$limit": 1}] * 1001, [{"$facet": {"f": [{"$limit": 1}] * 1001}}],
    [{"$unionWith": {"coll": "other", "pipeline": [{"$limit": 1}] * 1001}}]])
def test_one_stage_more_is_an_error(pipeline):
    with pytest.raises(PipelineError, match="at most 1000 stages") as caught:
        run(pipeline, {})
    assert caught.value.code == 7749501


WIDE = {
    "and": [{"$match": {"$and": [{"a": {"$gte": -number}} for number in range(3_000)]}}],
    "in": [{"$match": {"a": {"$in": list(range(100_000))}}}],
    "deep condition": [{"$match": nested(95, lambda part: {"$and": [part, {"a": {"$gte": 0}}]}, {"a": {"$gte": 0}})}],
    "deep expression": [{"$addFields": {"b": nested(98, lambda part: {"$add": [part, 1]}, "$a")}}],
    "deep document": [{"$addFields": {"b": nested(100, lambda part: {"c": part}, "$a")}}],
}


@ENGINES
@pytest.mark.parametrize("name", WIDE)
def test_large_expressions_are_run(name, engine):
    assert run(WIDE[name], engine) == 12


@ENGINES
@pytest.mark.parametrize("wrap", [lambda part: {"$add": [part, 1]}, lambda part: {"c": part}, lambda part: [part]])
def test_expressions_deeper_than_bson_are_an_error(wrap, engine):
    with pytest.raises(PipelineError, match="nested deeper than 200 levels"):
        run([{"$addFields": {"b": nested(200, wrap, "$a")}}], engine)


def test_deep_documents_are_spilled():
    rows = [{"_id": number, "v": nested(80, lambda part: {"y": part}, number)} for number in range(30)]
    settings = {"engine": "columnar", "kernels": "off", "spill_every": 1, "morsel_rows": 10}
    for stage in ({"$sort": {"v": -1}}, {"$group": {"_id": "$v"}}):
        assert len(gm.aggregate(rows, [stage], **settings).to_list()) == 30


@ENGINES
def test_what_is_too_deep_for_a_format_is_an_error_of_ours(tmp_path, engine):
    rows = [{"v": nested(250, lambda part: {"y": part}, 1)}]
    with pytest.raises((LossError, OperatorError), match=r"recursion depth|too deep"):
        gm.aggregate(rows, [], kernels="off", **engine).write(tmp_path / "x.arrow")
