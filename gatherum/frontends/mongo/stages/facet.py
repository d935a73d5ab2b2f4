"""$facet."""

from __future__ import annotations

from dataclasses import replace

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import split_path
from gatherum.frontends.mongo.stage import Context, parse_pipeline, stage, within
from gatherum.plan.nodes import Facet, Node
from gatherum.types.values import Value, type_name


@stage("$facet", not_in=["facet"], examples=[
    ([{"a": 1}, {"a": 2}], {"first": [{"$limit": 1}], "all": []},
     [{"first": [{"a": 1}], "all": [{"a": 1}, {"a": 2}]}]),
])
def facet(argument: Value, input: Node, context: Context) -> Node:
    """Several pipelines over the same documents: one document with an array of results for each."""
    if not isinstance(argument, dict) or not argument:
        found = "an empty object" if argument == {} else type_name(argument)
        raise PipelineError(f"takes a non-empty object of pipelines, not {found}", 40169)
    branches = []
    for name, pipeline in argument.items():
        _check_name(name)
        if not isinstance(pipeline, list | tuple):
            raise PipelineError(f"{name}: a pipeline is an array of stages, not {type_name(pipeline)}", 40170)
        known = len(context.made)
        try:
            branches.append(parse_pipeline(pipeline, replace(context, place="facet", position=0)))
        except PipelineError as error:
            raise error.within(name) from None
        within(name, context.made, known)
    return Facet(input, tuple(argument), tuple(branches))


def _check_name(name: str) -> None:
    if len(split_path(name)) > 1:
        raise PipelineError(f"the name of a facet cannot contain '.': {name!r}", 16412)
