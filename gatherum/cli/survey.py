"""What can be asked of files of which nothing is known: their rows, their fields' frequent values and their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from gatherum.types.order import group_key
from gatherum.types.values import MISSING, NUMERIC, TYPE_NAMES, Document, Value, type_name

FEW_VALUES: Final = 30
TOP_VALUES: Final = 10
MOST_FIELDS: Final = 6
_NUMBERS: Final = frozenset(TYPE_NAMES[kind] for kind in NUMERIC)
_COUNTED: Final = _NUMBERS | {"string", "bool", "date", "objectId"}


class Question(NamedTuple):
    """A pipeline and what it answers."""

    title: str
    purpose: str
    pipeline: list[Document]


class _Place(NamedTuple):
    """A path, and the arrays on the way to it."""

    path: str
    arrays: tuple[str, ...]

    def unwound(self, pipeline: list[Document]) -> list[Document]:
        """The pipeline, run over each element of the arrays."""
        return [*({"$unwind": f"${array}"} for array in self.arrays), *pipeline]


class _Field:
    """The values of one place in the sample: how many of which type, and how many different ones, up to a limit."""

    def __init__(self) -> None:
        self.types: dict[str, int] = {}
        self.different: set[Value] = set()

    def add(self, value: Value) -> None:
        kind = type_name(value)
        self.types[kind] = self.types.get(kind, 0) + 1
        if len(self.different) <= FEW_VALUES:
            self.different.add(group_key(value))

    @property
    def usual(self) -> str:
        """The type that most values have, null apart."""
        kinds = {kind: count for kind, count in self.types.items() if kind != "null"}
        return max(kinds, key=kinds.__getitem__, default="")


def questions(sample: Sequence[Document]) -> list[Question]:
    """What to ask of data whose first documents are these."""
    found: dict[_Place, _Field] = {}
    for document in sample:
        for place, value in _values(document, _Place("", ())):
            found.setdefault(place, _Field()).add(value)
    asked = [Question("rows", "how many there are", [{"$count": "rows"}])]
    few = [place for place, field in found.items() if field.usual in _COUNTED and _few(field)]
    asked += [Question(place.path, "its most frequent values", place.unwound([
        {"$sortByCount": f"${place.path}"}, {"$limit": TOP_VALUES}])) for place in few[:MOST_FIELDS]]
    numbers = [place for place, field in found.items() if field.usual in _NUMBERS]
    asked += [Question(place.path, "the least, the average and the greatest of its numbers",
                       place.unwound(_range(place.path))) for place in numbers[:MOST_FIELDS]]
    return asked


def _few(field: _Field) -> bool:
    """Whether the values repeat so much that counting them says something."""
    return len(field.different) <= FEW_VALUES and len(field.different) * 2 <= sum(field.types.values())


def _values(value: Value, place: _Place) -> Iterator[tuple[_Place, Value]]:
    """The values that are no documents and no arrays, by paths that a pipeline can write."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name and not name.startswith("$") and "." not in name and "\0" not in name:
                yield from _values(item, _Place(f"{place.path}.{name}".lstrip("."), place.arrays))
    elif isinstance(value, list):
        if place.path not in place.arrays:                  # $unwind does not reach an array within an array
            for item in value:
                yield from _values(item, _Place(place.path, (*place.arrays, place.path)))
    elif value is not MISSING:
        yield place, value


def _range(path: str) -> list[Document]:
    """A pipeline for the numbers at a path, whatever else is there."""
    return [{"$match": {path: {"$type": "number"}}},
            {"$group": {"_id": None, "numbers": {"$sum": 1},
                        **{name: {f"${name}": f"${path}"} for name in ("min", "avg", "max")}}},
            {"$unset": "_id"}]
