"""Project: reshaping documents.

The projections form a tree of names. Where no path is nested, each row takes one loop over its fields; otherwise the
tree is followed into documents and, element by element, into arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gatherum.functions.operator import Evaluator, Frame
from gatherum.plan.nodes import Project, Projection
from gatherum.rows.batches import Batches, row_wise
from gatherum.rows.interpreter import Run, interprets
from gatherum.rows.source import source_of_documents
from gatherum.rows.values import improving
from gatherum.types.values import MISSING, Document, Value

Reshape = Callable[[Document], Document]


@interprets(Project)
def project(node: Project, run: Run) -> Batches:
    """Reshapes each row."""
    tree = _tree(node.projections, run)
    reshape = _RESHAPERS[node.kind](tree, run.frame())

    def small(rows: list[Document]) -> list[Document]:
        return [reshape(row) for row in rows]

    computed = [(part.path[0], part.action) for part in node.projections if not isinstance(part.action, str)]
    if tree.below or node.kind == "without":
        return row_wise(small, run.batches(node.input))
    kept = tree.named if node.kind == "only" else None
    over = improving(small, lambda row: source_of_documents(kept, list(row), computed, run.variables, reshape))
    return row_wise(over, run.batches(node.input))


@dataclass(slots=True)
class _Tree:
    """What becomes of the fields of one document. `named` are those kept or dropped; `computed` and `below` share
    their order through `order`."""

    named: set[str] = field(default_factory=set)
    computed: dict[str, Evaluator] = field(default_factory=dict)
    below: dict[str, _Tree] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    @property
    def computes(self) -> bool:
        """Whether a value is computed somewhere in this tree."""
        return bool(self.computed) or any(tree.computes for tree in self.below.values())


def _tree(projections: tuple[Projection, ...], run: Run) -> _Tree:
    root = _Tree()
    for projection in projections:
        tree = root
        *parents, last = projection.path
        for name in parents:
            if name not in tree.below:
                tree.below[name] = _Tree()
                tree.order.append(name)
            tree = tree.below[name]
        if isinstance(projection.action, str):
            tree.named.add(last)
        else:
            tree.computed[last] = run.expression(projection.action)
            tree.order.append(last)
    return root


def _only(tree: _Tree, frame: Frame) -> Reshape:
    kept = tree.named
    computed = list(tree.computed.items())
    if tree.below:
        if not tree.computes:
            return lambda document: _keep(document, tree)
        return lambda document: _compute(_keep(document, tree), tree, document, frame)
    if not computed:
        return lambda document: {name: value for name, value in document.items() if name in kept}
    if len(kept) == 1:
        (single,) = kept
        return _only_with_one_kept(single, computed, frame)

    def reshape(document: Document) -> Document:
        made = {name: value for name, value in document.items() if name in kept}
        for name, evaluate in computed:
            value = evaluate(document, frame)
            if value is not MISSING:
                made[name] = value
        return made
    return reshape


def _only_with_one_kept(kept: str, computed: list[tuple[str, Evaluator]], frame: Frame) -> Reshape:
    def reshape(document: Document) -> Document:
        made = {kept: document[kept]} if kept in document else {}
        for name, evaluate in computed:
            value = evaluate(document, frame)
            if value is not MISSING:
                made[name] = value
        return made
    return reshape


def _add(tree: _Tree, frame: Frame) -> Reshape:
    if tree.below:
        return lambda document: _compute(document.copy(), tree, document, frame)
    computed = list(tree.computed.items())

    def reshape(document: Document) -> Document:
        made = document.copy()
        for name, evaluate in computed:
            value = evaluate(document, frame)
            if value is not MISSING:
                made[name] = value
            else:
                made.pop(name, None)
        return made
    return reshape


def _without(tree: _Tree, frame: Frame) -> Reshape:
    if tree.below:
        return lambda document: _drop(document, tree)
    dropped = tree.named
    if len(dropped) > 3:
        return lambda document: {name: value for name, value in document.items() if name not in dropped}

    def reshape(document: Document) -> Document:
        made = document.copy()
        for name in dropped:
            made.pop(name, None)
        return made
    return reshape


_RESHAPERS: dict[str, Callable[[_Tree, Frame], Reshape]] = {"only": _only, "add": _add, "without": _without}


def _keep(document: Document, tree: _Tree) -> Document:
    """The fields that `tree` keeps; MISSING stands in arrays where computed values will be put."""
    made = {}
    for name, value in document.items():
        if name in tree.named:
            made[name] = value
        elif name in tree.below:
            kept = _keep_below(value, tree.below[name])
            if kept is not MISSING:
                made[name] = kept
    return made


def _keep_below(value: Value, tree: _Tree) -> Value:
    if type(value) is dict:
        return _keep(value, tree)
    if type(value) is list:
        kept = [_keep_below(item, tree) for item in value]
        return kept if tree.computes else [item for item in kept if item is not MISSING]
    return MISSING


def _compute(made: Document, tree: _Tree, root: Document, frame: Frame) -> Document:
    """Puts the computed fields of `tree` into `made`, a document that nobody else holds."""
    for name in tree.order:
        below = tree.below.get(name)
        if below is None:
            value = tree.computed[name](root, frame)
        elif below.computes:
            value = _compute_below(made.get(name), below, root, frame)
        else:
            continue
        if value is MISSING:
            made.pop(name, None)
        else:
            made[name] = value
    return made


def _compute_below(value: Value, tree: _Tree, root: Document, frame: Frame) -> Value:
    if type(value) is list:
        return [_compute_below(item, tree, root, frame) for item in value]
    return _compute(dict(value) if type(value) is dict else {}, tree, root, frame)


def _drop(document: Document, tree: _Tree) -> Document:
    return {name: _drop_below(value, tree.below[name]) if name in tree.below else value
            for name, value in document.items() if name not in tree.named}


def _drop_below(value: Value, tree: _Tree) -> Value:
    if type(value) is dict:
        return _drop(value, tree)
    if type(value) is list:
        return [_drop_below(item, tree) for item in value]
    return value
