"""Values that callers give are brought to the engine's classes, or refused with their place."""

import collections
import datetime as dt
import decimal
import enum
import functools
import re
import uuid

import numpy as np
import pandas as pd
import pytest
from bson import Binary, Int64, ObjectId, Regex

import gatherum as gm
from gatherum.errors import PipelineError, SourceError
from gatherum.types.given import are_plain, bson_value


class Size(enum.IntEnum):
    LARGE = 3


class Name(str):
    pass


@pytest.mark.parametrize(("given", "made"), [
    (np.float64(2.5), 2.5), (Size.LARGE, 3), (Name("x"), "x"), ((1, (2,)), [1, [2]]),
    (collections.OrderedDict(b=1, a=(2,)), {"b": 1, "a": [2]}), (re.compile("x"), Regex("x", 32)),
    (uuid.UUID(int=1), Binary.from_uuid(uuid.UUID(int=1))), (Binary(b"x"), b"x"), (Binary(b"x", 5), Binary(b"x", 5)),
    (dt.datetime(2020, 1, 1, 0, 0, 0, 1999), dt.datetime(2020, 1, 1, 0, 0, 0, 1000)),
    (dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), dt.datetime(2019, 12, 31, 22)),
    (pd.Timestamp("2020-01-01"), dt.datetime(2020, 1, 1))])
def test_what_has_a_bson_type_gets_the_class_for_it(given, made):
    found = bson_value({"a": [given]})["a"][0]
    assert (type(found), found) == (type(made), made)


@pytest.mark.parametrize("given", [
    {"a": [1, 2.5, "x", None, True, {"b": Int64(1)}], "_id": ObjectId()}, [], {}, 2**63 - 1,
    dt.datetime(2020, 1, 1, microsecond=5000)])
def test_what_is_in_the_engines_classes_is_not_copied(given):
    assert bson_value(given) is given


@pytest.mark.parametrize(("given", "reason"), [
    (np.int64(3), "numpy.int64"), (np.bool_(True), "numpy.bool"), (decimal.Decimal(1), "decimal.Decimal"),
    (dt.date(2020, 1, 1), "datetime.date"), ({1}, "set"), (bytearray(b"x"), "bytearray"), (2**63, "64-bit"),
    (pd.NaT, "NaT"), ({1: 2}, "name of a field")])
@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_what_bson_has_no_type_for_is_an_error_with_its_place(given, reason, engine):
    with pytest.raises(SourceError, match=r"^source\[1\]: field 'a': field 'b': .*" + re.escape(reason)):
        gm.aggregate([{}, {"a": {"b": given}}], [], engine=engine).to_list()


@pytest.mark.parametrize("engine", ["rows", "columnar"])
@pytest.mark.parametrize("pipeline", [[], [{"$group": {"_id": None, "total": {"$sum": "$a"}}}]])
@pytest.mark.parametrize("given", [2**63, -2**63 - 1, Int64(2**70)])
def test_integers_beyond_64_bits_are_an_error_at_the_top_of_a_document_too(given, pipeline, engine):
    rows = [{"a": 1}, {"a": None}, {}, {"a": given}]
    with pytest.raises(SourceError, match=rf"^source\[3\]: field 'a': {given} does not fit BSON's 64-bit integers"):
        gm.aggregate(rows, pipeline, engine=engine).to_list()


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_binary_data_of_the_usual_subtype_are_bytes(engine):
    (row,) = gm.aggregate([{"a": Binary(b"x"), "b": [Binary(b"y")], "c": Binary(b"z", 128)}], [], engine=engine)
    assert [type(row["a"]), type(row["b"][0]), type(row["c"])] == [bytes, bytes, Binary]


def test_integers_at_the_ends_of_64_bits_are_taken():
    rows = [{"a": 2**63 - 1}, {"a": -2**63}]
    assert gm.aggregate(rows, []).to_list() == rows


@pytest.mark.parametrize("engine", ["rows", "columnar"])
@pytest.mark.parametrize("others", [[{"a": 1}], [{f"f{i}": 1} for i in range(20)]], ids=["dense", "sparse"])
def test_names_that_are_no_strings_are_an_error_at_the_top_of_a_document_too(others, engine):
    with pytest.raises(SourceError, match=rf"^source\[{len(others)}\]: the name of a field must be a string, not 1$"):
        gm.aggregate([*others, {1: 2}], [], engine=engine).to_list()


