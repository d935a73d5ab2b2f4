"""Paths through documents alone, as the stages that name one place use them: arrays are not looked into."""

from __future__ import annotations

from gatherum.plan.expressions import Path
from gatherum.types.values import MISSING, Document, Value


def value_at(document: Document, path: Path) -> Value:
    """The value at `path`, or MISSING where a part of the path is no document."""
    value: Value = document
    for name in path:
        if type(value) is not dict:
            return MISSING
        value = value.get(name, MISSING)
    return value


def with_value(document: Value, path: Path, value: Value, start: int = 0) -> Document:
    """A copy of `document` with `value` at `path`; what stands in the way becomes a document, MISSING takes out."""
    made = dict(document) if type(document) is dict else {}
    name = path[start]
    if start + 1 < len(path):
        made[name] = with_value(made.get(name), path, value, start + 1)
    elif value is MISSING:
        made.pop(name, None)
    else:
        made[name] = value
    return made
