"""Project: fields kept, dropped and computed."""

from __future__ import annotations

from collections.abc import Iterable

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.reshaping import RESHAPERS, reshaping
from gatherum.physical.operator import Operator, QueryContext
from gatherum.physical.rows import MeaningOperator
from gatherum.plan.nodes import Project


class ProjectOperator(Operator):
    """Reshapes documents column by column; batches with nested fields in arrays or variants by the meaning."""

    def __init__(self, node: Project, context: QueryContext) -> None:
        super().__init__(node, context)
        self.tree = reshaping(node.projections, self.evaluation)
        self.reshape = RESHAPERS[node.kind]
        self.meaning = MeaningOperator(node, context, "")
        self.meaning.evaluation = self.evaluation

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        if not self.tree.serves(batch):
            return self.meaning.process(batch)
        return (self.reshape(batch, self.tree, batch),)
