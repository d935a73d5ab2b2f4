"""The canonical form of plans and expressions, and their fingerprint.

The form is JSON-ready: every dataclass of the plan is a document of its `type` and those of its fields that do not
have their default, literals are canonical Extended JSON. A plan is the list of its nodes, each after those that it
reads, which stand in it as `{"node": position}`; equal nodes are listed once. It is derived from the dataclasses, so a
new node or expression has it by existing.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields, is_dataclass
from functools import cache
from types import CodeType
from typing import Any, Final

import bson
from bson.codec_options import CodecOptions, DatetimeConversion

from gatherum.errors import PipelineError
from gatherum.functions.operator import Operator
from gatherum.functions.registry import aggregates, operators
from gatherum.plan import expressions, nodes
from gatherum.plan.expressions import AggregateCall, Call, Expression, Literal, has_dollar_names, literal_bson
from gatherum.plan.nodes import Node
from gatherum.types.extended_json import decode, encode
from gatherum.types.values import MISSING, Value

VERSION: Final = 1
_BUILT_IN: Final = "gatherum.functions."
_BSON: Final = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def to_canonical(part: Node | Expression) -> Any:
    """The canonical form of a plan or an expression: dicts, lists, strings, ints, booleans and None."""
    listed: list[Any] = []
    known: dict[str, int] = {}
    places: dict[int, int] = {}
    for node in _bottom_up(part):
        form = _encode(node, places)
        places[id(node)] = known.setdefault(_text(form), len(listed))
        if places[id(node)] == len(listed):
            listed.append(form)
    if isinstance(part, Node):
        return {"version": VERSION, "nodes": listed}
    return {"version": VERSION, "expression": _encode(part, places)}


def fingerprint(part: Node | Expression) -> str:
    """32 hexadecimal digits that equal plans share in every process, and that others do not.

    >>> from gatherum.plan.expressions import field
    >>> fingerprint(field("a")) == fingerprint(field("a")), fingerprint(field("a")) == fingerprint(field("b"))
    (True, False)
    """
    return hashlib.blake2b(_text(to_canonical(part)).encode(), digest_size=16).hexdigest()


def from_canonical(form: Any) -> Any:
    """The plan or expression of a canonical form; PipelineError where this gatherum cannot have it.

    That is a form of another version, a node or function unknown here, or a user's function whose source here is not
    the one that the form was made with.
    """
    version = form.get("version") if isinstance(form, dict) else None
    if version != VERSION:
        raise PipelineError(f"the plan has version {version} of the canonical form, and this gatherum reads version "
                            f"{VERSION}: use the same gatherum on both sides")
    if "expression" in form:
        return _decode(form["expression"], [])
    listed: list[Node] = []
    for node in form["nodes"]:
        listed.append(_decode(node, listed))
    return listed[-1]


def _text(form: Any) -> str:
    return json.dumps(form, separators=(",", ":"))


def _bottom_up(part: Any) -> Iterator[Node]:
    """The nodes below and in `part`, each once, after those that it reads."""
    seen: set[int] = set()
    waiting: list[tuple[Any, bool]] = [(part, False)]
    while waiting:
        node, opened = waiting.pop()
        if opened:
            yield node
        elif isinstance(node, Node) and id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            below = [getattr(node, field.name) for field in fields(node)]
            for value in reversed(below):
                waiting.extend((item, False) for item in reversed(value if isinstance(value, tuple) else (value,)))


def _encode(part: Any, places: dict[int, int]) -> Any:
    if isinstance(part, Literal):
        return {"type": "Literal", **_encode_value(part.value)}
    if is_dataclass(part) and not isinstance(part, type):
        form: dict[str, Any] = {"type": type(part).__name__}
        for field in fields(part):
            value = getattr(part, field.name)
            if isinstance(value, Node):
                form[field.name] = {"node": places[id(value)]}
            elif field.default is NO_DEFAULT or value != field.default:
                form[field.name] = _encode_items(value, places)
        origin = _origin(part)
        return form if origin is None else {**form, "origin": origin}
    return part


def _encode_items(value: Any, places: dict[int, int]) -> Any:
    if isinstance(value, tuple):
        return [_encode_items(item, places) for item in value]
    return {"node": places[id(value)]} if isinstance(value, Node) else _encode(value, places)


def _encode_value(value: Value) -> dict[str, Any]:
    """The part of a literal's form that gives its value; BSON where Extended JSON could be taken for another value."""
    if value is MISSING:
        return {}
    if has_dollar_names(value):
        return {"bson": base64.b64encode(literal_bson(value)).decode()}
    return {"value": encode(value)}


