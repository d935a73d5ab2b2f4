"""Plans, expressions and documents that the optimizer's rules have something to do with, and their execution."""

from bson import Int64
from hypothesis import strategies as st
from running import query_context, written

from gatherum.errors import GatherumError
from gatherum.executors.local import LocalExecutor
from gatherum.physical.lower import lower
from gatherum.plan.expressions import (
    ROOT,
    AggregateCall,
    And,
    AnyElement,
    Call,
    Get,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
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
from gatherum.rows.interpreter import Run, interpret
from gatherum.sources.columns import columnar
from gatherum.sources.memory import MemorySource
from gatherum.types.values import MISSING

ROOT_DOCUMENT = Variable(ROOT)
NAMES = ("_id", "a", "b", "c")
names = st.sampled_from(NAMES)
paths = st.one_of(names.map(lambda name: (name,)), st.tuples(names, st.sampled_from(("a", "b", "0"))))

scalars = st.sampled_from((None, 0, 1, 1.0, Int64(1), 2, -3, True, "x", "y", ""))
values = st.recursive(scalars, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("a", "b", "0")), inner, max_size=2)), max_leaves=5)
documents = st.dictionaries(names, values, max_size=4)
rows = st.lists(documents, max_size=6)
many_rows = st.lists(st.fixed_dictionaries({"a": values, "b": values}, optional={"_id": scalars, "c": values}),
                     min_size=2, max_size=6)


def _calls(inner):
    return st.one_of(
        st.builds(lambda name, x, y: Call(name, (x, y)), st.sampled_from(("$add", "$divide", "$eq", "$gt", "$ifNull")),
                  inner, inner),
        st.builds(lambda x: Call("$size", (x,)), inner),
        st.builds(lambda x, y, z: Call("$cond", (x, y, z)), inner, inner, inner),
        st.builds(lambda x, y: Call("$map", (x, Lambda(("this",), y))), inner,
                  st.one_of(inner, st.just(Variable("this")))),
        st.builds(lambda x, y: MakeArray((x, y)), inner, inner),
        st.builds(lambda x, y: MakeDocument((("a", x), ("b", y))), inner, inner),
        st.builds(lambda x: Not(x), inner))


fields = st.builds(Get, st.just(ROOT_DOCUMENT), paths)
trivial = st.one_of(fields, fields, scalars.map(Literal), st.just(Literal(MISSING)), st.just(ROOT_DOCUMENT),
                    st.just(Variable("NOW")))
expressions = st.recursive(trivial, _calls, max_leaves=4)

_asks = st.one_of(
    st.tuples(st.sampled_from(("$eq", "$ne", "$gt", "$lte")), scalars),
    st.tuples(st.sampled_from(("$in", "$nin")), st.lists(scalars, max_size=2)),
    st.tuples(st.just("$exists"), st.booleans()),
    st.tuples(st.just("$type"), st.sampled_from(("int", "array", "null"))),
    st.tuples(st.just("$size"), st.integers(0, 2)))
matches = st.builds(lambda path, ask: Matches(ROOT_DOCUMENT, path, ask[0], Literal(ask[1])), paths, _asks)
elements = st.builds(
    lambda path, ask, inner: AnyElement(ROOT_DOCUMENT, path, Lambda(("this",), Matches(Variable("this"), inner, ask[0],
                                                                                      Literal(ask[1])))),
    paths, _asks, st.sampled_from(((), ("a",))))
predicates = st.recursive(st.one_of(matches, matches, elements, expressions), lambda inner: st.one_of(
    st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
    st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))), inner.map(Not)), max_leaves=4)


def _apart(projections):
    """Leaves out paths that collide with earlier ones."""
    kept = []
    for projection in projections:
        path = projection.path
        if not any(path[:len(p.path)] == p.path or p.path[:len(path)] == path for p in kept):
            kept.append(projection)
    return tuple(kept)


