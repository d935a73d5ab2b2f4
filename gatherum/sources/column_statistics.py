"""Statistics of columns, put together of those of the parts that their rows lie in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from gatherum.plan.expressions import Path
from gatherum.plan.protocols import ColumnStatistics
from gatherum.types.order import RANK
from gatherum.types.values import BsonType


class UnitedColumns(Mapping[Path, ColumnStatistics]):
    """The statistics of the columns of several parts, each given with its number of rows; worked out when asked."""

    def __init__(self, parts: Sequence[tuple[int, Mapping[Path, ColumnStatistics]]]) -> None:
        self._parts = parts

    def __getitem__(self, path: Path) -> ColumnStatistics:
        return united([(rows, columns[path]) for rows, columns in self._parts])

    def __iter__(self) -> Iterator[Path]:
        paths = dict.fromkeys(chain.from_iterable(columns for _, columns in self._parts))
        return (path for path in paths if all(path in columns for _, columns in self._parts))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def united(parts: Sequence[tuple[int, ColumnStatistics]]) -> ColumnStatistics:
    """What is known of a column, of whose parts the rows and the statistics are given.

    How many values are distinct is known where all are equal, and of booleans.
    """
    counts = [known.nulls for _, known in parts]
    nulls = None if None in counts else sum(count or 0 for count in counts)
    solid = [known for rows, known in parts if known.nulls != rows]
    lows = [known.low for known in solid if known.low is not None]
    highs = [known.high for known in solid if known.high is not None]
    if not solid or len(lows) < len(solid) or len(highs) < len(solid):
        return ColumnStatistics(nulls, distinct=solid[0].distinct if len(parts) == 1 and solid else None)
    low, high = min(lows), max(highs)
    distinct = solid[0].distinct if len(parts) == 1 else None
    if low == high:
        distinct = 1
    elif low[0] == RANK[BsonType.BOOL]:
        distinct = 2
    return ColumnStatistics(nulls, low, high, distinct)
