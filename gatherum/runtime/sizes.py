"""How much memory Python's objects take."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import islice
from sys import getsizeof
from typing import Any, Final

MEASURED: Final = 20
"""Of a collection that holds more items than these, so many evenly spaced ones stand for all."""
_ATOMS: Final = frozenset({str, int, float, bool, bytes, type(None)})


def size_of(*values: Any) -> int:
    """The bytes of some objects and of what they hold; what several of them hold counts once.

    >>> shared = ["x" * 1000]
    >>> size_of(shared, shared) == size_of(shared) > 1000
    True
    """
    seen: set[int] = set()
    return sum(_size(value, seen) for value in values)


def _size(value: Any, seen: set[int]) -> int:
    if id(value) in seen:
        return 0
    seen.add(id(value))
    cls = type(value)
    own = getsizeof(value)
    if cls in _ATOMS:
        return own
    if isinstance(value, dict):
        # The keys of documents are names, of which there are few; those of tables are held as values too.
        return own + _items(value.values(), len(value), seen)
    if isinstance(value, list | tuple | set | frozenset):
        return own + _items(value, len(value), seen)
    held = [getattr(value, name, None) for name in _slots(cls)]
    held += getattr(value, "__dict__", {}).values()
    return own + _items(held, len(held), seen)


@cache
def _slots(cls: type) -> tuple[str, ...]:
    slots = getattr(cls, "__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _items(items: Iterable[Any], count: int, seen: set[int]) -> int:
    if count <= MEASURED:
        return sum([_size(item, seen) for item in items])
    step = count // MEASURED
    return sum([_size(item, seen) for item in islice(items, 0, step * MEASURED, step)]) * count // MEASURED
