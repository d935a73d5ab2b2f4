"""What the stages refuse before anything runs, with MongoDB's codes."""

import re

import pytest
from bson import Code, Decimal128, Int64

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.stage import Context, parse_pipeline, stages

REFUSED = [
    ("$project", "x", 15969), ("$project", {}, 51272), ("$project", {"a": {}}, 51270),
    ("$project", {"a": 1, "b": 0}, 31254), ("$project", {"a": 0, "b": 1}, 31253),
    ("$project", {"a": 0, "b": "$c"}, 31310), ("$project", {"a": 0, "b": {"$add": [1]}}, 31252),
    ("$project", {"a": 1, "a.b": 1}, 31249), ("$project", {"a.b": 1, "a": 1}, 31250),
    ("$project", {"a": {"b": 1}, "a.b": 1}, 31250), ("$project", {"$a": 1}, 16410), ("$project", {"a..b": 1}, 15998),
    ("$project", {"a.$": 1}, 31324), ("$project", {"_id": {"x": 0}, "a": 1}, 31253),
    ("$project", {"a": {"$add": [1], "$abs": 1}}, 16410), ("$addFields", 1, 40272), ("$set", [], 40272),
    ("$set", {"a": 1, "a.b": 2}, 31249), ("$unset", 1, 31002), ("$unset", [], 31119), ("$unset", ["a", 1], 31120),
    ("$unset", "a\0", 9527900), ("$unset", ["a", "a"], 31250), ("$unset", "$a", 16410), ("$group", "x", 15947),
    ("$group", {"a": {"$sum": 1}}, 15955), ("$group", {"_id": {"a": 1}}, 17390),
    ("$group", {"_id": None, "a": 1}, 40234), ("$group", {"_id": None, "a": {}}, 40234),
    ("$group", {"_id": None, "a.b": {"$sum": 1}}, 40235), ("$group", {"_id": None, "$a": {"$sum": 1}}, 40236),
    ("$group", {"_id": None, "a": {"$sum": [1]}}, 40237), ("$group", {"_id": None, "a": {"$sum": 1, "b": 2}}, 40238),
    ("$group", {"_id": None, "a": {"$summ": 1}}, 15952), ("$group", {"_id": None, "a": {"$count": 1}}, 14),
    ("$sort", 1, 15973), ("$sort", {}, 15976), ("$sort", {"a": "asc"}, 15974), ("$sort", {"a": True}, 15974),
    ("$sort", {"a": 2}, 15975), ("$sort", {"a": Decimal128("NaN")}, 15975), ("$sort", {"a": {"b": 1}}, 17312),
    ("$sort", {"a": {"$meta": "textScore"}}, 40218), ("$sort", {"a": {"$meta": "other"}}, 31138),
    ("$sort", {f"f{i}": 1 for i in range(33)}, 13103), ("$skip", -1, 5107200), ("$skip", 1.5, 5107200),
    ("$skip", "1", 5107200), ("$unwind", 1, 15981), ("$unwind", {}, 28812), ("$unwind", "a", 28818),
    ("$unwind", {"path": 1}, 28808), ("$unwind", {"path": "$a", "includeArrayIndex": ""}, 28810),
    ("$unwind", {"path": "$a", "includeArrayIndex": "$i"}, 28822),
    ("$unwind", {"path": "$a", "preserveNullAndEmptyArrays": 1}, 28809),
    ("$unwind", {"path": "$a", "index": "i"}, 28811), ("$count", 1, 40156), ("$count", Code("n"), 40156),
    ("$count", "", 40157), ("$count", "$n", 40158), ("$count", "a\0", 40159), ("$count", "a.b", 40160),
    ("$count", "_id", 9039800), ("$sortByCount", {"a": 1}, 40147), ("$sortByCount", "a", 40148),
    ("$sortByCount", 1, 40149), ("$replaceRoot", "$a", 40229), ("$replaceRoot", {}, 40414),
    ("$replaceRoot", {"newroot": "$a"}, 40415), ("$facet", {}, 40169), ("$facet", {"a": 1}, 40170),
    ("$facet", {"$a": []}, 16410), ("$facet", {"a": [{"$facet": {"b": []}}]}, 40600),
    ("$facet", {"a": [{"$documents": []}]}, 40600), ("$unionWith", 1, 9),
    ("$unionWith", {"coll": "d", "pipe": []}, 40415), ("$unionWith", {"pipeline": []}, 9), ("$lookup", 1, 9),
    ("$lookup", {"from": "d", "localField": "a", "foreignField": "b"}, 40414),
    ("$lookup", {"from": "d", "localField": "a", "as": "c"}, 9), ("$lookup", {"from": "d", "as": "c"}, 9),
    ("$lookup", {"from": "d", "pipeline": 1, "as": "c"}, 14), ("$lookup", {"from": "d", "pipeline": [], "as": 1}, 14),
    ("$lookup", {"from": "d", "pipeline": [], "as": "c", "lett": {}}, 40415),
    ("$lookup", {"from": {"db": "x", "coll": "d"}, "pipeline": [], "as": "c"}, 9),
    ("$lookup", {"from": "d", "pipeline": [], "let": {"X": 1}, "as": "c"}, 9),
    ("$lookup", {"pipeline": [], "as": "c"}, 9), ("$bucket", 1, 40201),
    ("$bucket", {"groupBy": "$a", "boundaries": [1, 2], "x": 1}, 40197), ("$bucket", {"groupBy": "$a"}, 40198),
    ("$bucket", {"groupBy": 1, "boundaries": [1, 2]}, 40202), ("$bucket", {"groupBy": "$a", "boundaries": 1}, 40200),
    ("$bucket", {"groupBy": "$a", "boundaries": [1, "$a"]}, 40191),
    ("$bucket", {"groupBy": "$a", "boundaries": [1]}, 40192),
    ("$bucket", {"groupBy": "$a", "boundaries": [1, "a"]}, 40193),
    ("$bucket", {"groupBy": "$a", "boundaries": [2, 1]}, 40194),
    ("$bucket", {"groupBy": "$a", "boundaries": [1, 3], "default": 1.5}, 40199),
    ("$bucket", {"groupBy": "$a", "boundaries": [1, 3], "default": "$a"}, 40195),
    ("$bucket", {"groupBy": "$a", "boundaries": [1, 3], "output": 1}, 40196), ("$bucketAuto", 1, 40240),
    ("$bucketAuto", {"groupBy": "$a"}, 40246), ("$bucketAuto", {"groupBy": "a", "buckets": 1}, 40239),
    ("$bucketAuto", {"groupBy": "$a", "buckets": "1"}, 40241),
    ("$bucketAuto", {"groupBy": "$a", "buckets": 1.5}, 40242),
    ("$bucketAuto", {"groupBy": "$a", "buckets": Int64(2**31)}, 40242),
    ("$bucketAuto", {"groupBy": "$a", "buckets": 0}, 40243),
    ("$bucketAuto", {"groupBy": "$a", "buckets": 1, "output": 1}, 40244),
    ("$bucketAuto", {"groupBy": "$a", "buckets": 1, "size": 1}, 40245),
    ("$bucketAuto", {"groupBy": "$a", "buckets": 1, "granularity": "R7"}, 40257),
    ("$bucketAuto", {"groupBy": "$a", "buckets": 1, "granularity": 1}, 40261), ("$sample", 1, 28745),
    ("$sample", {"size": "1"}, 28746), ("$sample", {"size": 0}, 28747), ("$sample", {"n": 1}, 28748),
    ("$sample", {}, 28749),
]


