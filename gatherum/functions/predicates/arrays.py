"""$size: how long an array is."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.functions.predicate import Test, predicate
from gatherum.functions.predicates.modulo import truncated
from gatherum.types.order import equal
from gatherum.types.values import Value, is_number, type_name


@predicate("$size", reach="whole", of_type=True, examples=[
    ([1, 2], 2, True), ([], 0, True), ([[1, 2]], 2, False), ("ab", 2, False)])
def has_size(argument: Value) -> Test:
    """True for an array with as many elements as the argument says, a whole number of at least 0."""
    if not is_number(argument):
        raise PipelineError(f"$size needs a number, not {type_name(argument)}", 2)
    size = truncated(argument)
    if size is None or not equal(size, argument):
        raise PipelineError(f"$size needs a whole number within 64 bits, not {argument}", 2)
    if size < 0:
        raise PipelineError(f"$size must not be negative: {argument}", 2)
    return lambda value: type(value) is list and len(value) == size