@pytest.mark.parametrize("engine", ["rows", "columnar"])
@pytest.mark.parametrize("nested", [[1], 1])
def test_fields_that_a_query_does_not_need_are_not_looked_at(nested, engine):
    rows = [{"a": nested, "b": {1, 2}}, {"a": 1, "b": {3}}]
    assert gm.aggregate(rows, [{"$group": {"_id": "$a"}}, {"$count": "n"}], engine=engine).to_list()
    assert gm.aggregate(rows, [{"$count": "n"}], engine=engine).to_list() == [{"n": 2}]


def test_values_that_are_refused_can_be_skipped():
    result = gm.aggregate([{"a": 1}, {"a": {2}}, {"a": 3}], [], on_bad="skip")
    assert result.to_list() == [{"a": 1}, {"a": 3}]
    assert [skipped["place"] for skipped in result.coverage["skipped"]] == ["[1]"]


def test_what_is_skipped_does_not_depend_on_the_query():
    rows = [{"a": 1}, {"a": 2, "b": {2}}]
    for pipeline in ([], [{"$project": {"_id": 0, "a": 1}}]):
        assert gm.aggregate(rows, pipeline, on_bad="skip").to_list() == [{"a": 1}]


@pytest.mark.parametrize("pipeline", [
    [{"$match": {"b": 1}}, {"$match": {"a": {"$lt": ...}}}], [{"$limit": 1}, {"$addFields": {"b": ...}}],
    [{"$skip": 1}, {"$project": {"b": {"$add": ["$a", ...]}}}]], ids=str)
@pytest.mark.parametrize(("given", "reason"), [(2**63, "64-bit"), (np.int64(3), "numpy.int64"), ({1}, "set"),
                                               ({1: 2}, "name of a field")])
def test_what_bson_has_no_type_for_is_an_error_in_a_pipeline_too(pipeline, given, reason):
    with pytest.raises(PipelineError, match=rf"^stage 2: field '\$.*{reason}"):
        gm.aggregate([], filled(pipeline, given))
    with pytest.raises(PipelineError, match=rf"^let: x: .*{reason}"):
        gm.aggregate([], [], let={"x": given})


def filled(pattern, value):
    """The pattern with a value instead of its ellipsis."""
    if isinstance(pattern, dict):
        return {name: filled(item, value) for name, item in pattern.items()}
    return [filled(item, value) for item in pattern] if isinstance(pattern, list) else \
        value if pattern is ... else pattern


def test_constants_of_a_pipeline_get_the_engines_classes():
    when = dt.datetime(2020, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    pipeline = [{"$addFields": {"when": when, "size": Size.LARGE, "id": uuid.UUID(int=1)}}]
    assert gm.aggregate([{}], pipeline).to_list() == \
        [{"when": dt.datetime(2020, 1, 1), "size": 3, "id": Binary.from_uuid(uuid.UUID(int=1))}]


DEEP = functools.reduce(lambda inner, _: [inner], range(20), 1)
ENDLESS = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize("value", [
    2**63 - 1, -2**63, Int64(5), 2.5, "x", None, dt.datetime(2020, 1, 1, 0, 0, 0, 5000), [], {}, [1, ["x", {"a": {}}]],
    {"a": [{"b": dt.datetime(2020, 1, 1)}]}])
def test_values_of_the_engines_classes_are_told_together(value):
    assert are_plain([value, "x"])
    assert bson_value(value) is value


@pytest.mark.parametrize("value", [
    2**63, -2**63 - 1, np.int64(1), Name("x"), (1,), decimal.Decimal(1), dt.date(2020, 1, 1), {1}, {1: 2},
    {"a": {1: 2}}, [2**63], {"a": [(1,)]}, [{"a": np.float64(1)}], collections.OrderedDict(a=1),
    pd.Timestamp("2020-01-01"), pd.NaT,
    dt.datetime(2020, 1, 1, 0, 0, 0, 5), dt.datetime(2020, 1, 1, tzinfo=dt.UTC), [dt.datetime(2020, 1, 1, 0, 0, 0, 5)],
    DEEP, ENDLESS])
def test_all_others_are_looked_at_one_by_one(value):
    assert not are_plain([1, value])
