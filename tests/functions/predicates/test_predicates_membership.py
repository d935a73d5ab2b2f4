"""Corners of $in and $nin."""

import pytest
from bson import Decimal128, Int64, Regex

from gatherum.errors import PipelineError
from gatherum.functions.registry import predicates
from gatherum.types.values import MISSING


def in_(values, value):
    found = predicates()["$in"].prepare(values)(value)
    assert predicates()["$nin"].prepare(values)(value) is not found
    return found


@pytest.mark.parametrize("one", [1, Int64(1), 1.0, Decimal128("1.0")])
@pytest.mark.parametrize("other", [1, Int64(1), 1.0, Decimal128("1")])
def test_numbers_are_found_whatever_their_types(one, other):
    assert in_([one, "x"], other)
    assert not in_([one, "x"], True)
    assert not in_([True], other)


def test_nan_is_found():
    nan = float("nan")
    assert in_([nan], float("nan"))
    assert in_([Decimal128("NaN")], nan)
    assert not in_([1.0], nan)


def test_null_matches_missing():
    assert in_([None], MISSING)
    assert not in_([0], MISSING)
    assert not in_([0], None)


def test_regexes_search_strings_and_match_equal_regexes():
    assert in_([1, Regex("^a")], "abc")
    assert in_([1, Regex("^a")], 1)
    assert in_([Regex("^a")], Regex("^a"))
    assert not in_([Regex("^a")], "ba")
    assert not in_([Regex("^a")], Regex("^a", "i"))


def test_documents_and_arrays_match_as_a_whole():
    assert in_([{"a": 1}, [1, 2]], {"a": 1.0})
    assert in_([{"a": 1}, [1, 2]], [1, 2])
    assert not in_([{"a": 1, "b": 2}], {"b": 2, "a": 1})


@pytest.mark.parametrize("name", ["$in", "$nin"])
@pytest.mark.parametrize("argument", [1, "a", None, {"a": 1}])
def test_an_array_is_needed(name, argument):
    with pytest.raises(PipelineError, match="needs an array") as caught:
        predicates()[name].prepare(argument)
    assert caught.value.code == 2