_kept = st.builds(Projection, paths, st.just("keep"))
_dropped = st.builds(Projection, paths, st.just("drop"))
_computed = st.builds(Projection, paths, st.one_of(expressions, trivial))
_only = st.lists(st.one_of(_kept, _kept, _computed), min_size=1, max_size=4).map(_apart)
_add = st.lists(_computed, max_size=3).map(_apart)
_without = st.lists(_dropped, max_size=2).map(_apart)
_arguments = st.one_of(fields, expressions)
_calls_of_aggregates = st.builds(
    AggregateCall, st.sampled_from(("$sum", "$min", "$max", "$first", "$last", "$push", "$addToSet", "$avg")),
    _arguments)
_aggregates = st.lists(_calls_of_aggregates, max_size=3).map(
    lambda calls: tuple((name, call) for name, call in zip(("a", "b", "c"), calls, strict=False)))
_group_keys = st.one_of(fields, fields, st.just(Literal(None)), expressions,
                        st.builds(lambda x, y: MakeDocument((("a", x), ("b", y))), fields, fields))
_sort_keys = st.lists(st.builds(SortKey, paths, st.booleans()), min_size=1, max_size=2, unique_by=lambda k: k.path).map(
    tuple)
_indexes = st.sampled_from((None, None, "b", "c.a"))


def _steps(input):
    return st.one_of(
        st.builds(Filter, input, predicates), st.builds(Filter, input, predicates), st.builds(Filter, input, matches),
        st.builds(Project, input, st.just("only"), _only), st.builds(Project, input, st.just("add"), _add),
        st.builds(Project, input, st.just("without"), _without),
        st.builds(ReplaceRoot, input, st.one_of(fields, st.builds(
            lambda x, y: MakeDocument((("a", x), ("c", y))), expressions, expressions))),
        st.builds(Group, input, _group_keys, _aggregates), st.builds(Sort, input, _sort_keys),
        st.builds(Sort, input, _sort_keys), st.builds(Limit, input, st.integers(1, 4)),
        st.builds(Limit, input, st.integers(1, 4)), st.builds(Skip, input, st.integers(0, 2)),
        st.builds(Sample, input, st.integers(1, 3)), st.builds(Unwind, input, paths, _indexes, st.booleans()),
        st.builds(Union, input, _sources), st.builds(Lookup, input, _others, paths, paths, paths),
        st.builds(Lookup, input, _correlated, paths, st.none(), st.none(), st.builds(
            lambda x: (("v", x),), trivial)),
        st.builds(lambda input, x, y: Facet(input, ("a", "b"), (x, y)), input, _branches, _branches))


_sources = st.sampled_from((Scan("one"), Scan("two")))


def _few_steps(start):
    return st.one_of(start, st.builds(Filter, start, predicates), st.builds(Project, start, st.just("only"), _only),
                     st.builds(Limit, start, st.integers(1, 3)), st.builds(
                         lambda input, keys: Limit(Sort(input, keys), 2), start, _sort_keys),
                     st.builds(Group, start, _group_keys, _aggregates))


_others = _few_steps(_few_steps(_sources))
_branches = _few_steps(_few_steps(st.just(Shared())))
_correlated = st.builds(lambda input, predicate, path: Filter(input, And((Matches(
    Variable("v"), (), "$ne", Literal(1)), Call("$eq", (Variable("v"), Get(ROOT_DOCUMENT, path))), predicate))),
    _others, predicates, paths)
plans = st.recursive(_sources, _steps, max_leaves=8)
chains = st.integers(2, 6).flatmap(lambda depth: _nested(depth))


def _nested(depth):
    return _sources if depth == 0 else _steps(_nested(depth - 1))


_calm = st.one_of(trivial, fields, st.builds(lambda x, y: Call("$ifNull", (x, y)), fields, trivial),
                  st.builds(lambda x, y: Call("$eq", (x, y)), fields, trivial),
                  st.builds(lambda x, y: MakeDocument((("a", x), ("b", y))), fields, trivial))
