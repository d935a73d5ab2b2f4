"""Unwind: one row for each element of an array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bson import Int64

from gatherum.kernels.columns.batch import MORSEL_SHIFT, Batch
from gatherum.kernels.columns.column import Column, missing_column
from gatherum.kernels.fields import direct_column, has_path, put, replaced
from gatherum.kernels.unnesting import Elements, elements_of
from gatherum.physical.operator import Operator, QueryContext, Snapshot
from gatherum.physical.rows import MeaningOperator
from gatherum.plan.nodes import Unwind


class UnwindOperator(Operator):
    """Writes each element in the place of the array, the other columns repeated.

    Batches in which documents above the array are not in struct columns are left to the meaning. The rows made of the
    batches of one morsel are numbered one after the other, so that their ordinals are unique.
    """

    def __init__(self, node: Unwind, context: QueryContext) -> None:
        super().__init__(node, context)
        self.path, self.index, self.keep_empty = node.path, node.index, node.keep_empty
        self.meaning = MeaningOperator(node, context, "")
        self.meaning.evaluation = self.evaluation
        self.next_ordinal = 0

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        column = direct_column(batch, self.path)
        if column is None or (self.index is not None and "." in self.index):
            made = iter(self.meaning.process(batch))
        else:
            made = self._unwound(batch, elements_of(column, self.keep_empty))
        if batch.ordinal >> MORSEL_SHIFT != self.next_ordinal >> MORSEL_SHIFT:
            self.next_ordinal = batch.ordinal
        for out in made:
            ordinal = max(batch.ordinal, self.next_ordinal)
            self.next_ordinal = ordinal + out.rows
            yield out.numbered(ordinal)

    def _unwound(self, batch: Batch, elements: Elements) -> Iterator[Batch]:
        there = has_path(batch, self.path)
        around = self._with_value(batch, missing_column(batch.rows)) if there else batch
        rows = self.context.made_rows
        for start in range(0, elements.total, rows):
            part = elements.part(start, min(start + rows, elements.total))
            taken = around.take(part.rows)
            if there:
                taken = self._with_value(taken, part.values)
            yield taken if self.index is None else put(taken, {self.index: part.position_column()})

    def _with_value(self, batch: Batch, value: Column) -> Batch:
        """The batch with other values at the path, in their place."""
        name, *rest = self.path
        column = replaced(batch.column(name), tuple(rest), value)
        return replace(batch, columns={**batch.columns, name: column})

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`."""
        return Snapshot(values={"next_ordinal": Int64(self.next_ordinal)})

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        self.next_ordinal = int(snapshot.values["next_ordinal"])
