"""The fields of rows, and their types, as far as plans and the schemas of sources tell them."""

import pytest

from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.plan.schema import output_types

SOURCES = {"c": {"_id": "objectId", "a": "int", "b": "string", "d": "object", "l": "array"},
           "e": {"a": "int", "b": "long", "f": "date"}, "unknown": None}


@pytest.mark.parametrize(("stage", "fields"), [
    ({"$match": {"a": 1}}, SOURCES["c"]),
    ({"$project": {"b": 1, "a": 1}}, {"_id": "objectId", "a": "int", "b": "string"}),
    ({"$project": {"_id": 0, "x": "$b", "y": {"$add": ["$a", 1]}, "z": {"$literal": 1.5}, "w": {"q": "$a"},
                   "v": ["$a"]}},
     {"x": "string", "y": None, "z": "double", "w": "object", "v": "array"}),
    ({"$project": {"d.x": 1, "_id": 0}}, {"d": "object"}),
    ({"$project": {"b": 0, "d.x": 0}}, {"_id": "objectId", "a": "int", "d": "object", "l": "array"}),
    ({"$unset": ["_id", "b"]}, {"a": "int", "d": "object", "l": "array"}),
    ({"$addFields": {"b": "$a", "n.x": 1}}, {**SOURCES["c"], "b": "int", "n": "object"}),
    ({"$group": {"_id": "$b", "n": {"$sum": 1}, "low": {"$min": "$a"}, "all": {"$push": "$a"}}},
     {"_id": "string", "n": None, "low": "int", "all": None}),
    ({"$count": "n"}, {"n": None}),
    ({"$bucketAuto": {"groupBy": "$a", "buckets": 2}}, {"_id": "object", "count": None}),
    ({"$unwind": {"path": "$l", "includeArrayIndex": "i"}}, {**SOURCES["c"], "l": None, "i": "long"}),
    ({"$unwind": "$d.x"}, SOURCES["c"]),
    ({"$lookup": {"from": "e", "localField": "a", "foreignField": "a", "as": "f"}}, {**SOURCES["c"], "f": "array"}),
    ({"$facet": {"f": [], "g": []}}, {"f": "array", "g": "array"}),
    ({"$unionWith": "e"}, {**SOURCES["c"], "b": None, "f": "date"}),
    ({"$unionWith": "unknown"}, None),
    ({"$replaceRoot": {"newRoot": {"x": "$a"}}}, {"x": "int"}),
    ({"$replaceRoot": {"newRoot": "$d"}}, None),
    ({"$sort": {"a": 1}}, SOURCES["c"]),
])
def test_fields_of_a_stage(stage, fields):
    found = output_types(parse_pipeline([stage], Context(collection="c")), SOURCES)
    assert found == fields
    assert found is None or list(found) == list(fields)


def test_names_are_known_of_sources_without_a_schema():
    def fields(*pipeline):
        return output_types(parse_pipeline(list(pipeline), Context(collection="unknown")), SOURCES)

    assert fields({"$match": {"a": 1}}) is None
    assert fields({"$addFields": {"a": 1}}) is None
    assert fields({"$project": {"_id": 0, "a": 1, "b": "$c"}}) == {"a": None, "b": None}
    grouped = fields({"$group": {"_id": "$a", "n": {"$sum": 1}}}, {"$set": {"k": True}})
    assert grouped == {"_id": None, "n": None, "k": "bool"}
