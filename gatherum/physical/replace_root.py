"""ReplaceRoot: the document that an expression gives, in place of each document."""

from __future__ import annotations

from collections.abc import Iterable

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.fields import fields_of
from gatherum.kernels.kinds import kind_of
from gatherum.physical.operator import Operator, QueryContext
from gatherum.physical.rows import MeaningOperator
from gatherum.plan.expressions import ROOT, Variable, field
from gatherum.plan.nodes import ReplaceRoot
from gatherum.types.values import BsonType

NEW_ROOT = "root"


class ReplaceRootOperator(Operator):
    """Makes the fields of a struct column the columns; other columns are read value by value."""

    def __init__(self, node: ReplaceRoot, context: QueryContext) -> None:
        super().__init__(node, context)
        self.root = self.evaluation.compile(node.expression)
        self.same = node.expression == Variable(ROOT)
        self.meaning = MeaningOperator(ReplaceRoot(node.input, field(NEW_ROOT)), context, "")
        self.meaning.evaluation = self.evaluation

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        if self.same:
            return (batch,)
        column = self.root.column(batch)
        fields = fields_of(column)
        if fields is None or kind_of(column) != BsonType.OBJECT or column.nullish:
            return self.meaning.process(batch.with_columns({NEW_ROOT: column}))
        return (fields.numbered(batch.ordinal),)
