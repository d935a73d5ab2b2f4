"""The demonstration's pipelines over its Parquet files, against DuckDB and the same queries in SQL."""

from __future__ import annotations

import decimal
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import bson
import duckdb
from bson import Decimal128

import gatherum as gm
from bench.demo_sql import MACROS, SQL
from bench.measure import Figure, best_in_turn
from gatherum.cli.demo.files import write_shop, write_ticks
from gatherum.cli.demo.pipelines import PIPELINES, DemoPipeline

THREADS: Final = 2
BOUND: Final = 1.5


def figures() -> Iterator[Figure]:
    """Each pipeline as a ratio to DuckDB's time; both have two threads and read warm files."""
    with tempfile.TemporaryDirectory() as folder:
        files = {path.stem: path for path in [*write_shop(folder, formats=["parquet"]), write_ticks(folder)]}
        database = gm.connect(files, engine="columnar", threads=THREADS)
        with connected(files) as peer:
            yield from (_figure(demo, database, peer) for demo in PIPELINES)


def connected(files: Mapping[str, Path]) -> duckdb.DuckDBPyConnection:
    """DuckDB, with a view of each file."""
    peer = duckdb.connect(config={"threads": THREADS})
    for macro in MACROS:
        peer.execute(macro)
    for name, path in files.items():
        peer.execute(f"CREATE VIEW {name} AS FROM '{path}'")
    return peer


def _figure(demo: DemoPipeline, database: gm.Database, peer: duckdb.DuckDBPyConnection) -> Figure:
    def ours() -> gm.Result:
        return database[demo.source].aggregate(demo.pipeline)

    found, expected = ours().to_list(), answer(peer, demo.name)
    if not alike(found, expected):
        raise AssertionError(f"{demo.name}: DuckDB answers\n{expected}\nnot\n{found}")
    mine, theirs = best_in_turn(lambda: ours().to_arrow(), lambda: peer.sql(SQL[demo.name]).to_arrow_table())
    return Figure(f"demo {demo.name}: gatherum / DuckDB", mine / theirs, "x", BOUND,
                  note=f"{mine * 1e3:.0f} ms / {theirs * 1e3:.0f} ms")


def answer(peer: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """DuckDB's rows for a pipeline."""
    cursor = peer.execute(SQL[name])
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def alike(one: Any, other: Any) -> bool:
    """Whether our answer and DuckDB's are equal but for the last bits of sums of doubles, null in place of missing, and
    values that are still in BSON."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(alike(one.get(name), other.get(name)) for name in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(other, bytes):
        return one == bson.decode(other).get("")
    if isinstance(one, Decimal128):
        return one.to_decimal() == decimal.Decimal(other)
    return math.isclose(one, other, rel_tol=1e-9) if isinstance(one, float) else one == other
