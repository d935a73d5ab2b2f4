"""Short ways to write plans down."""

from gatherum.optimizer.context import Context
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    Call,
    Literal,
    MakeDocument,
    Matches,
    Variable,
    field,
)
from gatherum.plan.nodes import (
    Group,
    Project,
    Projection,
    Scan,
    Sort,
    SortKey,
)

ACCEPTING = Context(accepts=dict.fromkeys(("one", "two"), frozenset({"fields", "filter", "limit"})))
ONE, TWO = Scan("one"), Scan("two")


def path(text):
    return tuple(text.split("."))


def asks(text, predicate, argument):
    return Matches(Variable(ROOT), path(text), predicate, Literal(argument))


def get(text):
    return field(*path(text))


def call(name, *arguments):
    return Call(name, tuple(a if a is None or not isinstance(a, str | int) else Literal(a) for a in arguments))


def only(input, *kept, **computed):
    return Project(input, "only", (*[Projection(path(name), "keep") for name in kept],
                                   *[Projection((name,), value) for name, value in computed.items()]))


def add(input, **computed):
    return Project(input, "add", tuple(Projection(path(name.replace("__", ".")), v) for name, v in computed.items()))


def without(input, *names):
    return Project(input, "without", tuple(Projection(path(name), "drop") for name in names))


def sort(input, *names, limit=None):
    return Sort(input, tuple(SortKey(path(name.removeprefix("-")), name.startswith("-")) for name in names), limit)


def group(input, key, **aggregates):
    return Group(input, key, tuple((name, AggregateCall(f"${function}", argument))
                                   for name, (function, argument) in aggregates.items()))


A1 = asks("a", "$eq", 1)
B_BIG = asks("b", "$gt", 0)
MAY_RAISE = call("$gt", call("$divide", 6, get("b")), 1)
BY_A_AND_B = MakeDocument((("a", get("a")), ("n", get("b.a"))))
