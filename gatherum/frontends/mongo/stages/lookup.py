"""$lookup."""

from __future__ import annotations

from collections.abc import Mapping

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import check_variable_name, parse_expression, split_path
from gatherum.frontends.mongo.options import check_options
from gatherum.frontends.mongo.stage import Context, stage
from gatherum.frontends.mongo.sub_pipelines import parse_sub_pipeline
from gatherum.plan.expressions import Expression, Path
from gatherum.plan.nodes import Lookup, Node
from gatherum.types.values import Value, is_string, type_name

OPTIONS = ("from", "as", "localField", "foreignField", "let", "pipeline")


@stage("$lookup", examples=[
    ([{"a": 1}, {"a": 3}], {"pipeline": [{"$documents": [{"b": 1}, {"b": 2}]}], "localField": "a",
                            "foreignField": "b", "as": "found"},
     [{"a": 1, "found": [{"b": 1}]}, {"a": 3, "found": []}]),
    ([{"a": 1}], {"pipeline": [{"$documents": [{"b": 1}]}, {"$set": {"c": "$$x"}}], "let": {"x": "$a"}, "as": "found"},
     [{"a": 1, "found": [{"b": 1, "c": 1}]}]),
])
def lookup(argument: Value, input: Node, context: Context) -> Node:
    """Each document with an array `as` of documents of the collection `from`.

    With `localField` and `foreignField`, those whose foreign field equals the local one: an array matches by any of
    its elements, and a missing field is null. With `pipeline`, what that pipeline makes of them, or of the whole
    collection; the variables of `let` are known in it. Without `from` the pipeline must start with $documents.
    """
    if not isinstance(argument, dict):
        raise PipelineError(f"takes an object, not {type_name(argument)}", 9)
    _check_source(argument)
    check_options(argument, OPTIONS, 40415)
    into = _parse_into(argument)
    collection = _parse_from(argument.get("from"))
    local, foreign = _parse_fields(argument)
    bindings = _parse_let(argument, context)
    pipeline = _parse_pipeline(argument, local)
    names = context.names.bind(*(name for name, _ in bindings))
    other = parse_sub_pipeline(pipeline, collection, "lookup", names, context)
    return Lookup(input, other, into, local, foreign, bindings)


def _parse_from(value: Value) -> str | None:
    if isinstance(value, dict):
        check_options(value, ("db", "coll"), 40415)
        for name, item in value.items():
            if not is_string(item):
                raise PipelineError(f"'from.{name}' must be a string, not {type_name(item)}", 14)
        raise PipelineError("'from' must be the name of a collection: other databases cannot be read", 9)
    if value is not None and not is_string(value):
        raise PipelineError(f"'from' must be the name of a collection, not {type_name(value)}", 9)
    return value


def _parse_into(argument: Mapping[str, Value]) -> Path:
    into = argument.get("as")
    if into is None:
        raise PipelineError("the field 'as' is missing", 40414)
    if not is_string(into):
        raise PipelineError(f"'as' must be a string, not {type_name(into)}", 14)
    return split_path(into)


def _parse_fields(argument: Mapping[str, Value]) -> tuple[Path | None, Path | None]:
    found = []
    for option in ("localField", "foreignField"):
        value = argument.get(option)
        if value is not None and not is_string(value):
            raise PipelineError(f"'{option}' must be a string, not {type_name(value)}", 9)
        found.append(split_path(value) if value or ("pipeline" not in argument and value is not None) else None)
    local, foreign = found
    if (local is None) != (foreign is None):
        raise PipelineError("needs both 'localField' and 'foreignField', or neither", 9)
    return local, foreign


def _parse_let(argument: Mapping[str, Value], context: Context) -> tuple[tuple[str, Expression], ...]:
    written = argument.get("let")
    if written is None:
        return ()
    if not isinstance(written, dict):
        raise PipelineError(f"'let' must be an object, not {type_name(written)}", 9)
    if "pipeline" not in argument:
        raise PipelineError("'let' needs a 'pipeline' to use its variables", 9)
    return tuple((check_variable_name(name), parse_expression(value, context.names))
                 for name, value in written.items())


def _check_source(argument: Mapping[str, Value]) -> None:
    if argument.get("from") is None:
        pipeline = argument.get("pipeline")
        if not (isinstance(pipeline, list | tuple) and pipeline and isinstance(pipeline[0], dict)
                and "$documents" in pipeline[0]):
            raise PipelineError("the field 'from' is missing; only a pipeline that starts with $documents needs none",
                                9)


def _parse_pipeline(argument: Mapping[str, Value], local: Path | None) -> Value:
    if "pipeline" not in argument:
        if local is None:
            raise PipelineError("needs either 'pipeline', or both 'localField' and 'foreignField'", 9)
        return []
    pipeline = argument["pipeline"]
    if not isinstance(pipeline, list | tuple):
        raise PipelineError(f"'pipeline' must be an array of stages, not {type_name(pipeline)}", 14)
    return pipeline
