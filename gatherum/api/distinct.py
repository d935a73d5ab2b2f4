"""The distinct values at a path, as MongoDB's command `distinct` finds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gatherum.errors import PipelineError
from gatherum.types.order import group_key, order_key
from gatherum.types.values import MISSING, Document, Value, type_name


def pruned(key: str) -> dict[str, int]:
    """A projection that keeps what is needed of a document: the field that the path begins with."""
    if not isinstance(key, str) or not key:
        raise PipelineError(f"distinct takes the path of a field, not {key if key == '' else type_name(key)!r}", 14)
    name = key.split(".")[0]
    return {name: 1} if name == "_id" else {"_id": 0, name: 1}


def distinct_values(documents: Iterable[Document], key: str) -> list[Value]:
    """One of each of the values at a path, in BSON's order."""
    names = key.split(".")
    found: dict[Any, Value] = {}
    for document in documents:
        for value in _reached(document, names):
            found.setdefault(group_key(value), value)
    return sorted(found.values(), key=order_key)


def _reached(value: Value, names: Sequence[str]) -> Iterator[Value]:
    """The values below a document or an array. An array on the way is entered at the position that the next name is,
    or else through all its elements; at the end of the path its elements are the values."""
    if not names:
        if isinstance(value, list):
            yield from value
        elif value is not MISSING:
            yield value
    elif isinstance(value, dict):
        yield from _reached(value.get(names[0], MISSING), names[1:])
    elif isinstance(value, list) and names[0].isdecimal():
        place = int(names[0])
        if str(place) == names[0] and place < len(value):
            yield from _reached(value[place], names[1:])
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield from _reached(item, names)
