"""$unionWith."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.options import check_options
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.frontends.mongo.sub_pipelines import parse_sub_pipeline
from gatherum.plan.nodes import Node, Union
from gatherum.types.values import Value, is_string, type_name


@stage("$unionWith", examples=[
    ([{"a": 1}], {"pipeline": [{"$documents": [{"a": 2}]}]}, [{"a": 1}, {"a": 2}]),
])
def union_with(argument: Value, input: Node, context: Context) -> Node:
    """All documents, then those of another collection, duplicates included.

    The argument is the collection's name, or an object with `coll` and a `pipeline` to run over it; without `coll` the
    pipeline must start with $documents.
    """
    if is_string(argument):
        argument = {"coll": argument}
    if not isinstance(argument, dict):
        raise PipelineError(f"takes a collection's name or an object, not {type_name(argument)}", 9)
    check_options(argument, ("coll", "pipeline"), 40415)
    collection, pipeline = argument.get("coll"), argument.get("pipeline", [])
    if collection is not None and not is_string(collection):
        raise PipelineError(f"'coll' must be the name of a collection, not {type_name(collection)}", 14)
    if not isinstance(pipeline, list | tuple):
        raise PipelineError(f"'pipeline' must be an array of stages, not {type_name(pipeline)}", 10065)
    if collection is None and not _starts_with_documents(pipeline):
        raise PipelineError("without 'coll', 'pipeline' must start with $documents", 9)
    return Union(input, parse_sub_pipeline(pipeline, collection, "union", context.names, context))


def _starts_with_documents(pipeline: Value) -> bool:
    return bool(pipeline) and isinstance(pipeline[0], dict) and "$documents" in pipeline[0]
