"""Lookup: the rows of another plan, as an array in each row."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from gatherum.errors import InternalError
from gatherum.kernels.columns.batch import Batch, batch_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.fields import documents_column, put_below
from gatherum.kernels.joining import Matches, local_keys
from gatherum.kernels.lists import list_array
from gatherum.physical.join_side import JoinSide
from gatherum.physical.operator import Operator, QueryContext
from gatherum.plan.nodes import Lookup, Node, Scan, Shared
from gatherum.rows.interpreter import Run, interpret
from gatherum.types.values import Document

Read = Callable[[], Iterable[Batch]]
RunPlan = Callable[[Node], Iterable[Batch]]

MOST_PARTNERS: Final = 1 << 18
"""How many partners the rows of one output batch have together, but for a row that has more by itself."""


class LookupOperator(Operator):
    """Finds the partners of each row by equality, through an index of the other plan's rows, or gives it all of them.

    `read` gives the other plan's rows, or is the `JoinSide` that several threads share. A lookup whose plan depends
    on the row is carried out by the meaning, document by document; `run` then gives the rows of what it reads.
    """

    def __init__(self, node: Lookup, context: QueryContext, read: Read | JoinSide | None = None,
                 run: RunPlan | None = None) -> None:
        super().__init__(node, context)
        self.into, self.local, self.run = node.into, node.local, run
        self.side: JoinSide | None = None
        self.owns_side = not isinstance(read, JoinSide)
        if isinstance(read, JoinSide):
            self.side = read
        elif self.needs_rows_of_other(node):
            self.side = JoinSide(node.foreign, context, read or (lambda: self._rows_of(node.other)))
        else:
            self.metrics.engine, self.metrics.why = "rows", "the other pipeline depends on the row"
        self.meaning: _Interpreted | None = None

    @staticmethod
    def needs_rows_of_other(node: Lookup) -> bool:
        """Whether the other plan is run once, and its rows are what partners are chosen from."""
        return not node.bindings and (node.local is None or next(node.other.inputs(), None) is None)

    def _rows_of(self, plan: Node) -> Iterable[Batch]:
        if self.run is None:
            raise InternalError("a lookup was given no way to run the plan that it reads")
        return self.run(plan)

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        if self.side is None:
            return self._by_meaning(batch)
        self.side.ready(self.metrics)
        if self.local is None:
            return self._with_all(batch, self.side)
        keys = local_keys(batch, self.local)
        return self._by_meaning(batch) if keys is None else self._with_matches(batch, self.side.index.find(keys))

    def _with_matches(self, batch: Batch, matches: Matches) -> Iterator[Batch]:
        ends = np.cumsum(matches.totals(batch.rows))
        start = 0
        while start < batch.rows:
            before = int(ends[start - 1]) if start else 0
            end = max(int(np.searchsorted(ends, before + MOST_PARTNERS, side="right")), start + 1)
            yield self._with_partners(batch.slice(start, end - start), *matches.of_rows(start, end))
            start = end

    def _with_all(self, batch: Batch, side: JoinSide) -> Iterator[Batch]:
        step = max(1, MOST_PARTNERS // max(side.count, 1))
        for start in range(0, batch.rows, step):
            rows = min(step, batch.rows - start)
            yield self._with_partners(batch.slice(start, rows), np.full(rows, side.count),
                                      np.tile(np.arange(side.count), rows))

    def _with_partners(self, batch: Batch, counts: np.ndarray, numbers: np.ndarray) -> Batch:
        assert self.side is not None
        items = documents_column(self.side.gather(numbers))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        return put_below(batch, self.into, Column(list_array(offsets, items, None)))

    def _by_meaning(self, batch: Batch) -> Iterator[Batch]:
        self.evaluation.fill(self.metrics.name, batch.rows)
        if self.meaning is None:
            self.meaning = self._interpreted()
        made = self.meaning.rows(batch.documents())
        limit = self.context.made_rows
        for start in range(0, len(made), limit):
            yield batch_of(made[start:start + limit], batch.ordinal + start)

    def _interpreted(self) -> _Interpreted:
        node: Any = self.node
        if self.side is None:
            return _Interpreted(replace(node, input=Shared()), lambda scan: self._documents_of(scan), self.context)
        side = self.side
        return _Interpreted(replace(node, input=Shared(), other=Scan("")), lambda scan: side.documents(), self.context)

    def _documents_of(self, scan: Scan) -> Iterator[list[Document]]:
        for batch in self._rows_of(scan):
            yield batch.documents()

    def close(self) -> None:
        """As `Operator.close`; a side that is shared is closed by who made it."""
        if self.side is not None and self.owns_side:
            self.side.close()


class _Interpreted:
    """The interpretation of a lookup over one list of rows after the other; what it reads is read once."""

    def __init__(self, node: Lookup, open_scan: Callable[[Scan], Iterable[list[Document]]],
                 context: QueryContext) -> None:
        self.waiting: deque[list[Document]] = deque()
        fed: Any = _fed(self.waiting)
        self.made = interpret(node, Run(open_scan, context.variables, fed))

    def rows(self, documents: list[Document]) -> list[Document]:
        """The rows made of some documents."""
        self.waiting.append(documents)
        made: list[Document] = []
        while len(made) < len(documents):
            made += next(self.made)
        return made


def _fed(waiting: deque[list[Document]]) -> Iterator[list[Document]]:
    while waiting:
        yield waiting.popleft()
