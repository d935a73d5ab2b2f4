"""What a stage of a pipeline is: a name, and a translation of its argument into plan nodes. A stage never executes.

    @stage("$limit", examples=[...])
    def limit(argument, input, context):
        \"\"\"The first documents of the input.\"\"\"
        return Limit(input, positive_integer(argument))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from gatherum.definitions import Definitions
from gatherum.errors import GatherumError, PipelineError, UnsupportedError
from gatherum.frontends.mongo.expressions import NO_NAMES, Names
from gatherum.frontends.mongo.unknown import hint
from gatherum.plan.nodes import Node, Scan, Shared
from gatherum.plan.places import Stage as Made
from gatherum.records import record
from gatherum.types.values import Document, Value, type_name

MOST_STAGES = 1000
MOST_LEVELS = 200


@record
class Context:
    """What a stage may need beyond its argument: the variables in scope, the place of the pipeline it stands in
    (`top`, `facet`, `lookup` or `union`), and the position in it, counted from 0. `made` takes the stages, with the
    nodes that they were made into."""

    names: Names = NO_NAMES
    place: str = "top"
    position: int = 0
    collection: str | None = None
    made: list[Made] = field(default_factory=list, compare=False)


Translate = Callable[[Value, Node, Context], Node]


@record
class Stage:
    """One stage. `first_only` stages start a pipeline and read no input; stages of `not_in` are refused there.

    An example is (input documents, the stage's argument, output documents).
    """

    name: str
    translate: Translate
    first_only: bool
    not_in: frozenset[str]
    examples: tuple[tuple[list[Document], Value, list[Document]], ...]
    aliases: tuple[str, ...]

    @property
    def documentation(self) -> str:
        """The translation's docstring."""
        return self.translate.__doc__ or ""


def stage(name: str, *, first_only: bool = False, not_in: Sequence[str] = (), aliases: Sequence[str] = (),
          examples: Sequence[tuple[list[Document], Value, list[Document]]] = ()) -> Callable[[Translate], Stage]:
    """Defines a stage by its translation."""
    return lambda translate: Stage(name, translate, first_only, frozenset(not_in), tuple(examples), tuple(aliases))


def _stage_names(value: Any, module: str) -> Iterable[str]:
    return (value.name, *value.aliases) if isinstance(value, Stage) else ()


_STAGES: Definitions[str, Stage] = Definitions("gatherum.frontends.mongo.stages", _stage_names)


def stages() -> Mapping[str, Stage]:
    """The stages by name, found in `stages/`."""
    return _STAGES


def parse_pipeline(pipeline: Value, context: Context) -> Node:
    """The plan of a whole pipeline.

    `context.collection` is the source's name, or None where the pipeline must start with a stage that needs none. In
    a facet the input is what the facet shares. PipelineError, with the stage's number from 1, where it is wrong.
    """
    if not isinstance(pipeline, list | tuple):
        raise PipelineError(f"a pipeline is an array of stages, not {type_name(pipeline)}", 14)
    if len(pipeline) > MOST_STAGES:
        raise PipelineError(f"a pipeline has at most {MOST_STAGES} stages; this one has {len(pipeline)}", 7749501)
    if context.place == "top":
        _check_depth(pipeline)
    node: Node | None = None
    if context.place == "facet":
        node = Shared()
    elif context.collection is not None:
        node = Scan(context.collection)
    for position, written in enumerate(pipeline):
        name = next(iter(written), "") if isinstance(written, dict) else ""
        place = f"stage {position + 1}" + (f" ({name})" if name else "")
        known = len(context.made)
        try:
            made = _translate(written, node, replace(context, position=position))
        except GatherumError as error:
            raise error.within(place) from None
        within(place, context.made, known)
        context.made.append(Made(name, (place,), _between(made, node)))
        node = made
    if node is None:
        raise PipelineError("the pipeline has no input: start it with $documents, or name a collection", 73)
    return node


def within(place: str, made: list[Made], start: int) -> None:
    """Notes of the stages from `start` that they are those of a pipeline inside `place`."""
    made[start:] = [replace(each, places=(place, *each.places)) for each in made[start:]]


def _between(top: Node, below: Node | None) -> tuple[Node, ...]:
    """The nodes above another one, from the top."""
    nodes: list[Node] = []
    node: Node | None = top
    while node is not None and node is not below:
        nodes.append(node)
        node = next(node.inputs(), None)
    return tuple(nodes)


def _check_depth(pipeline: Value) -> None:
    """PipelineError where arrays and objects are nested too deep, as they cannot be in BSON."""
    level: list[Value] = [pipeline]
    for _ in range(MOST_LEVELS):
        level = [item for value in level for item in (value.values() if isinstance(value, dict) else value)
                 if isinstance(item, dict | list | tuple)]
        if not level:
            return
    raise PipelineError(f"the pipeline is nested deeper than {MOST_LEVELS} levels", 15)


def _translate(written: Value, node: Node | None, context: Context) -> Node:
    if not isinstance(written, dict):
        raise PipelineError(f"each element of a pipeline must be an object, not {type_name(written)}", 14)
    if len(written) != 1:
        found = ", ".join(written) or "none"
        raise PipelineError(f"a stage must be an object with exactly one field; found {found}", 40323)
    (name, argument), = written.items()
    found = stages().get(name)
    if found is None:
        raise UnsupportedError(f"unrecognized pipeline stage name: '{name}'{hint(name, stages())}", 40324)
    if found.first_only and context.position != 0:
        raise PipelineError(f"{name} is only valid as the first stage in a pipeline", 40602)
    if context.place in found.not_in:
        raise PipelineError(f"{name} is not allowed to be used within a ${context.place} stage", 40600)
    if node is None and not found.first_only:
        raise PipelineError(f"{name} needs an input: start the pipeline with $documents, or name a collection", 73)
    return found.translate(argument, node, context)  # pyright: ignore[reportArgumentType]
