"""What the shop sells and to whom: the products and the customers that orders refer to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.cli.demo.draws import Draws
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import DATE
from gatherum.records import record

PRODUCTS_PLACE: Final = 1
CUSTOMERS_PLACE: Final = 2
PRODUCTS: Final = 2000
ORDERS_PER_CUSTOMER: Final = 20
CHUNK_ROWS: Final = 1 << 14
"""A power of two, so that the row groups of a Parquet file are whole morsels."""
DAY_MS: Final = 86_400_000
YEAR_START_MS: Final = 1_735_689_600_000                     # 2025-01-01, a Wednesday

COUNTRIES: Final = ("DE", "FR", "US", "GB", "NL", "AT", "CH", "ES", "IT", "PL", "SE", "JP", "BR", "ZA", "NZ", "IS")
COUNTRY_WEIGHTS: Final = (240, 150, 130, 110, 80, 60, 50, 45, 40, 30, 20, 15, 12, 8, 6, 4)
_CATEGORIES: Final = ("Kitchen", "Garden", "Books", "Toys", "Sport", "Office", "Music", "Travel", "Pets", "Lighting")
_QUALITIES: Final = ("Plain", "Blue", "Folding", "Small", "Large", "Oak", "Steel", "Soft", "Classic", "Quiet")
_THINGS: Final = ("Kettle", "Rake", "Atlas", "Puzzle", "Racket", "Stapler", "Drum", "Satchel", "Basket", "Lamp",
                  "Bowl", "Bench", "Diary", "Kite", "Mat", "Folder", "Flute", "Flask", "Collar", "Lantern")
_FIRST_NAMES: Final = ("Ada", "Ben", "Chloé", "Dmitri", "Elif", "Femi", "Grace", "Hiro", "Inés", "Jürgen", "Kim",
                       "Lars", "Maya", "Noor", "Ósk", "Priya")
_LAST_NAMES: Final = ("Abebe", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Hansen", "Ito", "Jansen",
                      "Kowalski", "Larsen", "Müller", "Novak", "Okafor", "Şahin")
_SEGMENTS: Final = ("consumer", "small business", "enterprise", "public sector")


@record
class Products:
    """The products: their texts, and their prices in cents. The first ones sell best."""

    skus: pa.Array
    names: pa.Array
    categories: pa.Array
    cents: np.ndarray


@cache
def products(seed: int) -> Products:
    """What the shop sells."""
    draws = Draws(seed, PRODUCTS_PLACE)
    categories = draws.below(len(_CATEGORIES), PRODUCTS).tolist()
    qualities = draws.below(len(_QUALITIES), PRODUCTS).tolist()
    things = draws.below(len(_THINGS), PRODUCTS).tolist()
    return Products(
        pa.array([f"{_CATEGORIES[c][:2].upper()}-{number:04}" for number, c in enumerate(categories)]),
        pa.array([f"{_QUALITIES[q]} {_THINGS[t]}" for q, t in zip(qualities, things, strict=True)]),
        pa.array([_CATEGORIES[c] for c in categories]),
        199 + draws.skewed(40_000, PRODUCTS) // 10 * 10)


def customer_count(orders: int) -> int:
    """How many customers a shop with so many orders has."""
    return max(orders // ORDERS_PER_CUSTOMER, 50)


@cache
def customer_countries(count: int, seed: int) -> np.ndarray:
    """Each customer's position in `COUNTRIES`."""
    return Draws(seed, CUSTOMERS_PLACE).pick(COUNTRY_WEIGHTS, count)


def customers(count: int, seed: int = 0) -> Iterator[Batch]:
    """The customers: `_id` (int, from 1), `name`, `country` (some null), `segment` (some missing), `joined` (some
    null)."""
    return (customers_chunk(number, count, seed) for number in range(customer_chunks(count)))


def customer_chunks(count: int) -> int:
    """How many chunks so many customers have."""
    return -(-count // CHUNK_ROWS)


def customers_chunk(number: int, count: int, seed: int) -> Batch:
    """One chunk of `count` customers."""
    start = number * CHUNK_ROWS
    countries = customer_countries(count, seed)[start:start + CHUNK_ROWS]
    return _customers(start, countries, Draws(seed, CUSTOMERS_PLACE, number))


def _customers(start: int, countries: np.ndarray, draws: Draws) -> Batch:
    rows = len(countries)
    names = pa.array([f"{first} {last}" for first in _FIRST_NAMES for last in _LAST_NAMES])
    joined = YEAR_START_MS - draws.below(8 * 365, rows) * DAY_MS + draws.below(DAY_MS, rows)
    return Batch({
        "_id": Column(pa.array(np.arange(start + 1, start + rows + 1, dtype=np.int32))),
        "name": Column(names.take(pa.array(draws.below(len(names), rows)))),
        "country": Column(words(COUNTRIES, countries, draws.chance(0.03, rows))),
        "segment": Column(words(_SEGMENTS, draws.pick((70, 18, 8, 4), rows), draws.chance(0.1, rows)), missing=True),
        "joined": Column(pa.array(joined, mask=draws.chance(0.02, rows)).cast(DATE)),
    }, rows)


def words(table: tuple[str, ...], codes: np.ndarray, holes: np.ndarray | None = None) -> pa.Array:
    """The strings of the table at these positions, invalid where there is a hole."""
    return pa.array(table).take(pa.array(codes, mask=holes))
