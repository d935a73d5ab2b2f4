"""Objects: as arrays of their fields, from such arrays, and merged."""

from __future__ import annotations

from gatherum.errors import OperatorError
from gatherum.functions.operator import operator
from gatherum.functions.signature import positional, variadic
from gatherum.types.values import Document, Value, is_nullish, type_name


@operator("$objectToArray", positional("object"), null="null",
          examples=[({"$objectToArray": {"a": 1}}, [{"k": "a", "v": 1}]), ({"$objectToArray": None}, None)])
def object_to_array(object: Value) -> Value:
    """An array with a document `{k: name, v: value}` for each field, in order.

    Null and missing give null, other types than objects an error.
    """
    if is_nullish(object):
        return None
    if type(object) is not dict:
        raise OperatorError(f"$objectToArray takes an object, not {type_name(object)}", 40390)
    return [{"k": name, "v": value} for name, value in object.items()]


@operator("$arrayToObject", positional("array"), null="null",
          examples=[({"$arrayToObject": [[["a", 1], ["b", 2]]]}, {"a": 1, "b": 2}),
                    ({"$arrayToObject": [[{"k": "a", "v": 1}]]}, {"a": 1}), ({"$arrayToObject": [None]}, None)])
def array_to_object(array: Value) -> Value:
    """The document whose fields an array lists, as `[name, value]` or as `{k: name, v: value}`.

    All elements must be of the form of the first. Of a name that stands there twice, the last value counts, at the
    place of the first. Null and missing give null; other types than arrays, and elements of another form, are errors.
    """
    if is_nullish(array):
        return None
    if type(array) is not list:
        raise OperatorError(f"$arrayToObject takes an array, not {type_name(array)}", 40386)
    if not array:
        return {}
    if type(array[0]) is list:
        return dict(_pair(item) for item in array)
    if type(array[0]) is dict:
        return dict(_field(item) for item in array)
    raise OperatorError("$arrayToObject takes an array of [name, value] or of {k: name, v: value}; found an element of "
                        f"type {type_name(array[0])}", 40398)


def _pair(item: Value) -> tuple[str, Value]:
    if type(item) is not list:
        raise OperatorError(f"$arrayToObject: the first element is an array; found {type_name(item)} after it", 40396)
    if len(item) != 2:
        raise OperatorError(f"$arrayToObject: each array must be [name, value]; found one of size {len(item)}", 40397)
    return _name(item[0], 40395, 4940400), item[1]


def _field(item: Value) -> tuple[str, Value]:
    if type(item) is not dict:
        raise OperatorError(f"$arrayToObject: the first element is an object; found {type_name(item)} after it", 40391)
    if len(item) != 2:
        raise OperatorError(f"$arrayToObject: each object must have k and v and nothing else; found {_names(item)}",
                            40392)
    if "k" not in item or "v" not in item:
        raise OperatorError(f"$arrayToObject: each object must have k and v; found {_names(item)}", 40393)
    return _name(item["k"], 40394, 4940401), item["v"]


def _names(item: Document) -> str:
    return ", ".join(item) or "no fields"


def _name(name: Value, no_string: int, null_byte: int) -> str:
    if type(name) is not str:
        raise OperatorError(f"$arrayToObject: a field's name must be a string, not {type_name(name)}", no_string)
    if "\0" in name:
        raise OperatorError(f"$arrayToObject: a field's name may not contain null bytes: {name!r}", null_byte)
    return name


@operator("$mergeObjects", variadic(),
          examples=[({"$mergeObjects": [{"a": 1, "b": 2}, {"a": 3}]}, {"a": 3, "b": 2}),
                    ({"$mergeObjects": [{"a": 1}, None]}, {"a": 1}), ({"$mergeObjects": []}, {})])
def merge_objects(*objects: Value) -> Value:
    """One document of the fields of all; of a name that several have, the last value, at the place of the first.

    A single argument that is an array stands for its elements. Null and missing are passed over; other types than
    objects are errors.
    """
    merged: Document = {}
    for item in objects[0] if len(objects) == 1 and type(objects[0]) is list else objects:
        if type(item) is dict:
            merged.update(item)
        elif not is_nullish(item):
            raise OperatorError(f"$mergeObjects takes objects, not {type_name(item)}", 40400)
    return merged
