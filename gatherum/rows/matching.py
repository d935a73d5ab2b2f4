"""Query predicates over documents: how a path of $match looks into arrays.

Below an array met on the way, a path goes on in each element that is a document, and in the element whose position
the next name is. An array at the end of the path is seen whole and, by predicates that reach `each`, element by
element too, unless a position picked it. A document without the field is seen as `MISSING`; an element that is no
document is not seen.
"""

from __future__ import annotations

from collections.abc import Callable

from gatherum.functions.operator import Evaluator, Frame
from gatherum.functions.predicate import Test
from gatherum.functions.registry import predicates
from gatherum.plan.expressions import Path
from gatherum.types.values import MISSING, Document, Value

Matcher = Callable[[Document, Frame], bool]


def compile_matches(of: Evaluator | None, path: Path, name: str, argument: Value) -> Matcher:
    """A function that tells whether a predicate holds; `of` gives what the path starts from (None: the document).

    An empty path is that value itself, which is then not looked into.
    """
    predicate = predicates()[name]
    if predicate.negates:
        opposite = compile_matches(of, path, predicate.negates, argument)
        return lambda document, frame: not opposite(document, frame)
    test = predicate.prepare(argument)
    each = predicate.reach == "each"
    if of is None and len(path) == 1:
        return _on_field(path[0], test, each)
    search = _Search(path, each).any_below
    if of is None:
        return lambda document, frame: search(document, 0, test)
    if not path:
        return lambda document, frame: test(of(document, frame))
    return lambda document, frame: search(_as_document(of(document, frame)), 0, test)


def _on_field(name: str, test: Test, each: bool) -> Matcher:
    def matches(document: Document, frame: Frame) -> bool:
        value = document.get(name, MISSING)
        if each and type(value) is list:
            return _any_of(value, test)
        return test(value)
    return matches


def _any_of(array: list[Value], test: Test) -> bool:
    """True where the test holds for an element or for the array itself."""
    for item in array:
        if test(item):
            return True
    return test(array)


def _as_document(value: Value) -> Value:
    """An array as a document whose names are the positions, as $elemMatch sees an array among the elements."""
    return {str(index): item for index, item in enumerate(value)} if type(value) is list else value


class _Search:
    """Looks along a path for a value that passes a test."""

    __slots__ = ("each", "names", "positions")

    def __init__(self, path: Path, each: bool) -> None:
        self.names = path
        self.positions = [int(name) if name.isdecimal() and str(int(name)) == name else -1 for name in path]
        self.each = each

    def any_below(self, value: Value, start: int, test: Test) -> bool:
        """Whether the test holds for some value at `names[start:]` below `value`."""
        names = self.names
        for index in range(start, len(names)):
            if type(value) is dict:
                value = value.get(names[index], MISSING)
            elif type(value) is list:
                return self.any_inside(value, index, test)
            else:
                return test(MISSING)
        if self.each and type(value) is list:
            return _any_of(value, test)
        return test(value)

    def any_inside(self, array: list[Value], start: int, test: Test) -> bool:
        """Whether the test holds for some value at `names[start:]` below the elements of an array."""
        position = self.positions[start]
        for item in array:
            if type(item) is dict and self.any_below(item, start, test):
                return True
        if not 0 <= position < len(array):
            return False
        picked = array[position]
        if start + 1 == len(self.names):
            return test(picked)
        if type(picked) is list:
            return self.any_inside(picked, start + 1, test)
        return type(picked) is dict and self.any_below(picked, start + 1, test)


def values_at(value: Value, path: Path) -> list[Value]:
    """Every value that a query path reaches, arrays at its end as they are; `MISSING` for documents without it.

    >>> values_at({"a": [{"b": 1}, {}, 2, {"b": [3]}]}, ("a", "b"))
    [1, MISSING, [3]]
    """
    found: list[Value] = []

    def collect(reached: Value) -> bool:
        found.append(reached)
        return False
    _Search(path, each=False).any_below(value, 0, collect)
    return found


def compile_any_element(of: Evaluator | None, path: Path, slot: int, test: Matcher) -> Matcher:
    """A function that tells whether the array at `path` has an element for which `test` is true.

    The element is in the frame at `slot` while `test` runs.
    """
    search = _Search(path, each=False).any_below

    def matches(document: Document, frame: Frame) -> bool:
        def has_element(found: Value) -> bool:
            if type(found) is list:
                for item in found:
                    frame[slot] = item
                    if test(document, frame):
                        return True
            return False
        start = document if of is None else of(document, frame)
        return search(_as_document(start) if path else start, 0, has_element)
    return matches
