"""One query from pipeline to rows: parse, open the sources, optimize, choose the engine, run."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from gatherum.api.inputs import Open
from gatherum.errors import PipelineError, SourceError
from gatherum.frontends.mongo.expressions import Names, check_variable_name, parse_expression
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.functions.registry import nearest
from gatherum.optimizer.context import Context as OptimizerContext
from gatherum.optimizer.driver import Optimized, optimize
from gatherum.plan.nodes import Node, Scan
from gatherum.plan.protocols import Coverage, Request, Source
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.settings import Settings
from gatherum.types.values import Document, Value, type_name

PEEKED_ROWS: Final = 10_000
ROWS_IN_LISTS: Final = 300_000


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
    engine: str = "rows"
    why: str = ""
    metrics: OperatorMetrics | None = None
    seconds: float | None = None
    started: float = field(default_factory=time.perf_counter)


def prepare(openers: Mapping[str, Open], collection: str | None, pipeline: Any, settings: Settings, *,
            let: Mapping[str, Value] | None = None, max_time_ms: float | None = None) -> Query:
    """Checks a pipeline, opens what it reads and optimizes it; nothing is read yet but what tells formats apart."""
    started = time.perf_counter()
    variables = {"NOW": _now(), **_let(let or {})}
    names = Names(frozenset(variables) - {"NOW"})
    plan = parse_pipeline(pipeline, Context(names, collection=collection))
    coverage = Coverage()
    sources = {name: _open(openers, name, coverage, settings) for name in dict.fromkeys(scanned(plan))}
    context = OptimizerContext({name: source.statistics() for name, source in sources.items()},
                               {name: source.accepts | {"fields"} for name, source in sources.items()})
    query = Query(plan, optimize(plan, context), sources, variables, settings, coverage,
                  Cancellation.after(max_time_ms), started=started)
    query.engine, query.why = _choose_engine(query)
    return query


def _now() -> dt.datetime:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _let(let: Mapping[str, Value]) -> dict[str, Value]:
    if not isinstance(let, Mapping):
        raise PipelineError(f"let takes a document of variables, not {type_name(let)}")
    values = {}
    for name, value in let.items():
        scope = Scope()
        values[check_variable_name(name)] = compile_expression(parse_expression(value), scope)({}, scope.frame())
    return values


def _open(openers: Mapping[str, Open], name: str, coverage: Coverage, settings: Settings) -> Source:
    if name not in openers:
        known = f"; there are {', '.join(sorted(openers))}" if openers else ""
        raise SourceError(f"there is no collection {name!r}{nearest(name, openers) or known}")
    return openers[name](coverage, settings)


def scanned(plan: Any) -> Iterator[str]:
    """The names of the sources that a plan reads, subplans included."""
    if isinstance(plan, Scan):
        yield plan.source
    elif isinstance(plan, Node):
        for each in fields(plan):
            yield from scanned(getattr(plan, each.name))
    elif isinstance(plan, tuple):
        for item in plan:
            yield from scanned(item)


def _choose_engine(query: Query) -> tuple[str, str]:
    settings = query.settings
    if settings.engine != "auto":
        return settings.engine, f"engine={settings.engine!r} was asked for"
    known = 0
    for name, source in list(query.sources.items()):
        statistics = source.statistics()
        if statistics.bytes is not None:
            known += statistics.bytes
        elif statistics.rows is not None:
            known += statistics.rows * settings.rows_engine_limit // ROWS_IN_LISTS
        elif source.columnar:
            return "columnar", f"{name} is of unknown size"
        else:
            peeked = Peeked(source)
            query.sources = {**query.sources, name: peeked}
            if not peeked.complete:
                return "columnar", f"{name} has more than {PEEKED_ROWS:,} rows"
    if known <= settings.rows_engine_limit:
        return "rows", "the input is small"
    return "columnar", f"the input is larger than rows_engine_limit ({settings.rows_engine_limit:,} bytes)"


class Peeked:
    """A source of unknown size, of which the first rows have been read to see whether it is small."""

    columnar = False

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.accepts: frozenset[str] = frozenset()
        self._source = source
        self._rest = self._batches()
        self._read: list[list[Document]] = []
        rows = 0
        self.complete = False
        for batch in self._rest:
            self._read.append(batch)
            rows += len(batch)
            if rows > PEEKED_ROWS:
                break
        else:
            self.complete = True

    def _batches(self) -> Iterator[list[Document]]:
        request = Request()
        for partition in self._source.partitions(request):
            yield from partition.documents(request)

    def statistics(self) -> Any:
        """As `Source.statistics`."""
        return self._source.statistics()

    def schema(self) -> dict[str, str] | None:
        """As `Source.schema`."""
        return self._source.schema()

    def partitions(self, request: Request) -> list[Any]:
        """One partition: what was read, and the rest."""
        return [self]

    size_bytes = None
    rows = None

    def documents(self, request: Request) -> Iterator[list[Document]]:
        """What was read ahead, then the rest."""
        read, self._read = self._read, []
        return itertools.chain(read, self._rest)
