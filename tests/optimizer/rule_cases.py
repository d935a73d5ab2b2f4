"""Plans that show what each rule does, and what it leaves alone: the cases of the golden files."""

from gatherum.optimizer.context import Context
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    And,
    Call,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
    field,
)
from gatherum.plan.nodes import (
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Project,
    Projection,
    ReplaceRoot,
    Sample,
    Scan,
    Shared,
    Skip,
    Sort,
    SortKey,
    Union,
    Unwind,
)
from gatherum.types.values import MISSING

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

CASES = {
    "fold_constants": {
        "constant operators": only(ONE, x=call("$add", 1, call("$add", 2, 3)),
                                   y=call("$add", get("a"), call("$add", 1, 1))),
        "arrays and documents stay where they leave the expression": add(
            ONE, x=MakeArray((Literal(1), call("$add", 1, 1))),
            y=call("$in", get("a"), MakeArray((Literal(1), Literal(2))))),
        "conjunctions": only(ONE, x=And((get("a"), Literal(True))), y=And((get("a"), Literal(0))),
                             z=Or((get("a"), Literal(1)))),
        "chosen branches": add(ONE, x=Call("$cond", (Literal(True), get("a"), get("b"))),
                               y=Call("$ifNull", (Literal(None), get("a"), Literal(1), get("b")))),
        "switch does not look behind a true case": add(ONE, x=Call("$switch", (
            Literal(False), call("$divide", 1, 0), get("a"), Literal("a"), Literal(True), Literal("b"),
            call("$divide", 1, 0), Literal("c"), Literal("d")))),
        "errors wait in plans that may not run": Lookup(ONE, only(TWO, x=call("$divide", 1, 0)), ("c",)),
        "bodies": add(ONE, x=Call("$map", (get("a"), Lambda(("this",), call("$add", 1, 2))))),
        "in branches of a facet": Facet(ONE, ("f",), (only(Shared(), x=call("$add", 1, 1)),)),
    },
    "drop_no_ops": {
        "always true": Filter(Filter(ONE, And(())), Literal(1)),
        "nothing to skip, add or drop": Skip(add(without(ONE)), 0),
        "sorted twice": sort(sort(ONE, "a", "-b"), "a", "-b"),
        "sorted twice in different ways": sort(sort(ONE, "a"), "b"),
        "always false": Filter(ONE, Literal(None)),
        "few rows": Limit(group(ONE, Literal(None), n=("sum", get("a"))), 1),
        "fewer rows": Limit(Skip(Limit(ONE, 3), 1), 2),
        "too many rows": Limit(Skip(Limit(ONE, 3), 1), 1),
    },
    "merge_filters": {
        "two": Filter(Filter(ONE, A1), B_BIG),
        "parts that stand twice": Filter(Filter(ONE, And((A1, B_BIG))), And((B_BIG, asks("c", "$exists", True)))),
        "nested conjunctions": Filter(ONE, And((A1, And((B_BIG, And((A1,))))))),
    },
    "push_filter_below_project": {
        "kept and renamed": Filter(only(ONE, "a", x=get("b"), y=get("b.a")), And((
            asks("a", "$eq", 1), asks("x.a", "$gt", 0), asks("y", "$eq", 1)))),
        "computed": Filter(only(ONE, "a", x=call("$ifNull", get("b"), 0)), And((A1, asks("x", "$eq", 0)))),
        "not kept": Filter(only(ONE, "a"), B_BIG),
        "beside an added field": Filter(add(ONE, x=MakeArray((get("a"),))), And((A1, asks("x", "$size", 1)))),
        "beside a nested computed field": Filter(add(ONE, a__b=Literal(1)), And((asks("a.a", "$eq", 1), B_BIG))),
        "below a kept nested path": Filter(only(ONE, "a.b"), And((asks("a.b", "$eq", 1), asks("a.b.0", "$eq", 1)))),
        "dropped": Filter(without(ONE, "a"), And((A1, B_BIG))),
        "a part that may raise": Filter(only(ONE, "a", "b"), And((A1, MAY_RAISE))),
        "a part that may raise behind one that stays": Filter(
            add(ONE, x=MakeArray((get("b"),))), And((asks("x", "$ne", 0), MAY_RAISE, A1))),
        "a part that may raise above what may raise": Filter(add(ONE, x=call("$size", get("a"))), And((MAY_RAISE, A1))),
        "the whole document": Filter(only(ONE, "a"), call("$eq", Variable(ROOT), get("a"))),
        "a missing value": Filter(add(ONE, x=Literal(MISSING)), asks("x", "$exists", False)),
    },
    "push_filter_below_replace_root": {
        "a field": Filter(ReplaceRoot(ONE, get("a")), And((asks("b", "$eq", 1), asks("a.b", "$gt", 0)))),
        "a document": Filter(ReplaceRoot(ONE, MakeDocument((("x", get("a")), ("y", call("$ifNull", get("b"), 0))))),
                             And((asks("x", "$eq", 1), asks("y", "$eq", 0)))),
        "anything else": Filter(ReplaceRoot(ONE, Call("$mergeObjects", (get("a"), get("b")))), A1),
    },
    "push_filter_below_unwind": {
        "beside the path": Filter(Unwind(ONE, ("a",)), And((A1, B_BIG))),
        "beside the index": Filter(Unwind(ONE, ("a",), "b", True), And((asks("c", "$eq", 1), B_BIG))),
        "a part that may raise": Filter(Unwind(ONE, ("a",)), MAY_RAISE),
    },
    "push_filter_below_sort": {
        "all of it": Filter(sort(ONE, "-a"), B_BIG),
        "a sort that chooses": Filter(sort(ONE, "-a", limit=2), B_BIG),
        "a part that may raise": Filter(sort(ONE, "a"), And((B_BIG, MAY_RAISE))),
    },
    "push_filter_below_group": {
        "a field as key": Filter(group(ONE, get("a"), n=("sum", get("b"))), And((
            asks("_id", "$gt", 1), asks("n", "$gt", 0), asks("_id.b", "$eq", 1)))),
        "a compound key": Filter(group(ONE, BY_A_AND_B, n=("sum", Literal(1))), And((
            asks("_id.a", "$in", [1, None]), Or((asks("_id.n", "$exists", True), asks("_id.a", "$eq", 2))),
            asks("_id.x", "$exists", False)))),
        "null and missing": Filter(group(ONE, get("a")), And((
            asks("_id", "$eq", None), asks("_id", "$exists", True), Not(asks("_id", "$lte", None))))),
        "the type of the key": Filter(group(ONE, get("a")), asks("_id", "$type", "int")),
        "a computed key": Filter(group(ONE, call("$ifNull", get("a"), 0)), asks("_id", "$eq", 1)),
    },
    "push_filter_below_lookup": {
        "beside the partners": Filter(Lookup(ONE, TWO, ("c",), ("a",), ("a",)), And((A1, asks("c", "$size", 1)))),
    },
    "push_filter_into_union": {
        "both inputs": Filter(Union(ONE, TWO), A1),
        "a part that may raise": Filter(Union(ONE, TWO), MAY_RAISE),
    },
    "push_filter_into_scan": {
        "what cannot raise": Filter(ONE, And((A1, MAY_RAISE, B_BIG))),
        "not with variables": Filter(ONE, call("$eq", get("a"), Variable("v"))),
        "not under a limit": Filter(Scan("one", limit=2), A1),
        "a source that does not care": Filter(Scan("three"), A1),
    },
    "limit_before_first": {
        "all rows": group(sort(ONE, "a"), Literal(None), x=("first", get("b"))),
        "one row already": group(add(Skip(Limit(ONE, 2), 1), a=get("b")), Literal(None), x=("first", get("a"))),
        "by key": group(sort(ONE, "a"), get("a"), x=("first", get("b"))),
        "a value that may raise": group(sort(ONE, "a"), Literal(None), x=("first", call("$divide", 1, get("b")))),
        "not the last": group(sort(ONE, "a"), Literal(None), x=("first", get("b")), y=("last", get("b"))),
    },
    "merge_limits": {
        "limits": Limit(Limit(Limit(ONE, 3), 2), 5),
        "skips": Skip(Skip(ONE, 1), 2),
        "a limit above a skip": Limit(Skip(ONE, 1), 2),
        "more than can be counted": Limit(Skip(ONE, 2**63 - 1), 2),
    },
    "push_limit_below_project": {
        "one row of each": Limit(add(ReplaceRoot(Lookup(ONE, TWO, ("c",), ("a",), ("a",)),
                                                 MakeDocument((("a", get("c")),))), x=get("a")), 2),
        "skips": Skip(only(ONE, "a"), 1),
        "not below an unwind": Limit(Unwind(ONE, ("a",)), 1),
    },
    "limit_sort": {
        "the first rows": Limit(sort(ONE, "-a", "b"), 2),
        "of the first rows": Limit(sort(ONE, "-a", limit=3), 2),
        "in a facet": Facet(ONE, ("f",), (Limit(sort(Shared(), "a"), 1),)),
    },
    "push_limit_into_scan": {
        "the scan": Limit(ONE, 2),
        "not past a filter": Limit(Filter(Scan("one", filter=A1), A1), 2),
        "not into the rows that a lookup matches": Lookup(ONE, Limit(TWO, 1), ("c",), ("a",), ("a",)),
        "a lookup that matches none": Lookup(ONE, Limit(TWO, 1), ("c",)),
    },
    "push_limit_into_union": {
        "both inputs": Limit(Union(ONE, TWO), 2),
        "inputs that have fewer": Limit(Union(Limit(ONE, 2), Limit(TWO, 3)), 2),
        "not past a filter": Limit(Filter(Union(ONE, TWO), A1), 2),
        "unions of unions": Limit(Union(Union(ONE, TWO), sort(ONE, "a")), 3),
    },
    "push_limit_below_unwind": {
        "rows without elements are kept": Limit(Unwind(ONE, ("a",), None, True), 2),
        "rows without elements are dropped": Limit(Unwind(ONE, ("a",)), 2),
        "few rows": Limit(Unwind(Limit(ONE, 2), ("a",), "i", True), 2),
    },
    "push_limit_below_facet": {
        "all branches": Facet(ONE, ("f", "g"), (group(Limit(Shared(), 2), get("a")), Limit(Shared(), 3))),
        "some branches": Facet(ONE, ("f", "g"), (Limit(Shared(), 2), group(Shared(), get("a")))),
        "a limit of other rows": Facet(ONE, ("f",), (Limit(Filter(Shared(), A1), 2),)),
        "few rows": Facet(Limit(ONE, 2), ("f",), (Limit(Shared(), 2),)),
    },
    "drop_sort_before_group": {
        "all rows": group(add(sort(ONE, "a"), x=get("b")), Literal(None), n=("sum", get("x"))),
        "an ordered aggregate": group(sort(ONE, "a"), Literal(None), n=("push", get("b"))),
        "which of equal keys comes first": group(sort(ONE, "a"), get("a"), n=("sum", get("b"))),
        "equal keys are the same": group(sort(ONE, "a"), call("$toUpper", get("a")), n=("sum", get("b"))),
        "chosen rows": group(sort(ONE, "a", limit=2), Literal(None), n=("sum", get("b"))),
        "a sample depends on order": group(Sample(sort(ONE, "a"), 2), Literal(None), n=("sum", get("b"))),
    },
    "merge_sort_into_group": {
        "all rows": group(sort(ONE, "-a"), Literal(None), x=("first", get("b")), n=("sum", get("c"))),
        "several values of one row": group(sort(ONE, "a", "-b.a"), Literal(None), x=("first", get("b")),
                                           y=("first", get("c")), z=("last", get("c")), n=("max", get("c"))),
        "equal keys are the same": group(sort(ONE, "b"), call("$type", get("a")), x=("last", get("c"))),
        "which of equal keys comes first": group(sort(ONE, "b"), get("a"), bottom=("last", get("c"))),
        "of a part of the key": group(sort(ONE, "b"), MakeDocument((("t", call("$type", get("a"))), ("a", get("a")))),
                                      top=("first", get("c")), x=("last", get("b.a"))),
        "without first and last": group(sort(ONE, "b"), get("a"), n=("sum", get("c"))),
        "below other nodes": group(add(Unwind(only(sort(ONE, "b"), "a", "b", x=get("c")), ("a",)), y=get("a")),
                                   Literal(None), x=("first", get("y"))),
        "an aggregate that needs the order": group(sort(ONE, "a"), Literal(None), x=("last", get("b")),
                                                   y=("push", get("c"))),
        "not where keys are replaced": group(add(sort(ONE, "a.b"), a=get("b")), Literal(None), x=("last", get("b"))),
        "not where keys are unwound": group(Unwind(sort(ONE, "a"), ("a",)), Literal(None), x=("last", get("b"))),
        "not where parts of keys are dropped": group(only(sort(ONE, "a.b"), "a.b", "b"), Literal(None),
                                                     x=("last", get("b"))),
        "chosen rows": group(sort(ONE, "a", limit=2), Literal(None), x=("last", get("b"))),
    },
    "merge_projection_into_group": {
        "computed once": group(add(ONE, x=call("$multiply", get("a"), get("b"))), get("c"), s=("sum", get("x"))),
        "computed for the key": group(add(ONE, x=call("$type", get("a"))), get("x"), n=("sum", Literal(1))),
        "read twice": group(add(ONE, x=call("$type", get("a"))), get("x"), s=("addToSet", get("x"))),
        "read twice, a field": group(add(ONE, x=get("a.b")), get("x.c"), s=("addToSet", get("x"))),
        "read in a lambda": group(add(ONE, x=call("$type", get("a"))), Literal(None), s=("push", call(
            "$map", get("b"), Lambda(("this",), get("x"))))),
        "missing": group(add(ONE, a=Literal(MISSING)), MakeDocument((("a", get("a")),)), s=("push", get("a"))),
        "a constant in what may raise": group(add(ONE, x=Literal("x")), Literal(None), s=("sum", call(
            "$abs", get("x")))),
        "both may raise": group(add(ONE, x=call("$abs", get("a"))), call("$abs", get("b")), s=("sum", get("x"))),
        "the aggregate may raise": group(add(ONE, x=call("$abs", get("a"))), get("b"), m=("mergeObjects", get("x"))),
        "the whole document": group(add(ONE, x=call("$type", get("a"))), get("b"), d=("first", Variable(ROOT))),
        "chosen": group(only(ONE, "a", x=call("$type", get("b"))), get("a.c"), s=("max", get("x"))),
        "not chosen": group(only(ONE, "a"), get("a"), s=("max", get("b"))),
        "dropped": group(without(ONE, "b"), get("a"), n=("sum", Literal(1))),
        "nested": group(add(ONE, a__x=call("$type", get("a"))), get("b"), s=("push", get("a.x"))),
        "beside nested": group(add(ONE, a__x=call("$type", get("a"))), get("b"), s=("push", get("c"))),
    },
    "merge_projections": {
        "added": add(add(ONE, x=get("a")), y=call("$ifNull", get("x"), get("b"))),
        "added to what is added at cost": add(add(ONE, x=call("$ifNull", get("a"), 1)), y=get("x")),
        "added over the same field": add(add(ONE, x=get("a")), x=get("b")),
        "added to the chosen": add(only(ONE, "a", x=get("b")), y=get("a.b")),
        "chosen again": only(only(ONE, "a", "b", x=call("$ifNull", get("a"), 0), y=get("b")), "x", "a", z=get("y")),
        "a path below a path": only(only(ONE, x=get("a.b"), y=get("a")), x=get("x.c"), y=get("y.b")),
        "chosen below": only(only(ONE, "a.b", "b"), "a"),
        "chosen beside": only(only(ONE, "a.b"), "a.a"),
        "nothing left": only(only(ONE, "a"), "b"),
        "dropped": without(without(ONE, "a.b", "b"), "a"),
        "chosen from the added": only(add(ONE, a=get("b")), "a", "b"),
    },
    "prune_columns": {
        "group": group(Filter(ONE, asks("b.a", "$gt", 0)), get("a"), n=("sum", get("c.b"))),
        "computed and not read": group(add(ONE, x=call("$ifNull", get("a"), 0), y=get("b")), get("y")),
        "nothing is read": group(only(ONE, "a", "b"), Literal(None), n=("sum", Literal(1))),
        "everything": Filter(ONE, A1),
        "the order of fields shows": only(add(ONE, b=get("c")), "a", "b"),
        "the order of fields does not show": group(add(ONE, b=get("c")), get("b")),
        "nested values need what holds them": only(add(ONE, a__b=get("c")), "a.b"),
        "a field that is not there": only(only(ONE, "a"), "b"),
        "lookups": only(Lookup(Lookup(ONE, only(TWO, "a"), ("c",), ("a",), ("b",)), TWO, ("d",), ("b",), ("a",)), "c"),
        "fields of partners": only(Lookup(ONE, TWO, ("c",), ("a",), ("b",)), "b", x=get("c.a")),
        "partners by position": only(Lookup(ONE, TWO, ("c",), ("a",), ("b",)), x=get("c.0.a")),
        "fields of partners by a plan of their own": group(
            Lookup(ONE, add(sort(TWO, "b"), x=get("c")), ("c", "d")), get("c.d.x")),
        "facets": Facet(ONE, ("f", "g"), (group(Shared(), get("a")), only(Shared(), "b"))),
        "unwinds, sorts and positions": only(sort(Unwind(ONE, ("a", "b"), "i"), "b.a"), "i", x=get("c.0")),
        "fields of elements": group(Unwind(ONE, ("a",), "i", True), get("a.b"), x=("first", get("a.c.b"))),
        "nested positions in elements": group(Unwind(ONE, ("a",), "a.i"), get("a.b")),
        "unions": group(Union(ONE, TWO), get("a")),
        "dropped fields": group(without(ONE, "a", "b"), get("b")),
        "no more than presence": group(
            Filter(Filter(ONE, And((asks("a", "$exists", True), asks("c.b", "$type", "int"), asks("b", "$eq", None)))),
                   asks("c.0", "$exists", True)), get("a.b"), n=("sum", get("d"))),
        "presence of partners": only(
            Filter(Lookup(ONE, TWO, ("c",), ("a",), ("b",)), asks("c", "$type", "object")), "b"),
        "the whole document": ReplaceRoot(only(ONE, "a"), MakeDocument((("x", Variable(ROOT)),))),
    },
}

CORNERS = [
    {}, {"a": 1}, {"a": 1.0, "b": 2}, {"a": None, "b": None}, {"b": 1, "a": 1, "c": {"b": 3}},
    {"a": [1, {"b": [{"c": 2}]}, [2]], "b": {"a": 1}}, {"a": [], "b": 0},
    {"a": {"b": [1, 2], "a": 1}, "b": 3, "c": [{"b": 1}]},
    {"a": [{"b": 1}, {"b": 2}], "b": [0, 1]}, {"_id": 5, "a": "x", "b": -1, "d": 7, "x": 1, "y": 2},
    {"a": {"b": {"a": 1}}}, {"a": {"b": 1}, "b": {"a": [1, {"a": 2}]}, "c": [None, {"0": 1}]},
]
