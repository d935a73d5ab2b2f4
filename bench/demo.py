"""The demonstration's pipelines over its Parquet files, against DuckDB and the same queries in SQL.

Pipelines that SQL over these files cannot say are timed for information.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

import gatherum as gm
from bench.measure import Figure, best, best_in_turn
from gatherum.cli.demo.files import write_shop, write_ticks
from gatherum.cli.demo.pipelines import PIPELINES, SQL, DemoPipeline

THREADS: Final = 2
BOUND: Final = 1.5


def figures() -> Iterator[Figure]:
    """Each pipeline as a ratio to DuckDB's time; both have two threads and read warm files."""
    with tempfile.TemporaryDirectory() as folder:
        files = {path.stem: path for path in [*write_shop(folder, formats=["parquet"]), write_ticks(folder)]}
        with duckdb.connect(config={"threads": THREADS}) as peer:
            for name, path in files.items():
                peer.execute(f"CREATE VIEW {name} AS FROM '{path}'")
            yield from (_figure(demo, _pipeline(demo, files), peer) for demo in PIPELINES)


def _pipeline(demo: DemoPipeline, files: dict[str, Path]) -> Callable[[], Any]:
    database = gm.connect(files, engine="columnar", threads=THREADS)
    return lambda: database[demo.source].aggregate(demo.pipeline).to_arrow()


def _figure(demo: DemoPipeline, ours: Callable[[], Any], peer: duckdb.DuckDBPyConnection) -> Figure:
    if demo.name not in SQL:
        return Figure(f"demo {demo.name}", best(ours), "s")
    sql = SQL[demo.name]
    found, expected = ours().to_pylist(), peer.sql(sql).to_arrow_table().to_pylist()
    if not alike(found, expected):
        raise AssertionError(f"{demo.name}: DuckDB answers\n{expected}\nnot\n{found}")
    mine, theirs = best_in_turn(ours, lambda: peer.sql(sql).to_arrow_table())
    return Figure(f"demo {demo.name}: gatherum / DuckDB", mine / theirs, "x", BOUND,
                  note=f"{mine * 1e3:.0f} ms / {theirs * 1e3:.0f} ms")


def alike(one: Any, other: Any) -> bool:
    """Whether two answers are equal but for the last bits of sums of doubles, and for null in place of missing."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(alike(one.get(name), other.get(name)) for name in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return math.isclose(one, other, rel_tol=1e-9) if isinstance(one, float) else one == other
