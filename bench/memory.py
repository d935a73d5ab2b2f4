"""Whether queries over more data than they may hold keep to their limit, and what that costs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.measure import Figure

ROWS: Final = 5_000_000
LIMIT_MB: Final = 128
BOUND: Final = 1.5
"""Times the limit: the batches on their way and what the libraries hold come on top."""

QUERIES: Final = {
    "$sort by two keys": [{"$sort": {"size": -1, "price": 1}}],
    "$group by a nearly unique key": [{"$group": {"_id": "$id", "n": {"$sum": 1}, "price": {"$max": "$price"}}}],
    "$push of all values": [{"$group": {"_id": "$size", "prices": {"$push": "$price"}}},
                            {"$project": {"n": {"$size": "$prices"}}}],
    "$bucketAuto": [{"$bucketAuto": {"groupBy": "$price", "buckets": 10}}],
}

MEASURED: Final = """
import sys, threading, time
import gatherum as gm
from gatherum.runtime.machine import anonymous_resident

def run(path, pipeline, limit):
    with gm.aggregate(path, pipeline, engine="columnar", memory_limit=limit) as result:
        return sum(1 for _ in result)

path, pipeline, limit = sys.argv[1], eval(sys.argv[2]), sys.argv[3]
run(path, [{"$limit": 1000}, *pipeline], limit)
peak = before = anonymous_resident()
running = True

def watch():
    global peak
    while running:
        peak = max(peak, anonymous_resident())
        time.sleep(0.005)

watcher = threading.Thread(target=watch)
watcher.start()
start = time.perf_counter()
run(path, [*pipeline, {"$skip": 10**9}], limit)
seconds = time.perf_counter() - start
running = False
watcher.join()
print(peak - before, seconds)
"""


def measured(path: Path, pipeline: object, limit: str) -> tuple[float, float]:
    """By how many MB a process grows while it runs a pipeline, and the seconds that takes."""
    ran = subprocess.run([sys.executable, "-c", MEASURED, str(path), repr(pipeline), limit], check=True,
                         capture_output=True, text=True)
    growth, seconds = ran.stdout.split()
    return int(growth) / 2**20, float(seconds)


def figures() -> Iterator[Figure]:
    """Each query within the limit, and with room for everything."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "trades.parquet"
        write_trades(path)
        for name, pipeline in QUERIES.items():
            growth, seconds = measured(path, pipeline, f"{LIMIT_MB}MiB")
            free_growth, free_seconds = measured(path, pipeline, "8GiB")
            yield Figure(f"{name}, growth by the limit of {LIMIT_MB} MiB", growth / LIMIT_MB, "x", BOUND,
                         note=f"{growth:.0f} MiB, {free_growth:.0f} with room; {seconds / free_seconds:.1f} times the "
                              f"{free_seconds:.1f} s that it then takes")


def write_trades(path: Path) -> None:
    """Rows with an id that hardly repeats, a price, a size and a word."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance = np.random.default_rng(7)
    words = pa.array([f"venue {number}" for number in range(50)])
    pq.write_table(pa.table({
        "id": chance.integers(0, 1 << 40, ROWS), "price": chance.normal(100.0, 20.0, ROWS).round(2),
        "size": chance.integers(1, 500, ROWS).astype(np.int32),
        "venue": words.take(pa.array(chance.integers(0, len(words), ROWS))),
    }), path, row_group_size=1 << 18)
