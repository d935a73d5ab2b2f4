"""What a query will do, and what it did."""

from __future__ import annotations

from typing import Any

from gatherum.api.query import Query
from gatherum.api.run import run_columnar, run_rows
from gatherum.plan.render import render
from gatherum.plan.serialize import fingerprint


def explain_query(query: Query, execute: bool) -> dict[str, Any]:
    """The plan before and after the optimizer, the rules that fired, the engine and why; executed, the figures too."""
    optimized = query.optimized
    explained: dict[str, Any] = {
        "engine": query.engine, "why": query.why, "fingerprint": fingerprint(optimized.plan),
        "plan": render(query.plan).splitlines(), "optimizedPlan": render(optimized.plan).splitlines(),
        "rules": [{"rule": fired.rule, "before": render(fired.before).splitlines(),
                   "after": render(fired.after).splitlines()} for fired in optimized.fired],
        "sources": {name: {"rows": source.statistics().rows, "bytes": source.statistics().bytes,
                           "accepts": sorted(source.accepts)} for name, source in query.sources.items()}}
    if execute:
        rows = 0
        for batch in run_columnar(query) if query.engine == "columnar" else run_rows(query):
            rows += len(batch) if isinstance(batch, list) else batch.rows
        explained["executionStats"] = {"rows": rows, "seconds": query.seconds,
                                       "operators": None if query.metrics is None else query.metrics.to_dict()}
    return explained
