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


class _Field:
    """The values of one path in the sample: how many of which type, and how many different ones, up to a limit."""

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
    found: dict[str, _Field] = {}
    for document in sample:
        for path, value in _values(document):
            found.setdefault(path, _Field()).add(value)
    asked = [Question("rows", "how many there are", [{"$count": "rows"}])]
    few = [path for path, field in found.items() if field.usual in _COUNTED and _few(field)]
    asked += [Question(path, "its most frequent values", [{"$sortByCount": f"${path}"}, {"$limit": TOP_VALUES}])
              for path in few[:MOST_FIELDS]]
    numbers = [path for path, field in found.items() if field.usual in _NUMBERS]
    asked += [Question(path, "the least, the average and the greatest of its numbers", _range(path))
              for path in numbers[:MOST_FIELDS]]
    return asked


def _few(field: _Field) -> bool:
    """Whether the values repeat so much that counting them says something."""
    return len(field.different) <= FEW_VALUES and len(field.different) * 2 <= sum(field.types.values())


def _values(document: Document, start: str = "") -> Iterator[tuple[str, Value]]:
    """The values that are no documents and no arrays, by paths that a pipeline can write."""
    for name, value in document.items():
        if not name or name.startswith("$") or "." in name or "\0" in name:
            continue
        if isinstance(value, dict):
            yield from _values(value, f"{start}{name}.")
        elif not isinstance(value, list) and value is not MISSING:
            yield f"{start}{name}", value


def _range(path: str) -> list[Document]:
    """A pipeline for the numbers at a path, whatever else is there."""
    return [{"$match": {path: {"$type": "number"}}},
            {"$group": {"_id": None, "numbers": {"$sum": 1},
                        **{name: {f"${name}": f"${path}"} for name in ("min", "avg", "max")}}},
            {"$unset": "_id"}]
