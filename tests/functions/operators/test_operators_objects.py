"""Corners of the object operators; the examples on the definitions cover the rest."""

import pytest

from gatherum.errors import OperatorError
from gatherum.functions.registry import aggregates, operators
from gatherum.types.values import MISSING


def call(name, *arguments):
    return operators()[name].meaning(*arguments)


def code_of(name, *arguments):
    with pytest.raises(OperatorError) as caught:
        call(name, *arguments)
    return caught.value.code


def test_objects_become_arrays_and_back():
    document = {"b": [1], "a": None, "": {"x": 1}, "a.b": 2, "$c": 3}
    listed = call("$objectToArray", document)
    assert listed[:2] == [{"k": "b", "v": [1]}, {"k": "a", "v": None}]
    assert list(call("$arrayToObject", listed).items()) == list(document.items())


def test_null_and_other_types():
    for name in ("$objectToArray", "$arrayToObject"):
        assert call(name, None) is None
        assert call(name, MISSING) is None
    assert code_of("$objectToArray", [{"a": 1}]) == 40390
    assert code_of("$arrayToObject", {"a": 1}) == 40386


def test_a_name_that_stands_twice_keeps_its_place_and_takes_the_last_value():
    made = call("$arrayToObject", [["a", 1], ["b", 2], ["a", 3]])
    assert list(made.items()) == [("a", 3), ("b", 2)]


def test_fields_of_elements_may_be_in_any_order():
    assert call("$arrayToObject", [{"v": 1, "k": "a"}]) == {"a": 1}
    assert call("$arrayToObject", []) == {}


@pytest.mark.parametrize(("array", "code"), [
    ([1], 40398), ([None], 40398), ([["a", 1], {"k": "b", "v": 2}], 40396), ([["a", 1], 5], 40396), ([["a"]], 40397),
    ([[]], 40397), ([["a", 1, 2]], 40397), ([[1, "a"]], 40395), ([["a\0", 1]], 4940400),
    ([{"k": "a", "v": 1}, ["b", 2]], 40391), ([{"k": "a"}], 40392), ([{}], 40392),
    ([{"k": "a", "v": 1, "x": 2}], 40392),
    ([{"k": "a", "V": 1}], 40393), ([{"k": 1, "v": 1}], 40394), ([{"k": "a\0", "v": 1}], 4940401),
])
def test_elements_that_are_no_fields(array, code):
    assert code_of("$arrayToObject", array) == code


def test_merge_takes_one_array_for_its_elements():
    assert call("$mergeObjects", [{"a": 1}, None, {"b": 2}]) == {"a": 1, "b": 2}
    assert call("$mergeObjects", None) == {}
    assert call("$mergeObjects", MISSING, {"a": None}) == {"a": None}
    assert code_of("$mergeObjects", [{"a": 1}], {"b": 1}) == 40400
    assert code_of("$mergeObjects", "a") == 40400


def test_merge_leaves_its_arguments_alone():
    first = {"a": 1}
    assert call("$mergeObjects", first, {"a": 2}) == {"a": 2}
    assert first == {"a": 1}


def test_merge_agrees_with_the_aggregate():
    objects = [{"a": 1, "b": {"x": 1}}, None, {"c": 2, "b": {"y": 2}}, {}, {"a": None}]
    aggregate = aggregates()["$mergeObjects"]()
    state = aggregate.init()
    for ordinal, item in enumerate(objects):
        aggregate.update(state, item, ordinal)
    assert list(call("$mergeObjects", *objects).items()) == list(aggregate.finalize(state).items())