@cache
def _classes() -> dict[str, type]:
    return {name: value for module in (expressions, nodes) for name, value in vars(module).items()
            if isinstance(value, type) and is_dataclass(value)}


def _decode(form: Any, listed: list[Node]) -> Any:
    if isinstance(form, list):
        return tuple(_decode(item, listed) for item in form)
    if not isinstance(form, dict):
        return form
    if "node" in form and "type" not in form:
        return listed[form["node"]]
    values = dict(form)
    name = values.pop("type", None)
    if name == "Literal":
        return Literal(_decode_value(values))
    cls = _classes().get(name)
    if cls is None:
        raise PipelineError(f"the plan holds a {name}, which this gatherum does not know: use the same gatherum on "
                            "both sides")
    origin = values.pop("origin", None)
    try:
        part = cls(**{field: _decode(value, listed) for field, value in values.items()})
    except (TypeError, ValueError) as error:
        raise PipelineError(f"the plan's {name} cannot be built here: {error}"
                            + (f"; import {origin['module']} first" if origin else "")) from None
    _check_origin(part, origin)
    return part


def _decode_value(form: dict[str, Any]) -> Value:
    if "bson" in form:
        return bson.decode(base64.b64decode(form["bson"]), _BSON)[""]
    return decode(form["value"]) if "value" in form else MISSING


def _origin(part: Any) -> dict[str, str] | None:
    """Module, qualified name and hash of the source of a user's function that `part` calls; None for built-in ones."""
    if isinstance(part, Call):
        function = operators()[part.function]
        defined = function.meaning if isinstance(function, Operator) else function
    elif isinstance(part, AggregateCall):
        defined = aggregates()[part.function]
    else:
        return None
    if defined.__module__.startswith(_BUILT_IN):
        return None
    return {"module": defined.__module__, "name": defined.__qualname__, "source": _source_hash(defined)}


@cache
def _source_hash(defined: Any) -> str:
    """A hash of the source text, or of the compiled code where there is no text, as in an interactive session."""
    try:
        text = inspect.getsource(defined)
    except (OSError, TypeError):
        parts = vars(defined).values() if isinstance(defined, type) else [defined]
        text = repr([_code_parts(part.__code__) for part in parts if inspect.isfunction(part)])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _code_parts(code: CodeType) -> list[Any]:
    constants = [_code_parts(item) if isinstance(item, CodeType) else repr(item) for item in code.co_consts]
    return [code.co_name, code.co_code.hex(), code.co_names, constants]


def _check_origin(part: Any, wanted: dict[str, str] | None) -> None:
    found = _origin(part)
    if found == wanted:
        return
    if wanted is None:
        raise PipelineError(f"the plan calls the built-in {part.function}, which is a function of the user's own here")
    written = f"{wanted['module']}.{wanted['name']}"
    if found is None or (found["module"], found["name"]) != (wanted["module"], wanted["name"]):
        here = "a built-in function" if found is None else f"{found['module']}.{found['name']}"
        raise PipelineError(f"the plan calls {part.function} as {written}, but here it is {here}: register the same "
                            "function on both sides")
    raise PipelineError(f"the source of {written} ({part.function}) differs from the one that the plan was made with: "
                        "use the same source on both sides")
