"""The fields that $group, $bucket and $bucketAuto compute with accumulators, such as `{total: {$sum: "$price"}}`."""

from __future__ import annotations

from collections.abc import Mapping

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Names, parse_expression
from gatherum.frontends.mongo.unknown import hint
from gatherum.functions.registry import aggregates, operators
from gatherum.plan.expressions import AggregateCall, Literal
from gatherum.types.values import Value, type_name


def parse_accumulators(fields: Mapping[str, Value], names: Names) -> tuple[tuple[str, AggregateCall], ...]:
    """The aggregates by the names of their fields; PipelineError, within the field's name, where one is wrong."""
    parsed = []
    for name, written in fields.items():
        try:
            parsed.append((name, parse_accumulator(name, written, names)))
        except PipelineError as error:
            raise error.within(name) from None
    return tuple(parsed)


def parse_accumulator(name: str, written: Value, names: Names) -> AggregateCall:
    """One field and its accumulator."""
    if not isinstance(written, dict) or not written:
        raise PipelineError("must be an accumulator object, such as {$sum: \"$price\"}, not "
                            f"{'an empty object' if written == {} else type_name(written)}", 40234)
    if "." in name:
        raise PipelineError("the name of a computed field cannot contain '.'", 40235)
    if name.startswith("$"):
        raise PipelineError("the name of a computed field cannot begin with '$'", 40236)
    if len(written) != 1:
        raise PipelineError(f"must specify one accumulator; found {', '.join(written)}", 40238)
    (function, argument), = written.items()
    known = aggregates()
    if not function.startswith("$"):
        raise PipelineError(f"must be an accumulator object, such as {{$sum: \"$price\"}}, not one with the field "
                            f"{function!r}", 40234)
    if isinstance(argument, list | tuple):
        raise PipelineError(f"the {function} accumulator is a unary operator: it takes one expression, not an array",
                            40237)
    if (function in operators() or function.startswith("$$")) and function not in known:
        raise PipelineError(f"{function} is an expression, not an accumulator{_hint(function)}", 15952)
    if function not in known or known[function].internal:
        raise PipelineError(f"unknown group operator '{function}'{_hint(function)}", 15952)
    if known[function].accepts_nothing:
        return _without_argument(function, argument)
    try:
        return AggregateCall(function, parse_expression(argument, names))
    except PipelineError as error:
        raise error.within(function) from None


def _hint(function: str) -> str:
    return hint(function, (name for name, known in aggregates().items() if not known.internal))


def _without_argument(function: str, argument: Value) -> AggregateCall:
    if argument != {}:
        raise PipelineError(f"{function} takes no arguments: write {{{function}: {{}}}}", 14)
    return AggregateCall(function, Literal(None))
