"""The h2o.ai group-by questions 1 to 5 over an Arrow table with plain string columns, against pyarrow's group_by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

import gatherum as gm
from bench.measure import Figure, best_in_turn

ROWS: Final = 10_000_000
GROUPS: Final = 100

QUESTIONS: Final[dict[str, tuple[list[str], list[tuple[str, str]]]]] = {
    "q1": (["id1"], [("v1", "sum")]),
    "q2": (["id1", "id2"], [("v1", "sum")]),
    "q3": (["id3"], [("v1", "sum"), ("v3", "mean")]),
    "q4": (["id4"], [("v1", "mean"), ("v2", "mean"), ("v3", "mean")]),
    "q5": (["id6"], [("v1", "sum"), ("v2", "sum"), ("v3", "sum")]),
}
NAMES: Final = {"sum": "$sum", "mean": "$avg"}


def table(rows: int = ROWS) -> pa.Table:
    """The data of the benchmark, seeded."""
    chance = np.random.default_rng(1)

    def strings(form: str, count: int) -> pa.Array:
        words = pa.array([form % i for i in range(1, count + 1)])
        codes = pa.array(chance.integers(0, count, rows).astype(np.int32))
        return pa.DictionaryArray.from_arrays(codes, words).dictionary_decode()

    many = rows // GROUPS
    return pa.table({
        "id1": strings("id%03d", GROUPS), "id2": strings("id%03d", GROUPS), "id3": strings("id%010d", many),
        "id4": chance.integers(1, GROUPS + 1, rows), "id5": chance.integers(1, GROUPS + 1, rows),
        "id6": chance.integers(1, many + 1, rows), "v1": chance.integers(1, 6, rows),
        "v2": chance.integers(1, 16, rows), "v3": np.round(chance.uniform(0, 100, rows), 6)})


def pipeline(keys: list[str], aggregates: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """A question as a pipeline."""
    key: Any = f"${keys[0]}" if len(keys) == 1 else {name: f"${name}" for name in keys}
    return [{"$group": {"_id": key, **{f"{name}_{how}": {NAMES[how]: f"${name}"} for name, how in aggregates}}}]


def figures() -> Iterator[Figure]:
    """Each question as a ratio to pyarrow's time."""
    data = table()
    for name, (keys, aggregates) in QUESTIONS.items():
        ours, peer = best_in_turn(
            lambda k=keys, a=aggregates: gm.aggregate(data, pipeline(k, a), engine="columnar").to_arrow(),
            lambda k=keys, a=aggregates: data.group_by(k).aggregate(a), runs=9)
        yield Figure(f"h2o.ai {name}, 1e7 rows: gatherum / pyarrow", ours / peer, "x", 1.0,
                     note=f"{ours * 1e3:.0f} ms / {peer * 1e3:.0f} ms")
