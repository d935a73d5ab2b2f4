"""MongoDB's codes for expressions that are not well formed."""

import pytest
from bson import Code

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import parse_expression
from gatherum.plan.expressions import Get, Literal

REFUSED = [
    ("$", 16872), ("$$", 9), ("$$.", 9), ("$$$", 9), ("$$x y", 9), ("$$x", 17276), ("$$ROOT.", 40353), ("$a.", 40353),
    ("$a..b", 15998), ("$.a", 15998), ("$a.$b", 16410), ("$a\0", 16411), ("$" + "a." * 200 + "a", 15),
    ("$$KEEP", 17276), ("$$PRUNE", 17276), ("$$DESCEND", 17276),
    ({"": 1}, 15998), ({"a": {"": 1}}, 15998), ({"a.b": 1}, 16412), ({"a": 1, "$add": []}, 16410),
    ({"$add": [], "a": 1}, 15983), ({"$nothing": 1}, 168), ({"$exists": 1}, 168),
    ({"$abs": [1, 2]}, 16020), ({"$slice": 1}, 28667), ({"$range": []}, 28667), ({"$round": []}, 28667),
    ({"$ifNull": [1]}, 1257300), ({"$toInt": []}, 50723), ({"$toDate": [1, 2]}, 50723),
    ({"$filter": []}, 28646), ({"$filter": {"x": 1}}, 28647), ({"$filter": {"cond": 1}}, 28648),
    ({"$filter": {"input": []}}, 28650), ({"$filter": {"input": [], "as": None, "cond": 1}}, 9),
    ({"$map": 1}, 16878), ({"$map": {"x": 1}}, 16879), ({"$map": {"in": 1}}, 16880), ({"$map": {"input": 1}}, 16882),
    ({"$map": {"input": [], "as": "A", "in": 1}}, 9), ({"$map": {"input": [], "as": "", "in": 1}}, 9),
    ({"$reduce": 1}, 40075), ({"$reduce": {"x": 1}}, 40076), ({"$reduce": {}}, 40077),
    ({"$reduce": {"input": 1}}, 40078), ({"$reduce": {"input": 1, "initialValue": 1}}, 40079),
    ({"$trim": "a"}, 50696), ({"$trim": {"x": 1}}, 50694), ({"$trim": {}}, 50695),
    ({"$dateAdd": 1}, 5166400), ({"$dateAdd": {"x": 1}}, 5166401), ({"$dateAdd": {"unit": "day"}}, 5166402),
    ({"$dateTrunc": 1}, 5439007), ({"$dateTrunc": {"x": 1}}, 5439008), ({"$dateTrunc": {"unit": 1}}, 5439009),
    ({"$dateTrunc": {"date": 1}}, 5439010), ({"$dateToString": 1}, 18629), ({"$dateToString": {"x": 1}}, 18534),
    ({"$dateToString": {}}, 18628), ({"$year": []}, 40536), ({"$year": {"x": 1}}, 40535),
    ({"$year": {"timezone": "UTC"}}, 40539), ({"$cond": {}}, 17080), ({"$cond": {"x": 1}}, 17083),
    ({"$cond": []}, 16020), ({"$let": {"vars": [1], "in": 1}}, 9), ({"$let": {"vars": 1, "in": 1}}, 10065),
    ({"$let": {"vars": {"ROOT": 1}, "in": 1}}, 9), ({"$let": {"vars": {"a-b": 1}, "in": 1}}, 9),
]


@pytest.mark.parametrize(("written", "code"), REFUSED, ids=[str(written)[:40] for written, _ in REFUSED])
def test_refused(written, code):
    with pytest.raises(PipelineError) as caught:
        parse_expression(written)
    assert caught.value.code == code


def test_names_of_references_may_stand_in_paths():
    assert parse_expression("$a.$id") == Get(parse_expression("$$ROOT"), ("a", "$id"))


def test_code_is_no_path():
    assert parse_expression(Code("$a")) == Literal(Code("$a"))


def test_letters_beyond_ascii_name_variables():
    assert parse_expression({"$let": {"vars": {"été": 1, "CURRENT": "$a"}, "in": ["$$été", "$b"]}})