@pytest.mark.parametrize(("name", "argument", "code"), REFUSED)
def test_refused(name, argument, code):
    with pytest.raises(PipelineError, match=re.escape(f"stage 1 ({name})")) as caught:
        parse_pipeline([{name: argument}], Context(collection="c"))
    assert caught.value.code == code


def test_unknown_options_name_the_nearest_known_one():
    with pytest.raises(PipelineError, match="'foreignfield'; did you mean foreignField"):
        parse_pipeline([{"$lookup": {"from": "d", "localField": "a", "foreignfield": "b", "as": "c"}}],
                       Context(collection="c"))


@pytest.mark.parametrize(("pipeline", "message"), [
    ([{"$limit": 1}, {"$GRUOP": {}}],
     "stage 2 ($GRUOP): unrecognized pipeline stage name: '$GRUOP'; did you mean $group?"),
    ([{"$out": "x"}],
     "stage 1 ($out): unrecognized pipeline stage name: '$out'; MongoDB has it, but it is not built here; "
     "the nearest known name is $count"),
    ([{"$matches": 1}],
     "stage 1 ($matches): unrecognized pipeline stage name: '$matches'; the nearest known name is $match"),
    ([{"$group": {"_id": 1, "n": {"$median": 1}}}],
     "stage 1 ($group), n: unknown group operator '$median'; MongoDB has it, but it is not built here; "
     "the nearest known name is $min"),
    ([{"$match": {"$text": 1}}],
     "stage 1 ($match), $text: unknown top level operator: $text; MongoDB has it, but it is not built here; "
     "the nearest known name is $expr"),
    ([{"$project": {"x": {"$sqrt": 1}}}],
     "stage 1 ($project), x: unrecognized expression '$sqrt'; MongoDB has it, but it is not built here; "
     "the nearest known name is $eq"),
    ([{"$group": {"_id": 1, "n": {"$smu": 1}}}],
     "stage 1 ($group), n: unknown group operator '$smu'; did you mean $sum?"),
    ([{"$project": {"x": {"$add": [1, {"$multipy": ["$a", 2]}]}}}],
     "stage 1 ($project), x, $add: unrecognized expression '$multipy'; did you mean $multiply?"),
    ([{"$project": {"x": {"$map": {"input": "$a", "as": "item", "in": "$$itm.x"}}}}],
     "stage 1 ($project), x, $map, in: use of undefined variable: itm; did you mean item?"),
    ([{"$project": {"x": {"$abs": [1, 2]}}}], "stage 1 ($project), x, $abs: takes 1 argument; 2 were passed in"),
    ([{"$unwind": {"path": "$a", "preserveNullAndEmptyArray": True}}],
     "stage 1 ($unwind): unrecognized option 'preserveNullAndEmptyArray'; did you mean preserveNullAndEmptyArrays?"),
    ([{"$facet": {"a": [{"$limit": 1}, {"$mtch": {}}]}}],
     "stage 1 ($facet), a, stage 2 ($mtch): unrecognized pipeline stage name: '$mtch'; did you mean $match?"),
    ([{"$sort": {"a": "asc"}}], "stage 1 ($sort): a: a sort key must be 1 or -1, not string 'asc'"),
])
def test_a_slip_is_named_with_its_place_and_what_may_be_meant(pipeline, message):
    with pytest.raises(PipelineError) as caught:
        parse_pipeline(pipeline, Context(collection="c"))
    assert str(caught.value) == message


def test_documents_needs_a_pipeline_without_a_collection():
    with pytest.raises(PipelineError) as caught:
        parse_pipeline([{"$documents": []}], Context(collection="c"))
    assert caught.value.code == 73


def test_sub_pipelines_have_a_greatest_depth():
    def nested(levels):
        return [{"$unionWith": {"coll": "d", "pipeline": nested(levels - 1)}}] if levels else []

    parse_pipeline(nested(20), Context(collection="c"))
    with pytest.raises(PipelineError) as caught:
        parse_pipeline(nested(21), Context(collection="c"))
    assert caught.value.code == 232


def test_every_stage_has_a_description_and_examples():
    for stage in stages().values():
        assert stage.documentation and stage.examples, stage.name
