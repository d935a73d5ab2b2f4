"""Pipelines within stages: those of $lookup and $unionWith."""

from __future__ import annotations

from dataclasses import replace

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Names
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.plan.nodes import Node
from gatherum.types.values import Value

MAXIMUM_DEPTH = 20


def parse_sub_pipeline(pipeline: Value, collection: str | None, place: str, names: Names, context: Context) -> Node:
    """The plan of a pipeline over `collection`, or, without one, over what its first stage gives."""
    if depth(pipeline) >= MAXIMUM_DEPTH:
        raise PipelineError(f"pipelines are nested deeper than {MAXIMUM_DEPTH} levels", 232)
    return parse_pipeline(pipeline, replace(context, names=names, place=place, position=0, collection=collection))


def depth(pipeline: Value) -> int:
    """How many levels of $lookup and $unionWith pipelines a pipeline holds."""
    deepest = 0
    for written in pipeline if isinstance(pipeline, list | tuple) else ():
        for name in ("$lookup", "$unionWith"):
            argument = written.get(name) if isinstance(written, dict) else None
            if isinstance(argument, dict) and "pipeline" in argument:
                deepest = max(deepest, 1 + depth(argument["pipeline"]))
    return deepest
