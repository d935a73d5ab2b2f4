"""The specifications of $project, $addFields and $unset, as projections of paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Names, parse_expression, split_path
from gatherum.plan.expressions import Path
from gatherum.plan.nodes import Node, Project, Projection
from gatherum.types.truth import truth
from gatherum.types.values import Value, is_number

ID: Path = ("_id",)


def parse_projection(specification: Mapping[str, Value], input: Node, names: Names) -> Project:
    """The node of a $project: an inclusion or an exclusion, as its first field but `_id` says."""
    parsed = _Projections(names)
    parsed.read(specification, ())
    kept = [item for item in parsed.found if item.action != "drop"]
    if parsed.kind == "only" or (parsed.kind == "" and kept):
        if not any(item.path[0] == "_id" for item in parsed.found):
            kept.insert(0, Projection(ID, "keep"))
        return Project(input, "only", tuple(kept))
    return Project(input, "without", tuple(item for item in parsed.found if item.action == "drop"))


def parse_added_fields(specification: Mapping[str, Value], input: Node, names: Names) -> Project:
    """The node of an $addFields: every value is an expression, and a plain object adds fields below its name."""
    parsed = _Projections(names, computed_only=True)
    parsed.read(specification, ())
    return Project(input, "add", tuple(parsed.found))


def parse_removed_fields(paths: Sequence[str], input: Node, names: Names) -> Project:
    """The node of an $unset."""
    parsed = _Projections(names)
    for path in paths:
        parsed.drop(split_path(path))
    return Project(input, "without", tuple(parsed.found))


def _is_expression(value: Mapping[str, Value]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith("$")


@dataclass(slots=True)
class _Projections:
    """What has been read of a specification: the projections in order, and `only` or `without` once it is known."""

    names: Names
    computed_only: bool = False
    found: list[Projection] = field(default_factory=list)
    kind: str = ""
    _tree: dict[str, dict] = field(default_factory=dict)

    def read(self, specification: Mapping[str, Value], parents: Path) -> None:
        """Reads the fields of an object that stands at `parents`."""
        for name, value in specification.items():
            try:
                self._read_field(name, value, parents)
            except PipelineError as error:
                raise error.within(name) from None

    def _read_field(self, name: str, value: Value, parents: Path) -> None:
        if ".$." in name or name.endswith(".$"):
            raise PipelineError("positional projection cannot be used in an aggregation pipeline", 31324)
        if isinstance(value, dict) and not _is_expression(value):
            path = (*parents, *split_path(name))
            if value:
                self.read(value, path)
            elif self.computed_only:
                self._compute(path, value)
            else:
                raise PipelineError("an empty sub-projection is not a valid value", 51270)
        elif isinstance(value, dict) or self.computed_only or not (is_number(value) or isinstance(value, bool)):
            self._compute((*parents, *split_path(name)), value)
        elif truth(value):
            self._keep((*parents, *split_path(name)))
        else:
            self.drop((*parents, *split_path(name)))

    def _keep(self, path: Path) -> None:
        self._add(Projection(path, "keep"))
        if path != ID:
            if self.kind == "without":
                raise PipelineError("cannot do inclusion in an exclusion projection", 31253)
            self.kind = "only"

    def drop(self, path: Path) -> None:
        """Leaves out the field at `path`."""
        self._add(Projection(path, "drop"))
        if path != ID:
            if self.kind == "only":
                raise PipelineError("cannot do exclusion in an inclusion projection", 31254)
            self.kind = "without"

    def _compute(self, path: Path, value: Value) -> None:
        if isinstance(value, dict) and "$elemMatch" in value:
            raise PipelineError("$elemMatch is an operator of queries, not of expressions: use $filter", 168)
        if self.kind == "without":
            code = 31252 if isinstance(value, dict) else 31310
            raise PipelineError("cannot use an expression in an exclusion projection", code)
        expression = parse_expression(value, self.names)
        self._add(Projection(path, expression))
        self.kind = "only"

    def _add(self, projection: Projection) -> None:
        """Adds a projection whose path neither leads through an earlier one nor is a part of one."""
        tree = self._tree
        path = ".".join(projection.path)
        *parents, last = projection.path
        for parent in parents:
            if parent in tree and not tree[parent]:
                raise PipelineError(f"path collision at {path}: {parent!r} is projected as a whole", 31249)
            tree = tree.setdefault(parent, {})
        if last in tree:
            raise PipelineError(f"path collision at {path}", 31250)
        tree[last] = {}
        self.found.append(projection)
