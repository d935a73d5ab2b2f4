"""Errors that happen while a pipeline runs name the stage that they come from, as those of a wrong pipeline do."""

import pytest

import gatherum as gm
from gatherum.errors import GatherumError, QueryError

ROWS = [{"a": number, "b": number - 2, "l": [1, 0]} for number in range(5)]
ENGINES = pytest.mark.parametrize("engine", [{"engine": "rows"}, {"rows_engine_limit": 0}], ids=["rows", "columnar"])
QUOTIENT = {"$divide": ["$a", "$b"]}
ANY = {"$match": {"a": {"$gte": 0}}}
ZERO = "$divide cannot divide by zero"


def message(pipeline, engine):
    with pytest.raises(QueryError) as caught:
        gm.connect({"c": ROWS}, kernels="off").c.aggregate(pipeline, **engine).to_list()
    return str(caught.value)


@ENGINES
@pytest.mark.parametrize(("pipeline", "place"), [
    ([ANY, {"$project": {"x": QUOTIENT}}], "stage 2 ($project)"),
    ([{"$set": {"c": 1}}, {"$set": {"x": QUOTIENT}}], "stage 2 ($set)"),
    ([{"$set": {"x": QUOTIENT}}, {"$set": {"c": 1}}, {"$sort": {"a": 1}}, ANY], "stage 1 ($set)"),
    ([{"$set": {"x": QUOTIENT, "y": {"$add": ["$a", 1]}}}, {"$project": {"x": 1}}], "stage 1 ($set)"),
    ([ANY, {"$match": {"$expr": {"$gt": [QUOTIENT, 0]}}}], "stage 2 ($match)"),
    ([ANY, {"$group": {"_id": QUOTIENT}}], "stage 2 ($group)"),
    ([ANY, {"$set": {"x": QUOTIENT}}, {"$group": {"_id": None, "s": {"$sum": "$x"}}}], "stage 2 ($set)"),
    ([{"$set": {"x": "$a"}}, {"$set": {"y": QUOTIENT}}, {"$group": {"_id": "$x", "s": {"$sum": "$y"}}}],
     "stage 2 ($set)"),
    ([{"$set": {"x": {"$abs": "$a"}}}, {"$group": {"_id": QUOTIENT, "s": {"$sum": "$x"}}}], "stage 2 ($group)"),
    ([ANY, {"$sortByCount": QUOTIENT}], "stage 2 ($sortByCount)"),
    ([ANY, {"$facet": {"one": [ANY], "two": [ANY, {"$project": {"x": QUOTIENT}}]}}],
     "stage 2 ($facet), two, stage 2 ($project)"),
    ([ANY, {"$unionWith": {"coll": "c", "pipeline": [{"$limit": 5}, {"$project": {"x": QUOTIENT}}]}}],
     "stage 2 ($unionWith), stage 2 ($project)"),
    ([ANY, {"$lookup": {"from": "c", "localField": "b", "foreignField": "x", "as": "f"}}, {"$set": {"x": QUOTIENT}}],
     "stage 3 ($set)"),
])
def test_the_stage_is_named(pipeline, place, engine):
    assert message(pipeline, engine) == f"{place}: {ZERO}"


@ENGINES
@pytest.mark.parametrize(("stage", "name"), [
    ({"$replaceRoot": {"newRoot": "$a"}}, "$replaceRoot"),
    ({"$group": {"_id": None, "m": {"$mergeObjects": "$a"}}}, "$group"),
    ({"$bucketAuto": {"groupBy": "$b", "buckets": 2, "granularity": "R5"}}, "$bucketAuto"),
    ({"$bucket": {"groupBy": "$b", "boundaries": [0, 1]}}, "$bucket"),
])
def test_so_it_is_where_no_expression_failed(stage, name, engine):
    assert message([ANY, stage], engine).startswith(f"stage 2 ({name}): ")


@ENGINES
def test_of_a_pipeline_that_is_run_for_each_row_the_stage_around_it_is_named(engine):
    inner = [{"$project": {"x": {"$divide": ["$a", "$$v"]}}}]
    found = message([ANY, {"$lookup": {"from": "c", "let": {"v": "$b"}, "pipeline": inner, "as": "f"}}], engine)
    assert found.startswith("stage 2 ($lookup)")
    assert found.endswith(ZERO)


@ENGINES
def test_a_stage_that_looks_like_the_engines_own_is_not_taken_for_it(engine):
    assert message([{"$replaceRoot": {"newRoot": "$l"}}, {"$replaceRoot": {"newRoot": "$root"}}], engine) \
        .startswith("stage 1 ($replaceRoot): ")


@ENGINES
def test_where_the_stage_is_not_sure_no_number_is_told(engine):
    either = [{"$match": {"$expr": {"$gt": [{"$divide": ["$a", "$b"]}, -9]}}},
              {"$match": {"$expr": {"$gt": [{"$divide": ["$b", "$a"]}, -9]}}}]
    assert message(either, engine) == f"$match: {ZERO}"
    same = [{"$set": {"x": QUOTIENT}}, {"$group": {"_id": "$b", "a": {"$first": "$a"}, "b": {"$first": "$b"},
                                                   "x": {"$first": "$x"}}}, {"$set": {"x": QUOTIENT}}]
    assert message(same, engine) == f"$set: {ZERO}"


@ENGINES
def test_a_constant_that_is_an_error_names_its_stage_before_anything_runs(engine):
    assert message([ANY, {"$project": {"x": {"$divide": [1, 0]}}}, {"$limit": 1}], engine) == \
        f"stage 2 ($project): {ZERO}"


@ENGINES
def test_errors_of_the_input_name_no_stage(engine):
    def broken():
        yield {"a": 1}
        raise OSError("gone")

    with pytest.raises(GatherumError) as caught:
        gm.aggregate(broken(), [ANY], kernels="off", **engine).to_list()
    assert "stage" not in str(caught.value)


@ENGINES
def test_constants_that_are_folded_leave_the_place(engine):
    folded = {"$add": [{"$add": [1, 2]}, {"$size": "$nothing"}]}
    assert message([{"$addFields": {"x": folded}}], engine).startswith("stage 1 ($addFields): ")
