"""Applies the rules, in their order, until none has anything to change."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final, NamedTuple

from gatherum.errors import InternalError, failing_in
from gatherum.optimizer.context import Context
from gatherum.optimizer.order import ORDER
from gatherum.optimizer.rule import Rule
from gatherum.optimizer.subplan import first_input, with_first_input, with_side_plans
from gatherum.plan.nodes import Node
from gatherum.plan.output import output_fields
from gatherum.plan.render import render
from gatherum.records import record

ROUNDS: Final = 20
"""How often the list of rules is gone through at most, for the plan and for one node."""

CHECKED: Final = 10
"""How many nodes are looked at to check that a rule has not changed the fields of the rows: plans may be long."""


class Fired(NamedTuple):
    """One application of a rule: the node that it was applied to, and the node that it gave."""

    rule: str
    before: Node
    after: Node


@record
class Optimized:
    """The plan after all rules, and the applications that led to it, in their order."""

    plan: Node
    fired: tuple[Fired, ...]


def optimize(plan: Node, context: Context, rules: Iterable[Rule] = ORDER) -> Optimized:
    """The plan with the rules applied until none changes it, or for as many rounds as there may be.

    PipelineError or OperatorError where a constant part of the plan is an error by itself.
    """
    fired: list[Fired] = []
    given: dict[str, Node] = {}
    steps = [tuple(step) for _, step in itertools.groupby(rules, key=lambda rule: bool(rule.on))]
    for _ in range(ROUNDS):
        before = plan
        for step in steps:
            if step[0].on:
                plan = _everywhere(step, plan, context, fired)
            else:
                for rule in step:
                    if given.get(rule.name) is not plan:
                        plan = given[rule.name] = _once(rule, plan, context, fired)
        if plan is before:
            break
    return Optimized(plan, tuple(fired))


def _once(rule: Rule, node: Node, context: Context, fired: list[Fired]) -> Node:
    with failing_in(node if rule.on else None):
        changed = rule.apply(node, context)
    if changed is None:
        return node
    known, found = output_fields(node, CHECKED), output_fields(changed, CHECKED)
    if any(a is not None and b is not None and a != b for a, b in zip(known, found, strict=True)):
        raise InternalError(f"the rule {rule.name} changed the fields of a plan from {known} to {found}:\n"
                            f"{render(node)}\n{render(changed)}")
    fired.append(Fired(rule.name, node, changed))
    return changed


def _repeatedly(rules: tuple[Rule, ...], node: Node, context: Context, fired: list[Fired]) -> Node:
    """The node after all rules that are on it have been applied, in their order, until none changes it."""
    for _ in range(ROUNDS):
        before = node
        for rule in rules:
            if isinstance(node, rule.on):
                node = _once(rule, node, context, fired)
        if node is before:
            break
    return node


def _everywhere(rules: tuple[Rule, ...], plan: Node, context: Context, fired: list[Fired]) -> Node:
    """The plan with the rules applied to each node, from the top down the chain of first inputs, subplans included."""
    chain: list[Node] = []
    node: Node | None = plan
    while node is not None:
        node = _repeatedly(rules, node, context, fired)
        chain.append(node)
        node = first_input(node)
    made: Node | None = None
    while chain:
        parent = with_side_plans(chain.pop(), lambda side: _everywhere(rules, side, context, fired))
        made = parent if made is None else with_first_input(parent, made)
    return made or plan
