"""Runs fragments in this process, on as many threads as the settings say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, Final

from gatherum.errors import GatherumError, failing_in
from gatherum.executors.chains import Chains, ended
from gatherum.executors.figures import Figures
from gatherum.executors.morsels import Morsels
from gatherum.executors.top_k import TopK
from gatherum.kernels.columns.batch import Batch, first_ordinal
from gatherum.kernels.gathering import rows_of
from gatherum.physical.documents import document_batches
from gatherum.physical.facet import FacetOperator
from gatherum.physical.join_side import JoinSide
from gatherum.physical.lookup import LookupOperator
from gatherum.physical.lower import Fragment, Step, lower
from gatherum.physical.operator import Operator, QueryContext, Signal
from gatherum.plan.nodes import Documents, Node, Scan
from gatherum.plan.protocols import Request
from gatherum.runtime.metrics import OperatorMetrics
from gatherum.runtime.threads import run_morsels, run_workers
from gatherum.storage.runs import Run

MOST_PARTITIONS: Final = 1 << 14
"""More partitions than these are shared out several at once, because an ordinal has so much room for their number."""

NESTED: Final = 30
"""How many fragments pull rows through one another; of a longer chain the lower part is run first, its rows on disk."""

Batches = Iterator[Batch]
Read = Callable[[], Batches]


@dataclass(slots=True)
class LocalExecutor:
    """One execution. `sources` are by name; `metrics` holds the operators' figures when the batches have been read."""

    context: QueryContext
    sources: Mapping[str, Any]
    metrics: OperatorMetrics | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sides: dict[int, JoinSide] = field(default_factory=dict)
    _beside: dict[int, list[OperatorMetrics]] = field(default_factory=dict)
    _held: dict[int, tuple[Run, OperatorMetrics | None]] = field(default_factory=dict)
    _when_read: Callable[[], None] | None = None

    def run(self, fragment: Fragment) -> Batches:
        """The rows of a fragment, in order."""
        for part in _deep(fragment):
            inner, rows = self._inner(), Run(self.context.space)
            for batch in inner.part(part):
                rows.write(rows_of(batch))
            self._held[id(part)] = rows, inner.metrics
        yield from self.part(fragment)

    def _inner(self, when_read: Callable[[], None] | None = None) -> LocalExecutor:
        """What runs a part of the input; `when_read` is called when threads have become free, but its rows are not
        there yet."""
        return LocalExecutor(self.context, self.sources, _held=self._held, _when_read=when_read)

    def part(self, fragment: Fragment) -> Batches:
        """The rows of a fragment that another one reads."""
        if id(fragment) not in self._held:
            yield from self._run(fragment)
            return
        held, self.metrics = self._held.pop(id(fragment))
        for rows in held:
            yield rows.batch
        held.close()

    def _run(self, fragment: Fragment) -> Batches:
        figures = Figures(fragment)
        try:
            if fragment.last is None:
                yield from self._streamed(fragment, figures)
            elif fragment.last.operator.spread == "partial":
                yield from self._gathered(fragment, figures)
            else:
                yield from self._ordered(fragment, figures)
        finally:
            self._close_sides()
            self.metrics = figures.tree(self._beside)

    def _streamed(self, fragment: Fragment, figures: Figures) -> Batches:
        """Every batch goes through the chain on some thread; they come out in the order of the input."""
        if not fragment.chain:
            yield from self._input(fragment, figures)
            return
        chains = Chains(self.make, fragment.chain)
        try:
            work = (partial(chains.settled, batch) for batch in self._input(fragment, figures))
            for batches in run_morsels(work, self.context.settings.threads, self.context.cancellation):
                yield from batches
        finally:
            figures.chain(chains.close())

    def _ordered(self, fragment: Fragment, figures: Figures) -> Batches:
        """The last operator sees the batches in order, on the caller's thread."""
        assert fragment.last is not None
        operator = self.make(fragment.last)
        rows = self._streamed(fragment, figures)
        try:
            if not operator.done:
                for batch in rows:
                    yield from operator.push(batch)
                    if operator.done:
                        break
            yield from operator.signal(Signal.END)
        finally:
            rows.close()  # pyright: ignore[reportAttributeAccessIssue]
            figures.last(ended(operator))

    def _gathered(self, fragment: Fragment, figures: Figures) -> Batches:
        """Every thread has an operator of its own; they are put together at the end."""
        last = fragment.last
        assert last is not None
        chains = Chains(self.make, fragment.chain)
        made: list[Operator] = []
        top = TopK.of(fragment)

        def make_last() -> Operator:
            operator = self.make(last)
            made.append(operator)
            return operator

        def work(items: Iterator[Read]) -> Operator | None:
            operator: Operator | None = None
            for read in items:
                operator = make_last() if operator is None else operator
                for batch in read():
                    self.context.cancellation.check()
                    self._take(chains, operator, batch, last)
                if top is not None:
                    with failing_in(last.node):
                        top.found(operator)
            return operator

        operators: list[Operator] = []
        try:
            found = run_workers(work, self._items(fragment, figures, top), self.context.settings.threads,
                                self.context.cancellation)
            operators = [operator for operator in found if operator is not None] or [make_last()]
            if self._when_read is not None:
                self._when_read()
            whole, others = operators[0], operators[1:]
            for other in others:
                with whole.metrics.timed(), failing_in(last.node):
                    whole.absorb(other)
                other.describe_expressions()
                whole.metrics.merge(other.metrics)
            yield from whole.signal(Signal.END)
        finally:
            figures.chain(chains.close())
            for operator in made:
                if operators and operator is operators[0]:
                    figures.last(ended(operator))
                else:
                    operator.close()

    def _take(self, chains: Chains, operator: Operator, batch: Batch, last: Step) -> None:
        for made in chains.push(batch):
            try:
                operator.push(made)
            except GatherumError:
                chains.raise_first(batch, last)
                raise

    def _items(self, fragment: Fragment, figures: Figures, top: TopK | None) -> Iterator[Read]:
        """What threads share out among themselves: whole partitions where there are enough, else batches."""
        source = fragment.input
        if isinstance(source, Scan):
            morsels = Morsels(fragment, self.context)
            request = self._request(source, morsels)
            partitions = self.sources[source.source].partitions(request)
            if len(partitions) >= 2 * self.context.settings.threads:
                at_once = -(-len(partitions) // MOST_PARTITIONS)
                shares = [partitions[start:start + at_once] for start in range(0, len(partitions), at_once)]
                for number in range(len(shares)) if top is None else top.in_order(shares):
                    if top is None or top.needs(shares[number]):
                        yield lambda n=number: self._read(shares[n], n, request, morsels, figures)
                return
        for batch in self._input(fragment, figures):
            yield lambda batch=batch: iter([batch])

    def _input(self, fragment: Fragment, figures: Figures) -> Batches:
        source = fragment.input
        if isinstance(source, tuple):
            batches = 0
            for number, part in enumerate(source):
                inner = self._inner(None if number else partial(self._begin_sides, fragment))
                try:
                    for batch in inner.run(part) if number else inner.part(part):
                        figures.passed(number, batch)
                        yield batch.numbered(first_ordinal(0, batches))
                        batches += 1
                finally:
                    figures.part(part, inner.metrics)
        elif isinstance(source, Scan):
            morsels = Morsels(fragment, self.context)
            request = self._request(source, morsels)
            yield from self._read(self.sources[source.source].partitions(request), 0, request, morsels, figures)
        elif isinstance(source, Documents):
            yield from figures.read(document_batches(source, self.context))

    def _request(self, scan: Scan, morsels: Morsels) -> Request:
        return Request(scan.fields, scan.filter, scan.limit, computed=self.context.computed,
                       batch_bytes=morsels.batch_bytes, compiled=self.context.compiled())

    def _read(self, partitions: Sequence[Any], number: int, request: Request, morsels: Morsels,
              figures: Figures) -> Batches:
        """The batches of some partitions, in morsels, with their ordinals; timed and counted."""
        batches = chain.from_iterable(partition.batches(request) for partition in partitions)
        return figures.read(self._morsels(batches, number, morsels))

    def _morsels(self, batches: Iterable[Batch], number: int, morsels: Morsels) -> Batches:
        for position, morsel in enumerate(chain.from_iterable(map(morsels.cut, batches))):
            self.context.cancellation.check()
            yield morsel.numbered(first_ordinal(number, position))

    def make(self, step: Step) -> Operator:
        """An operator for one thread, which is charged with the time that it takes to make it."""
        making = OperatorMetrics.of(step.node)
        with making.timed():
            operator = self._made(step)
        operator.metrics.merge(making)
        return operator

    def _made(self, step: Step) -> Operator:
        """What the threads' lookups read is read once."""
        node: Any = step.node
        if _has_side(step):
            return LookupOperator(node, self.context, self._side(step))
        if step.operator in (LookupOperator, FacetOperator):
            return step.operator(node, self.context, run=partial(self._subplan, node))
        return step.operator(node, self.context)

    def _side(self, step: Step) -> JoinSide:
        node: Any = step.node
        with self._lock:
            if id(step) not in self._sides:
                self._sides[id(step)] = JoinSide(node.foreign, self.context, lambda: self._subplan(node, node.other))
            return self._sides[id(step)]

    def _begin_sides(self, fragment: Fragment) -> None:
        """Has what the lookups read be read while one thread puts the rows together that they are for: files as they
        are, where whoever ends the query never waits for longer than a batch takes."""
        if self.context.settings.threads > 1:
            for step in filter(_has_side, fragment.chain):
                other: Any = step.node
                if isinstance(other.other, Scan):
                    self._side(step).begin()

    def _subplan(self, owner: Node, plan: Node) -> Batches:
        """The rows of a plan that the operator of a node reads beside its input."""
        inner = LocalExecutor(self.context, self.sources)
        try:
            yield from inner.run(lower(plan))
        finally:
            with self._lock:
                self._note_beside(owner, inner.metrics)

    def _note_beside(self, owner: Node, metrics: OperatorMetrics | None) -> None:
        """A plan that is run several times stands there once."""
        known = self._beside.setdefault(id(owner), [])
        for each in known:
            if metrics is not None and each.node is metrics.node:
                each.merge(metrics)
                return
        known += [] if metrics is None else [metrics]

    def _close_sides(self) -> None:
        for side in self._sides.values():
            side.close()
        self._sides.clear()


def _has_side(step: Step) -> bool:
    node: Any = step.node
    return step.operator is LookupOperator and LookupOperator.needs_rows_of_other(node)


def _deep(fragment: Fragment) -> list[Fragment]:
    """The parts of a long chain of fragments that are run before it, from the lowest."""
    chain = [fragment]
    while isinstance(source := chain[-1].input, tuple):
        chain.append(source[0])
    return chain[-NESTED:0:-NESTED] if len(chain) > NESTED else []
