"""One query from pipeline to rows: parse, open the sources, optimize, choose the engine, run."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from gatherum.api.inputs import Open
from gatherum.api.peeked import Peekable, Peeked
from gatherum.errors import PipelineError, QueryError, SourceError, depth_limited
from gatherum.frontends.mongo.expressions import Names, check_variable_name, parse_expression
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.functions.registry import nearest
from gatherum.optimizer.context import Context as OptimizerContext
from gatherum.optimizer.driver import Optimized, optimize
from gatherum.plan.analysis import NOTHING, paths_read
from gatherum.plan.nodes import Filter, Limit, Node, Project, ReplaceRoot, Scan, Skip, Union, Unwind
from gatherum.plan.places import Stage, places_of
from gatherum.plan.protocols import Coverage, Source
from gatherum.plan.render import subplans
from gatherum.plan.schema import Types, output_types
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.settings import Settings
from gatherum.sources.arrow_memory import ArrowSource
from gatherum.types.given import bson_value
from gatherum.types.values import Value, type_name

PEEKED_ROWS: Final = 10_000
ROWS_IN_LISTS: Final = 300_000
GROWTH: Final = 8
"""As documents of Python, input may take so many times its size in memory, which the rows engine cannot leave."""
STREAMING: Final = (Filter, Project, ReplaceRoot, Unwind, Skip, Limit)


@dataclass(slots=True)
class Query:
    """A query that is ready to run."""

    plan: Node
    optimized: Optimized
    sources: Mapping[str, Source]
    variables: Mapping[str, Value]
    settings: Settings
    coverage: Coverage
    cancellation: Cancellation
    metrics: OperatorMetrics | None = None
    seconds: float | None = None
    known: OptimizerContext = field(default_factory=OptimizerContext)
    stages: Sequence[Stage] = ()
    planning: float = 0.0
    """The seconds until the first row could be asked for: parsing, opening, optimizing, setting the engine up."""
    prepared: float = field(default_factory=time.monotonic)
    _choice: tuple[str, str] | None = None

    @property
    def engine(self) -> str:
        """The engine, `rows` or `columnar`; a source of unknown size is looked into when it is first asked for."""
        return self._chosen()[0]

    @property
    def why(self) -> str:
        """Why it is that engine."""
        return self._chosen()[1]

    def undecided(self) -> str | None:
        """The source that has to be looked into to choose the engine, where that has not been done."""
        if self._choice is None and self.settings.engine == "auto":
            for name, source in self.sources.items():
                known = source.statistics()
                if known.bytes is None and known.rows is None:
                    return None if source.columnar or _stops_early(self.optimized.plan, name) else name
        return None

    def _chosen(self) -> tuple[str, str]:
        if self._choice is None:
            self._choice = _choose_engine(self)
        return self._choice

    def fields(self) -> Types:
        """The fields of the rows and their types, as far as the pipeline and the sources' schemas tell them."""
        return output_types(self.plan, {name: source.schema() for name, source in self.sources.items()}) or {}


@depth_limited(PipelineError, "the pipeline")
def check(openers: Mapping[str, Open], collection: str | None, pipeline: Any,
          let: Mapping[str, Value] | None = None) -> tuple[Node, Mapping[str, Value], list[Stage]]:
    """The plan of a pipeline, its variables and its stages; nothing is opened. PipelineError where the pipeline is
    wrong, SourceError where it reads a collection that is not there."""
    if isinstance(pipeline, list | tuple):
        pipeline = [_of_bson(stage, f"stage {number}") for number, stage in enumerate(pipeline, 1)]
    variables = {"NOW": _now(), **_let(let or {})}
    names = Names(frozenset(variables) - {"NOW"})
    stages: list[Stage] = []
    plan = parse_pipeline(pipeline, Context(names, collection=collection, made=stages))
    for name in scanned(plan):
        if name not in openers:
            known = f"; there are {', '.join(sorted(openers))}" if openers else ""
            place = ", ".join(_readers(name, stages))
            where = f"{place}: " if place else ""
            raise SourceError(f"{where}there is no collection {name!r}{nearest(name, openers) or known}")
    return plan, variables, stages


def _of_bson(value: Any, place: str) -> Value:
    try:
        return bson_value(value)
    except (TypeError, ValueError) as error:
        raise PipelineError(f"{place}: {error}") from None


@contextmanager
def placed(stages: Sequence[Stage]) -> Iterator[None]:
    """Names the stage in errors that come of a node of the plan."""
    try:
        yield
    except QueryError as error:
        if error.node is not None:
            for place in reversed(places_of(error.node, stages)):
                error.within(place)
            error.node = None
        raise


