"""Long pipelines, deep ones, and which error is raised."""

import pytest

from gatherum.errors import OperatorError, PipelineError
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.rows.batches import BATCH_ROWS
from gatherum.rows.interpreter import Run, interpret

ONE_MORE = {"$addFields": {"v": {"$add": ["$v", 1]}}}


def run(documents, *pipeline, batch=None):
    size = batch or max(len(documents), 1)
    plan = parse_pipeline(list(pipeline), Context(collection="c"))
    batches = [documents[start:start + size] for start in range(0, len(documents), size)]
    return [row for rows in interpret(plan, Run(lambda scan: batches, {})) for row in rows]


@pytest.mark.parametrize("pipeline", [
    [ONE_MORE] * 1000,
    [{"$lookup": {"from": "c", "pipeline": [ONE_MORE] * 1000, "as": "j"}}, {"$replaceWith": {"$first": "$j"}}],
    [{"$facet": {"j": [ONE_MORE] * 1000}}, {"$replaceWith": {"$first": "$j"}}],
    [{"$limit": 1}, {"$match": {"v": None}}, {"$unionWith": {"coll": "c", "pipeline": [ONE_MORE] * 1000}}],
], ids=["top", "lookup", "facet", "union"])
def test_a_thousand_stages(pipeline):
    assert run([{"v": 0}], *pipeline) == [{"v": 1000}]


@pytest.mark.parametrize("stage", [{"$sort": {"v": 1}}, {"$skip": 0}, {"$group": {"_id": "$_id"}}, {"$limit": 3},
                                   {"$unwind": "$_id"}, {"$sample": {"size": 5}}, {"$unionWith": "d"}])
def test_a_thousand_of_one_stage(stage):
    assert {"_id": 1} in run([{"_id": 1}], *[stage] * 1000)


def test_one_stage_too_many():
    with pytest.raises(PipelineError) as caught:
        run([], *[ONE_MORE] * 1001)
    assert caught.value.code == 7749501


def nested(levels, wrap, innermost):
    value = innermost
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda x: {"$add": [x, 1]}, lambda x: {"a": [x]}, lambda x: {"$cond": [True, x, 1]},
                                  lambda x: {"$map": {"input": [1], "in": x}}])
def test_deep_expressions(wrap):
    assert len(run([{"v": 1}], {"$replaceWith": {"r": nested(96, wrap, "$v")}})) == 1
    for levels in (100, 100_000):
        with pytest.raises(PipelineError) as caught:
            run([{"v": 1}], {"$replaceWith": {"r": nested(levels, wrap, "$v")}})
        assert caught.value.code == 15


def test_documents_nested_too_deep_are_a_clean_error():
    with pytest.raises(OperatorError) as caught:
        run([{"v": nested(5000, lambda x: [x], 1)}], {"$group": {"_id": "$v"}})
    assert caught.value.code == 15


DIVIDED = {"$divide": [1, "$d"]}
LOGARITHM = {"$toInt": "$s"}
DIVIDE_BY_ZERO, CONVERSION = 2, 241


@pytest.mark.parametrize("stages", [
    [{"$project": {"a": LOGARITHM, "b": DIVIDED}}],
    [{"$addFields": {"a": LOGARITHM}}, {"$match": {"$expr": {"$gt": [DIVIDED, 0]}}}],
    [{"$addFields": {"a": LOGARITHM}}, {"$group": {"_id": None, "x": {"$sum": DIVIDED}}}],
    [{"$group": {"_id": None, "a": {"$sum": LOGARITHM}, "x": {"$sum": DIVIDED}}}],
    [{"$group": {"_id": LOGARITHM, "x": {"$sum": DIVIDED}}}],
    [{"$bucketAuto": {"groupBy": "$n", "buckets": 2, "output": {"a": {"$sum": LOGARITHM}, "x": {"$sum": DIVIDED}}}}],
    [{"$addFields": {"a": LOGARITHM}}, {"$lookup": {"from": "c", "let": {"x": DIVIDED}, "pipeline": [], "as": "j"}}],
])
@pytest.mark.parametrize("batch", [1, 3, 5000])
@pytest.mark.parametrize("size", [5, 3 * BATCH_ROWS])
def test_the_error_of_the_first_row_is_raised(stages, batch, size):
    good = {"d": 1, "s": "1"}
    documents = [{**good, "n": number} for number in range(size)]
    for first, second, code in [({"d": 0}, {"s": "x"}, DIVIDE_BY_ZERO), ({"s": "x"}, {"d": 0}, CONVERSION)]:
        given = [*documents[:-2], {**documents[-2], **first}, {**documents[-1], **second}]
        with pytest.raises(OperatorError) as caught:
            run(given, *stages, batch=batch)
        assert caught.value.code == code


def test_an_error_in_a_state_comes_before_that_of_a_later_row():
    documents = [{"o": {}, "d": 1}, {"o": 5, "d": 1}, {"o": {}, "d": 0}]
    with pytest.raises(OperatorError, match="mergeObjects"):
        run(documents, {"$addFields": {"x": DIVIDED}}, {"$group": {"_id": None, "m": {"$mergeObjects": "$o"}}})
    with pytest.raises(OperatorError, match="mergeObjects"):
        run(documents, {"$group": {"_id": "$x", "m": {"$mergeObjects": "$o"}, "n": {"$sum": DIVIDED}}})


def test_rows_beyond_a_limit_raise_nothing():
    assert run([{"d": 1}, {"d": 0}], {"$project": {"x": DIVIDED}}, {"$limit": 1}) == [{"x": 1.0}]
