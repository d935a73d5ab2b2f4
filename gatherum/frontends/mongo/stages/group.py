"""$group."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.accumulators import parse_accumulators
from gatherum.frontends.mongo.expressions import Names, parse_expression
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.expressions import Call, Expression, Literal, MakeDocument
from gatherum.plan.nodes import Group, Node
from gatherum.types.values import Value, is_number, is_string, type_name


@stage("$group", examples=[
    ([{"a": 1, "b": 2}, {"a": 1, "b": 3}], {"_id": "$a", "n": {"$sum": "$b"}}, [{"_id": 1, "n": 5}]),
    ([{"a": 1}, {"a": None}, {}], {"_id": None, "n": {"$count": {}}}, [{"_id": None, "n": 3}]),
    ([], {"_id": None, "n": {"$count": {}}}, []),
])
def group(argument: Value, input: Node, context: Context) -> Node:
    """One document for each value of `_id`, with the accumulators of the other fields.

    `_id` is an expression; a constant makes one group of all documents, and a missing value counts as null. Numbers
    are one key whatever their type. Documents come in an order that is the same every time, but has no meaning.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"the specification must be an object, not {type_name(argument)}", 15947)
    aggregates = parse_accumulators({name: value for name, value in argument.items() if name != "_id"}, context.names)
    if "_id" not in argument:
        raise PipelineError("the specification must include an _id", 15955)
    try:
        return Group(input, _parse_key(argument["_id"], context.names), aggregates)
    except PipelineError as error:
        raise error.within("_id") if not error.places else error from None


def _parse_key(value: Value, names: Names) -> Expression:
    """The key; as in MongoDB an array is a constant, and the only field of an object is null where it is missing."""
    if isinstance(value, dict) and value:
        if not next(iter(value)).startswith("$") and any(is_number(v) or isinstance(v, bool) for v in value.values()):
            raise PipelineError("an inclusion such as {a: 1} is no key: write {$literal: 1} for a constant", 17390)
        key = parse_expression(value, names)
        if isinstance(key, MakeDocument) and len(key.items) == 1:
            (name, item), = key.items
            return MakeDocument(((name, Call("$ifNull", (item, Literal(None)))),))
        return key
    return parse_expression(value, names) if is_string(value) else Literal(value)
