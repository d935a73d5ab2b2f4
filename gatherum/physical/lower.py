"""Lowers a logical plan to fragments: chains of operators, cut where rows must come together.

A fragment reads one input, sends every batch through operators that treat rows by themselves, in any number of
threads, and ends in at most one operator that needs them all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gatherum.errors import InternalError
from gatherum.physical.bucket_auto import BucketAutoOperator
from gatherum.physical.facet import FacetOperator
from gatherum.physical.group import GroupOperator
from gatherum.physical.limit import LimitOperator, SkipOperator
from gatherum.physical.lookup import LookupOperator
from gatherum.physical.operator import Operator
from gatherum.physical.project import ProjectOperator
from gatherum.physical.replace_root import ReplaceRootOperator
from gatherum.physical.rows import FilterOperator
from gatherum.physical.sample import SampleOperator
from gatherum.physical.sort import SortOperator
from gatherum.physical.unwind import UnwindOperator
from gatherum.plan.nodes import (
    BucketAuto,
    Facet,
    Filter,
    Group,
    Limit,
    Lookup,
    Node,
    Project,
    ReplaceRoot,
    Sample,
    Skip,
    Sort,
    Union,
    Unwind,
)

OPERATORS: dict[type[Node], type[Operator]] = {
    BucketAuto: BucketAutoOperator, Facet: FacetOperator, Filter: FilterOperator, Group: GroupOperator,
    Limit: LimitOperator, Lookup: LookupOperator, Project: ProjectOperator, ReplaceRoot: ReplaceRootOperator,
    Sample: SampleOperator, Skip: SkipOperator, Sort: SortOperator, Unwind: UnwindOperator,
}

@dataclass(frozen=True, slots=True)
class Step:
    """One operator of a fragment: the node, and the class that carries it out."""

    node: Node
    operator: type[Any]


@dataclass(frozen=True, slots=True)
class Fragment:
    """`input` is a Scan, Documents or Shared node, or the fragments whose rows are read one after the other, for
    `unions` where there are several: the lowest union is of the first two, and each other one adds the next."""

    input: Node | tuple[Fragment, ...]
    chain: tuple[Step, ...] = ()
    last: Step | None = None
    unions: tuple[Union, ...] = ()


def lower(node: Node) -> Fragment:
    """The fragments of a plan, the last one outermost."""
    above: list[Node] = []
    while (below := next(node.inputs(), None)) is not None:
        above.append(node)
        node = below
    fragment = Fragment(node)
    while above:
        fragment = _with(fragment, above.pop())
    return fragment


def _with(below: Fragment, node: Node) -> Fragment:
    """The fragment that carries out a node above another fragment, that of its first input."""
    if isinstance(node, Union):
        second = lower(node.second)
        if isinstance(below.input, tuple) and below.unions and not below.chain and below.last is None:
            return Fragment((*below.input, second), unions=(*below.unions, node))
        return Fragment((below, second), unions=(node,))
    operator = OPERATORS.get(type(node))
    if operator is None:
        raise InternalError(f"there is no operator for {type(node).__name__}")
    step = Step(node, operator)
    if below.last is not None:
        below = Fragment((below,))
    if operator.spread == "rows":
        return replace(below, chain=(*below.chain, step))
    return replace(below, last=step)
