"""Limit and Skip: the first rows, or all but the first."""

from __future__ import annotations

from collections.abc import Iterable

from bson import Int64

from gatherum.kernels.columns.batch import Batch
from gatherum.physical.operator import Operator, QueryContext, Snapshot
from gatherum.plan.nodes import Limit, Skip


class LimitOperator(Operator):
    """Lets the first rows through, and is done when it has seen them."""

    spread = "ordered"

    def __init__(self, node: Limit, context: QueryContext) -> None:
        super().__init__(node, context)
        self.left = node.count

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        kept = batch if batch.rows <= self.left else batch.slice(0, self.left)
        self.left -= kept.rows
        return (kept,)

    @property
    def done(self) -> bool:
        """As `Operator.done`."""
        return self.left <= 0

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`."""
        return Snapshot(values={"left": Int64(self.left)})

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        self.left = int(snapshot.values["left"])


class SkipOperator(Operator):
    """Leaves the first rows out."""

    spread = "ordered"

    def __init__(self, node: Skip, context: QueryContext) -> None:
        super().__init__(node, context)
        self.left = node.count

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        skipped = min(self.left, batch.rows)
        self.left -= skipped
        return (batch.slice(skipped, batch.rows - skipped) if skipped else batch,)

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`."""
        return Snapshot(values={"left": Int64(self.left)})

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        self.left = int(snapshot.values["left"])