@depth_limited(PipelineError, "the pipeline")
def prepare(openers: Mapping[str, Open], collection: str | None, pipeline: Any, settings: Settings, *,
            let: Mapping[str, Value] | None = None, max_time_ms: float | None = None) -> Query:
    """Checks a pipeline, opens what it reads and optimizes it; nothing is read yet but what tells formats apart."""
    started = time.perf_counter()
    plan, variables, stages = check(openers, collection, pipeline, let)
    coverage = Coverage()
    sources = {name: openers[name](coverage, settings) for name in dict.fromkeys(scanned(plan))}
    context = OptimizerContext({name: source.statistics() for name, source in sources.items()},
                               {name: source.accepts | {"fields"} for name, source in sources.items()},
                               schemas={name: source.schema() for name, source in sources.items()})
    with placed(stages):
        optimized = optimize(plan, context)
    return Query(plan, optimized, sources, variables, settings, coverage, Cancellation.after(max_time_ms),
                 known=context, stages=stages, planning=time.perf_counter() - started)


def _now() -> dt.datetime:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _let(let: Mapping[str, Value]) -> dict[str, Value]:
    if not isinstance(let, Mapping):
        raise PipelineError(f"let takes a document of variables, not {type_name(let)}")
    values = {}
    for name, value in let.items():
        scope, expression = Scope(), parse_expression(_of_bson(value, f"let: {name}"))
        if paths_read(expression) != NOTHING:
            raise PipelineError(f"let: {name} reads a field, but no document is there yet: give a constant", 4890500)
        values[check_variable_name(name)] = compile_expression(expression, scope)({}, scope.frame())
    return values


def scanned(plan: Node) -> Iterator[str]:
    """The names of the sources that a plan reads, subplans included."""
    return (scan.source for scan in _scans(plan))


def _scans(plan: Node) -> Iterator[Scan]:
    for node in plan.walk():
        if isinstance(node, Scan):
            yield node
        for _, below in subplans(node):
            yield from _scans(below)


def _readers(name: str, stages: Sequence[Stage]) -> tuple[str, ...]:
    """The place of the stage that reads a collection beside its input; nothing where the pipeline begins with it."""
    found = [stage.places for stage in stages for node in stage.nodes
             for below in [*(plan for _, plan in subplans(node)), *([node.second] if isinstance(node, Union) else [])]
             if any(scan.source == name for scan in _scans(below))]
    return max(found, key=len, default=())


def _choose_engine(query: Query) -> tuple[str, str]:
    settings = query.settings
    if settings.engine != "auto":
        return settings.engine, f"engine={settings.engine!r} was asked for"
    limit = min(settings.rows_engine_limit, settings.memory_limit // GROWTH)
    known = 0
    for name, source in list(query.sources.items()):
        statistics = source.statistics()
        if source.columnar and (statistics.rows is None or statistics.rows > PEEKED_ROWS):
            size = "is of unknown size" if statistics.rows is None else f"has more than {PEEKED_ROWS:,} rows"
            return "columnar", f"{name} {size}, in columns"
        if isinstance(source, ArrowSource):
            scans = (scan for scan in _scans(query.optimized.plan) if scan.source == name)
            beyond = next(filter(None, (source.beyond_documents(scan.fields) for scan in scans)), "")
            if beyond:
                return "columnar", f"{name} has {beyond}"
        if statistics.bytes is not None:
            known += statistics.bytes
        elif statistics.rows is not None:
            known += statistics.rows * settings.rows_engine_limit // ROWS_IN_LISTS
        elif not _stops_early(query.optimized.plan, name):
            peeked = source if isinstance(source, Peekable) else Peeked(source)
            query.sources = {**query.sources, name: peeked}
            if peeked.has_more_than(PEEKED_ROWS):
                return "columnar", f"{name} has more than {PEEKED_ROWS:,} rows"
    if known < limit:
        return "rows", "the input is small"
    return "columnar", f"the input is larger than {limit:,} bytes (rows_engine_limit, or an eighth of memory_limit)"


def _stops_early(plan: Node, source: str) -> bool:
    """Whether a small $limit ends the reading of a source, so that nothing may be read ahead."""
    for node in plan.walk():
        if isinstance(node, Limit) and node.count <= PEEKED_ROWS:
            below = node.input
            while isinstance(below, STREAMING):
                below = below.input
            if isinstance(below, Scan) and below.source == source:
                return True
    return False
