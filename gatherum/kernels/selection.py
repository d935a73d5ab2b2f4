"""The rows that an expression is evaluated over, and the variables that are bound there.

A selection of a selection takes no column before it is asked for it, so that a branch of a condition costs only the
columns that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column, invalid_metadata
from gatherum.kernels.columns.read import documents_of_columns
from gatherum.kernels.forms import Constant, Operand
from gatherum.types.values import Document


class Selection:
    """Some rows of a batch, in any order and as often as wanted: those at `at` of another selection, or all."""

    __slots__ = ("_at", "_batch", "_columns", "_outer", "_variables", "rows")

    def __init__(self, batch: Batch, outer: Selection | None = None, at: np.ndarray | None = None) -> None:
        self._batch = batch
        self._outer = outer
        self._at = at
        self._columns: dict[str, Column] = {}
        self._variables: dict[str, Operand] = {}
        self.rows = batch.rows if outer is None else outer.rows if at is None else len(at)

    def select(self, at: np.ndarray) -> Selection:
        """The rows at some positions."""
        return Selection(self._batch, self, at)

    def bind(self, variables: Mapping[str, Operand]) -> Selection:
        """The same rows with variables bound, which hide those of the same names."""
        bound = Selection(self._batch, self)
        bound._variables.update(variables)
        return bound

    def column(self, name: str) -> Column:
        """The field of the rows' documents."""
        if self._outer is None:
            return self._batch.column(name)
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._taken(self._outer.column(name))
        return found

    def variable(self, name: str) -> Operand | None:
        """The values of a variable; None where it is not bound here."""
        found = self._variables.get(name)
        if found is None and self._outer is not None:
            outer = self._outer.variable(name)
            if outer is not None:
                found = self._variables[name] = outer if isinstance(outer, Constant) else self._taken(outer)
        return found

    def _taken(self, column: Column) -> Column:
        return column if self._at is None else column.take(self._at)

    def root(self) -> Column | None:
        """The whole documents as a struct column; None where they differ in their order of keys."""
        if self._batch.layout is not None or not self._batch.columns:
            return None
        columns = {name: self.column(name) for name in self._batch.columns}
        fields = [pa.field(name, column.array.type, metadata=invalid_metadata(column.missing))
                  for name, column in columns.items()]
        return Column(pa.StructArray.from_arrays([column.array for column in columns.values()], fields=fields))

    def documents(self, names: tuple[str, ...] | None = None) -> list[Document]:
        """The rows' documents, or as much of them as the fields `names`."""
        if names is not None:
            return documents_of_columns({name: self.column(name) for name in names}, self.rows)
        if self._outer is None:
            return self._batch.documents()
        documents = self._outer.documents()
        return documents if self._at is None else [documents[i] for i in self._at.tolist()]
