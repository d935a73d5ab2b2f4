"""What a query predicate is: an operator of $match such as `{field: {$gt: 5}}`.

A predicate tests one value. Which values along a path it sees is stated by `reach`, because MongoDB's query language
looks into arrays:

- `each`: the value at the path, or, where that is an array, the array itself or any element of it;
- `whole`: the value at the path only (arrays met on the way there are still looked into).

A field that is not there is seen as `MISSING`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from gatherum.records import record
from gatherum.types.values import Value

Test = Callable[[Value], bool]
Reach = Literal["each", "whole"]


@record
class Predicate:
    """One query operator.

    `prepare(argument)` checks the argument, with MongoDB's errors, and returns the test; it is called when the query
    is parsed and again when it is compiled. `negates` names the predicate of which this one is the opposite over
    whole documents (`$ne` is not `$eq`), in place of a test of its own. `of_type`: nothing of a value counts but its
    type and the length of an array, so that of a document no field need be known.
    """

    name: str
    prepare: Callable[[Value], Test]
    reach: Reach
    negates: str
    of_type: bool
    examples: tuple[tuple[Any, Any, bool], ...]

    @property
    def documentation(self) -> str:
        """The docstring of `prepare`."""
        return self.prepare.__doc__ or ""


def predicate(name: str, *, reach: Reach = "each", negates: str = "", of_type: bool = False,
              examples: Sequence[tuple[Any, Any, bool]] = ()) -> Callable[[Callable[[Value], Test]], Predicate]:
    """Defines a predicate; each example is (value of the field, argument, whether it matches)."""
    def define(prepare: Callable[[Value], Test]) -> Predicate:
        return Predicate(name, prepare, reach, negates, of_type, tuple(examples))
    return define
