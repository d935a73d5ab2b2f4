"""What fields documents have and of which types, gathered in one pass over any number of documents.

A path leads to a field by dots and into the elements of an array by `[]`, so that `items[].price` is the price of
each item. The memory is bounded: where a document is a map, whose names are data, the names beyond the first stand
together under `*`, and there is a limit to all paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import orjson

from gatherum.api.table import cell
from gatherum.types.values import Document, Value, type_name

NAMES_OF_ONE: Final = 200
NAMES_OF_RECORDS: Final = 1000
"""A record is rarely a map, and may have many columns."""
PATHS: Final = 2000


class Place(NamedTuple):
    """Where a type was first seen: the file, the number of its record from 1, and the value in one line."""

    file: str
    record: int
    value: str


@dataclass(slots=True)
class Shape:
    """One path: how many values each type has, where it was first seen, and what is below.

    `fields` are those of its documents, `others` stands for the names beyond the first ones, `elements` for what its
    arrays hold.
    """

    path: str
    types: dict[str, int] = field(default_factory=dict)
    first: dict[str, Place] = field(default_factory=dict)
    fields: dict[str, Shape] = field(default_factory=dict)
    others: Shape | None = None
    elements: Shape | None = None

    @property
    def seen(self) -> int:
        """How many values there were, null among them."""
        return sum(self.types.values())

    @property
    def minorities(self) -> list[str]:
        """The types other than null and than the one that most values have."""
        kinds = [name for name in self.types if name != "null"]
        most = max(kinds, key=lambda name: self.types[name], default="")
        return [name for name in kinds if name != most]


class Shapes:
    """The shape of all documents that were added."""

    def __init__(self) -> None:
        self.documents = 0
        self.not_described = 0
        self._left_out: dict[str, str] = {}
        self._root = Shape("")
        self._paths = 0
        self._file = ""
        self._record = 0

    def add(self, document: Document, file: str, record: int) -> None:
        """Takes one document of a file into account."""
        self.documents += 1
        self._file, self._record = file, record
        self._add_fields(self._root, document)

    def leave_out(self, name: str, why: str) -> None:
        """Takes into account that the documents have a field that cannot be described."""
        self._left_out.setdefault(name, f"not described: {why}")

    def described(self) -> Iterator[tuple[Shape, int | None]]:
        """Every path, and in how many of the documents that it is a field of it is missing (None: it is no field)."""
        return self._below(self._root, self.documents)

    def notes(self) -> list[str]:
        """What is not told apart."""
        notes = [f"{shape.path or 'the record'} has more than {_most_names(shape):,} different fields: the others "
                 f"stand together under {shape.others.path}"
                 for shape in [self._root, *(shape for shape, _ in self.described())] if shape.others is not None]
        notes += self._left_out.values()
        if self.not_described:
            notes.append(f"there are more than {PATHS:,} different fields: {self.not_described:,} values of others are "
                         "not described")
        return notes

    def _below(self, shape: Shape, documents: int) -> Iterator[tuple[Shape, int | None]]:
        for below in shape.fields.values():
            yield from self._with_below(below, documents - below.seen)
        if shape.others is not None:
            yield from self._with_below(shape.others, None)
        if shape.elements is not None:
            yield from self._with_below(shape.elements, None)

    def _with_below(self, shape: Shape, missing: int | None) -> Iterator[tuple[Shape, int | None]]:
        yield shape, missing
        yield from self._below(shape, shape.types.get("object", 0))

    def _add_fields(self, shape: Shape, document: Document) -> None:
        for name, value in document.items():
            below = shape.fields.get(name) or self._field(shape, name)
            if below is None:
                self.not_described += 1
            else:
                self._add(below, value)

    def _add(self, shape: Shape, value: Value) -> None:
        kind = type_name(value)
        if kind in shape.types:
            shape.types[kind] += 1
        else:
            shape.types[kind] = 1
            shape.first[kind] = Place(self._file, self._record, _shown(value))
        if kind == "object":
            self._add_fields(shape, value)
        elif kind == "array" and value:
            self._add_elements(shape, value)

    def _add_elements(self, shape: Shape, items: list[Value]) -> None:
        if shape.elements is None:
            shape.elements = self._new(f"{shape.path}[]")
        if shape.elements is None:
            self.not_described += len(items)
            return
        for item in items:
            self._add(shape.elements, item)

    def _field(self, shape: Shape, name: str) -> Shape | None:
        """The shape of a field that is met for the first time; None where the limit of paths is reached."""
        start = f"{shape.path}." if shape.path else ""
        if len(shape.fields) >= _most_names(shape):
            if shape.others is None:
                shape.others = self._new(f"{start}*")
            return shape.others
        made = self._new(f"{start}{name}")
        if made is not None:
            shape.fields[name] = made
        return made

    def _new(self, path: str) -> Shape | None:
        if self._paths >= PATHS:
            return None
        self._paths += 1
        return Shape(path)


def _most_names(shape: Shape) -> int:
    return NAMES_OF_ONE if shape.path else NAMES_OF_RECORDS


def _shown(value: Value) -> str:
    """The value in one line; a string in quotes, which tell it from a number."""
    return orjson.dumps(cell(value)).decode() if isinstance(value, str) else cell(value)