_calm_fields = st.builds(Projection, paths, _calm)
_below = st.one_of(
    st.builds(Project, _sources, st.just("only"), st.lists(st.one_of(_kept, _calm_fields), min_size=1, max_size=4).map(
        _apart)),
    st.builds(Project, _sources, st.just("add"), st.lists(_calm_fields, min_size=1, max_size=3).map(_apart)),
    st.builds(Project, _sources, st.just("without"), st.lists(_dropped, min_size=1, max_size=2).map(_apart)),
    st.builds(ReplaceRoot, _sources, st.builds(lambda x, y: MakeDocument((("a", x), ("c", y))), _calm, _calm)),
    st.builds(Unwind, _sources, paths, _indexes, st.booleans()),
    st.builds(Group, _sources, st.one_of(fields, st.builds(lambda x, y: MakeDocument((("a", x), ("b", y))), fields,
                                                           _calm)), _aggregates),
    st.builds(Lookup, _sources, _others, paths, paths, paths), st.builds(Sort, _sources, _sort_keys),
    st.builds(Union, _sources, _sources), st.builds(Filter, _sources, matches))
_filters = st.lists(st.one_of(matches, matches, elements), min_size=1, max_size=3).map(lambda parts: And(tuple(parts)))


def _above(input):
    return st.one_of(
        st.builds(Filter, input, _filters), st.builds(Filter, input, _filters), st.builds(Limit, input, st.just(2)),
        st.builds(Skip, input, st.just(1)), st.builds(Sort, input, _sort_keys),
        st.builds(Project, input, st.just("only"), st.lists(st.one_of(_kept, _calm_fields), min_size=1, max_size=4).map(
            _apart)),
        st.builds(Project, input, st.just("add"), st.lists(_calm_fields, min_size=1, max_size=3).map(_apart)),
        st.builds(Group, input, st.one_of(st.just(Literal(None)), fields), _aggregates))


_id_paths = st.sampled_from((("_id",), ("_id", "a"), ("_id", "b"), ("_id", "0")))
_id_matches = st.builds(lambda path, ask: Matches(ROOT_DOCUMENT, path, ask[0], Literal(ask[1])), _id_paths, _asks)
_grouped = st.builds(Filter, st.builds(Group, _sources, st.one_of(fields, st.builds(
    lambda x, y: MakeDocument((("a", x), ("b", y))), fields, _calm)), _aggregates),
    st.lists(st.one_of(_id_matches, _id_matches.map(Not), matches), min_size=1, max_size=3).map(
        lambda parts: And(tuple(parts))))
pairs = st.one_of(_above(_below), _above(_above(_below)), _grouped)
"""Short plans in which few rows get lost and little raises."""


def run(plan, sources):
    """The rows of a plan as BSON, or the error. A source gives no more than it is asked for."""
    execution = Run(lambda scan: _read(scan, sources), {"NOW": 1})
    try:
        return written([row for batch in interpret(plan, execution) for row in batch])
    except GatherumError as error:
        return error


def run_columnar(plan, sources, tmp_path, **settings):
    """The same on the columnar engine, over sources as queries have them."""
    read = {name: columnar(MemorySource(documents)) for name, documents in sources.items()}
    try:
        with query_context(tmp_path, variables={"NOW": 1}, **settings) as context:
            batches = LocalExecutor(context, read).run(lower(plan))
            return written([row for batch in batches for row in batch.documents()])
    except GatherumError as error:
        return error


def _read(scan, sources):
    given = sources.get(scan.source, [])
    plan = Scan(scan.source)
    if scan.filter is not None:
        plan = Filter(plan, scan.filter)
    read = [row for batch in interpret(plan, Run(lambda _: [given], {"NOW": 1})) for row in batch][:scan.limit]
    if scan.fields is not None:
        read = [_left(row, set(scan.fields)) for row in read]
    return [read[start:start + 2] for start in range(0, len(read), 2)]


def _left(value, paths):
    """A value of whose documents only the fields at the paths are left."""
    if isinstance(value, list):
        return [_left(item, paths) for item in value]
    if not isinstance(value, dict) or () in paths:
        return value
    below = {name: {path[1:] for path in paths if path[0] == name} for name in value}
    return {name: _left(item, below[name]) for name, item in value.items() if below[name]}
