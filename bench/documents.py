"""A pipeline of four stages over dicts and over the same rows as an Arrow table."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import mongomock

import gatherum as gm
from bench.measure import Figure, best, best_in_turn

PIPELINE: list[dict[str, Any]] = [
    {"$match": {"status": "A", "qty": {"$gt": 10}}},
    {"$addFields": {"amount": {"$multiply": ["$qty", "$price"]}}},
    {"$group": {"_id": "$customer", "total": {"$sum": "$amount"}, "n": {"$sum": 1}}},
    {"$sort": {"total": -1}},
]


def documents(rows: int) -> list[dict[str, Any]]:
    """Orders, the same ones every time."""
    chance = random.Random(1)
    return [{"_id": i, "customer": f"c{chance.randrange(1000)}", "status": chance.choice("ABC"),
             "qty": chance.randrange(100), "price": round(chance.uniform(1, 100), 2)} for i in range(rows)]


def figures() -> Iterator[Figure]:
    """Against mongomock at 10,000 documents; at 200,000 as dicts and as a table."""
    small = documents(10_000)
    collection = mongomock.MongoClient().db.orders
    collection.insert_many(small)
    ours, peer = best_in_turn(lambda: gm.aggregate(small, PIPELINE).to_list(),
                              lambda: list(collection.aggregate(PIPELINE)), runs=7)
    yield Figure("four stages, 10,000 dicts: mongomock / gatherum", peer / ours, "x", 50, at_least=True,
                 note=f"{peer * 1e3:.0f} ms / {ours * 1e3:.1f} ms")
    large = documents(200_000)
    yield Figure("four stages, 200,000 dicts", best(lambda: gm.aggregate(large, PIPELINE).to_list()), "s", 0.2)
    import pyarrow as pa

    table = pa.Table.from_pylist(large)
    yield Figure("four stages, 200,000 rows of an Arrow table",
                 best(lambda: gm.aggregate(table, PIPELINE, engine="columnar").to_list()), "s", 0.05)
