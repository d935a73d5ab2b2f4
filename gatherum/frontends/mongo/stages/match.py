"""$match."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.query import parse_query
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.plan.nodes import Filter, Node
from gatherum.types.values import Value, type_name


@stage("$match", examples=[
    ([{"a": 1}, {"a": 5}, {"a": "5"}], {"a": {"$gt": 2}}, [{"a": 5}]),
    ([{"a": [1, 2]}, {"a": 2}, {"b": 2}], {"a": 2}, [{"a": [1, 2]}, {"a": 2}]),
    ([{"a": None}, {"a": 1}, {}], {"a": None}, [{"a": None}, {}]),
    ([{"a": "x1"}, {"a": "y1"}], {"$or": [{"a": {"$regex": "^X", "$options": "i"}}, {"b": 1}]}, [{"a": "x1"}]),
    ([{"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}, {"c": 2}]}], {"a": {"$elemMatch": {"b": 1, "c": 2}}},
     [{"a": [{"b": 1, "c": 2}]}]),
    ([{"a": 1, "b": 2}, {"a": 3, "b": 2}], {"$expr": {"$gt": ["$a", "$b"]}}, [{"a": 3, "b": 2}]),
])
def match(argument: Value, input: Node, context: Context) -> Node:
    """The documents for which a query holds.

    A field that holds an array matches where the array or one of its elements does. `$and`, `$or` and `$nor` combine
    queries, `$not` and `$elemMatch` the operators of a field, and `$expr` is true as an expression is.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"the match filter must be an object, not {type_name(argument)}", 15959)
    return Filter(input, parse_query(argument, context.names))
