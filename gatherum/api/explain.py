"""What a query will do, and what it did."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from gatherum.api.query import Query
from gatherum.api.run import run
from gatherum.optimizer.driver import Fired
from gatherum.optimizer.estimates import estimate
from gatherum.plan.nodes import Node
from gatherum.plan.render import render, render_change, subplans
from gatherum.plan.serialize import fingerprint
from gatherum.runtime.metrics import OperatorMetrics


def explain_query(query: Query, execute: bool) -> dict[str, Any]:
    """The plan before and after the optimizer, the rules that fired, the engine and why, and what the statistics of the
    sources promise of each operator; executed, the figures too. Of a rule, what it changed is shown, down to the nodes
    that it left.

    `operators` lists the operators, the last one first; their `inputs` and `subplans` are places in the list. A number
    that was neither measured nor told by statistics is None. Unless it is executed, no row is read.
    """
    optimized = query.optimized
    explained: dict[str, Any] = {
        "fingerprint": fingerprint(optimized.plan),
        "plan": render(query.plan).splitlines(), "optimizedPlan": render(optimized.plan).splitlines(),
        "rules": [_shown(fired) for fired in optimized.fired],
        "sources": {name: {"rows": known.rows, "bytes": known.bytes, "accepts": sorted(query.sources[name].accepts)}
                    for name, known in query.known.statistics.items()}}
    if execute:
        with closing(run(query)) as batches:
            rows = sum(len(batch) if isinstance(batch, list) else batch.rows for batch in batches)
        executed = {"rows": rows, "seconds": query.seconds, "planningSeconds": query.planning,
                    "operators": _described(query, query.metrics)}
        return {**_engine(query), **explained, "executionStats": executed}
    return {**_engine(query), **explained, "operators": _described(query, _planned(optimized.plan))}


def _shown(fired: Fired) -> dict[str, Any]:
    before, after = render_change(fired.before, fired.after)
    return {"rule": fired.rule, "before": before.splitlines(), "after": after.splitlines()}


def described(query: Query) -> list[dict[str, Any]]:
    """The operators of a query that has ended, with what they did and what was estimated."""
    return _described(query, query.metrics)


def _engine(query: Query) -> dict[str, Any]:
    """The engine and why; where the rows of a source have to be looked at to choose it, that is left open."""
    undecided = query.undecided()
    if undecided is not None:
        return {"engine": None, "why": f"it is chosen when the query runs: the size of {undecided} is not known before"}
    return {"engine": query.engine, "why": query.why}


def _described(query: Query, metrics: OperatorMetrics | None) -> list[dict[str, Any]]:
    if metrics is None:
        return []
    metrics.estimate(estimate(query.optimized.plan, query.known))
    chosen = _engine(query)
    for operator in metrics.walk():
        operator.engine = operator.engine or chosen["engine"] or ""
        if operator.engine == chosen["engine"]:
            operator.why = operator.why or chosen["why"]
    return metrics.to_list()


def _planned(plan: Node) -> OperatorMetrics:
    """The operators of a plan that has not been run."""
    root = OperatorMetrics.of(plan)
    left = [root]
    while left:
        metrics = left.pop()
        if metrics.node is not None:
            metrics.inputs = [OperatorMetrics.of(each) for each in metrics.node.inputs()]
            metrics.subplans = {name: OperatorMetrics.of(each) for name, each in subplans(metrics.node)}
        left += [*metrics.inputs, *metrics.subplans.values()]
    return root
