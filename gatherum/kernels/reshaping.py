"""Project over columns: fields kept, dropped and computed, at the root and below it through struct columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from gatherum.kernels.buffers import array_of, valid_mask
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.evaluate import ColumnExpression, Evaluation
from gatherum.kernels.fields import documents_column, fields_of, pick, put
from gatherum.kernels.paths import documents_among
from gatherum.plan.nodes import Projection


@dataclass(slots=True)
class Reshaping:
    """What becomes of the fields of one document. `named` are those kept or dropped; `computed` and `below` share
    their order through `order`."""

    named: set[str] = field(default_factory=set)
    computed: dict[str, ColumnExpression] = field(default_factory=dict)
    below: dict[str, Reshaping] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    @property
    def computes(self) -> bool:
        """Whether a value is computed somewhere in it."""
        return bool(self.computed) or any(inner.computes for inner in self.below.values())

    def serves(self, batch: Batch) -> bool:
        """Whether the documents to reshape below the root are all in columns."""
        for name, inner in self.below.items():
            fields = fields_of(batch.column(name))
            if fields is None or not inner.serves(fields):
                return False
        return True


def reshaping(projections: Sequence[Projection], evaluation: Evaluation) -> Reshaping:
    """The tree of some projections."""
    root = Reshaping()
    for projection in projections:
        tree = root
        *parents, last = projection.path
        for name in parents:
            if name not in tree.below:
                tree.below[name] = Reshaping()
                tree.order.append(name)
            tree = tree.below[name]
        if isinstance(projection.action, str):
            tree.named.add(last)
        else:
            tree.computed[last] = evaluation.compile(projection.action)
            tree.order.append(last)
    return root


def only(batch: Batch, tree: Reshaping, root: Batch) -> Batch:
    """The fields named, and the computed ones, for which `root` is the whole document."""
    kept = {}
    for name, column in batch.columns.items():
        if name in tree.named:
            kept[name] = column
        elif name in tree.below:
            kept[name] = _only_documents(column, tree.below[name], root)
    return put(pick(batch, kept), _computed(batch, tree, root, only))


def add(batch: Batch, tree: Reshaping, root: Batch) -> Batch:
    """All fields, the computed ones added or replaced."""
    return put(batch, _computed(batch, tree, root, add))


def without(batch: Batch, tree: Reshaping, root: Batch) -> Batch:
    """All fields but those named."""
    kept = {}
    for name, column in batch.columns.items():
        if name in tree.below and _is_struct(column):
            kept[name] = _inside(column, tree.below[name], root, without, column.missing)
        elif name not in tree.named:
            kept[name] = column
    return pick(batch, kept)


Reshape = Callable[[Batch, Reshaping, Batch], Batch]
RESHAPERS: dict[str, Reshape] = {"only": only, "add": add, "without": without}


def _only_documents(column: Column, tree: Reshaping, root: Batch) -> Column:
    """What is kept of a field of which a part is: its documents. Where more is computed, only their places count."""
    documents = documents_among(column)
    if tree.computes or not documents.any():
        return Column(array_of(documents, documents), missing=True)
    return _inside(column, tree, root, only, missing=True)


def _computed(batch: Batch, tree: Reshaping, root: Batch, reshape: Reshape) -> dict[str, Column]:
    """The computed fields; what is no document, where one must be, becomes one."""
    new = {}
    for name in tree.order:
        if name in tree.computed:
            new[name] = tree.computed[name].column(root)
        elif tree.below[name].computes:
            fields = fields_of(batch.column(name))
            assert fields is not None
            new[name] = documents_column(reshape(fields, tree.below[name], root))
    return new


def _inside(column: Column, tree: Reshaping, root: Batch, reshape: Reshape, missing: bool) -> Column:
    """A struct column with its documents reshaped, its invalid slots missing or null."""
    fields = fields_of(column)
    assert fields is not None
    return documents_column(reshape(fields, tree, root), valid_mask(column.array), missing)


def _is_struct(column: Column) -> bool:
    return not column.is_variant and pa.types.is_struct(column.array.type)
