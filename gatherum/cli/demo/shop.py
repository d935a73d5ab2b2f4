"""A year of a shop's orders: nested documents with every trait that real ones have.

A document has, in this order: `_id` (ObjectId of the order's second, and its number), `customer` (int; some of them
are in no list of customers), `ordered` (date, strictly increasing), `status`, `channel`, `country` (strings, skewed),
`zip` (string; int where somebody lost the leading zeros), `items` (array of documents with `sku`, `name` in some,
`category`, `qty` int, `price` double, `discount` double in some), `shipping` (`method` and `cost`; null in a store),
`payment` (`method` and `amount` as a double; missing where cancelled), `total` (decimal, exact to the cent),
`coupon` (string, null, mostly missing), `rating` (int, mostly missing), `gift` (bool), `note` (string, null, document,
mostly missing), `shipped` (date, null while open), `returned` (date, missing where kept), `visit` (long).

The orders depend on their number and the seed alone, whatever the machine and however many processes make them:
each chunk of them has a random stream of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
from bson import Decimal128

from gatherum.cli.demo.catalogue import (
    CHUNK_ROWS,
    COUNTRIES,
    DAY_MS,
    PRODUCTS,
    YEAR_START_MS,
    Products,
    customer_count,
    customer_countries,
    products,
    words,
)
from gatherum.cli.demo.draws import Draws
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column, invalid_metadata
from gatherum.kernels.columns.types import DATE, DECIMAL128, OBJECT_ID
from gatherum.kernels.columns.variant import variant_of
from gatherum.records import record
from gatherum.types.values import MISSING

ORDERS_PLACE: Final = 3
HOUR_MS: Final = 3_600_000
_DRIFT_MS: Final = 6 * DAY_MS

STATUSES: Final = ("delivered", "shipped", "processing", "returned", "cancelled")
DELIVERED, SHIPPED, PROCESSING, RETURNED, CANCELLED = range(5)
_STATUS_WEIGHTS: Final = (780, 80, 50, 50, 40)
_CHANNELS: Final = ("web", "app", "store", "marketplace", "phone")
_CHANNEL_WEIGHTS: Final = (50, 28, 12, 8, 2)
_STORE: Final = 2
_SHIPPING: Final = ("standard", "express", "pickup")
_SHIPPING_CENTS: Final = np.array([490, 1290, 0])
_PAYMENTS: Final = ("card", "invoice", "transfer", "wallet")
_COUPONS: Final = (MISSING, None, "WELCOME10", "SPRING", "FREESHIP", "VIP", "summer25", "")
_COUPON_WEIGHTS: Final = (800, 60, 60, 30, 25, 15, 9, 1)
_NOTES: Final = (MISSING, None, "Leave it at the door.", "Please ring twice.", "Gift wrap, no invoice",
                 "Großer Karton?", "急ぎません", {"text": "Call before delivery", "by": "service"},
                 {"text": "Damaged parcel", "by": "carrier", "photos": 2})
_NOTE_WEIGHTS: Final = (850, 40, 40, 30, 20, 8, 4, 5, 3)
_QUANTITY_WEIGHTS: Final = (70, 18, 7, 3, 1, 1)
_LINE_WEIGHTS: Final = (50, 26, 12, 7, 3, 2)
_MONTHS: Final = (8, 7, 8, 8, 9, 8, 7, 7, 9, 10, 14, 15)
_WEEKDAYS: Final = (10, 9, 9, 10, 11, 14, 13)                              # Monday first
_HOURS: Final = (3, 2, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 12, 11, 10, 10, 11, 13, 15, 17, 18, 16, 11, 6)
_ZIPS: Final = 3000
_CENT_EXPONENT: Final = np.uint64(int.from_bytes(Decimal128("0.00").bid[8:], "little"))


def orders(count: int = 1_000_000, seed: int = 0) -> Iterator[Batch]:
    """The orders, in the order of their dates, in batches."""
    return (orders_chunk(number, count, seed) for number in range(orders_chunks(count)))


def orders_chunks(count: int) -> int:
    """How many chunks so many orders have."""
    return -(-count // CHUNK_ROWS)


def orders_chunk(number: int, count: int, seed: int) -> Batch:
    """One chunk of `count` orders."""
    start = number * CHUNK_ROWS
    rows = min(CHUNK_ROWS, count - start)
    draws = Draws(seed, ORDERS_PLACE, number)
    ordered = _ordered(np.arange(start, start + rows), count, draws)
    status = draws.pick(_STATUS_WEIGHTS, rows)
    channel = draws.pick(_CHANNEL_WEIGHTS, rows)
    customer, country = _customers(count, seed, rows, draws)
    lines = _lines(products(seed), ordered, draws)
    shipping, shipping_cents = _shipping(channel == _STORE, draws)
    cents = lines.cents + shipping_cents
    shipped = ordered + 2 * HOUR_MS + draws.below(94 * HOUR_MS, rows)
    returned = shipped + 3 * DAY_MS + draws.below(27 * DAY_MS, rows)
    open_orders = (status == PROCESSING) | (status == CANCELLED)
    unrated = ((status != DELIVERED) & (status != RETURNED)) | draws.chance(0.55, rows)
    return Batch({
        "_id": Column(_object_ids(ordered, start, seed)), "customer": Column(customer),
        "ordered": Column(pa.array(ordered).cast(DATE)), "status": Column(words(STATUSES, status)),
        "channel": Column(words(_CHANNELS, channel)), "country": Column(words(COUNTRIES, country)),
        "zip": _zip_table().take(draws.below(_ZIPS, rows) + _ZIPS * draws.chance(0.04, rows)),
        "items": Column(lines.items), "shipping": Column(shipping),
        "payment": Column(_payment(cents, status == CANCELLED, draws), missing=True), "total": Column(_decimals(cents)),
        "coupon": variant_of(list(_COUPONS)).take(draws.pick(_COUPON_WEIGHTS, rows)),
        "rating": Column(pa.array((1 + draws.pick((4, 5, 11, 35, 45), rows)).astype(np.int32), mask=unrated),
                         missing=True),
        "gift": Column(pa.array(draws.chance(0.07, rows))),
        "note": variant_of(list(_NOTES)).take(draws.pick(_NOTE_WEIGHTS, rows)),
        "shipped": Column(pa.array(shipped, mask=open_orders).cast(DATE)),
        "returned": Column(pa.array(returned, mask=status != RETURNED).cast(DATE), missing=True),
        "visit": Column(pa.array(((draws.words(rows) >> np.uint64(2)) | np.uint64(1 << 40)).astype(np.int64))),
    }, rows)


@cache
def _hour_ends() -> np.ndarray:
    """The weight of the year up to each of its hours, and at its end."""
    days = np.arange(np.datetime64("2025-01-01"), np.datetime64("2026-01-01"))
    months = np.array(_MONTHS)[days.astype("datetime64[M]").astype(int) % 12]
    weekdays = np.array(_WEEKDAYS)[(np.arange(len(days)) + 2) % 7]
    weights = (months * weekdays)[:, None] * np.array(_HOURS)
    return np.concatenate([[0], np.cumsum(weights.ravel())])


def _ordered(numbers: np.ndarray, count: int, draws: Draws) -> np.ndarray:
    """The times of orders with these numbers: each hour of the year has its share, spread over the hour."""
    ends = _hour_ends()
    first = count * ends // ends[-1]
    hour = np.searchsorted(first, numbers, side="right") - 1
    share = first[hour + 1] - first[hour]
    within = (numbers - first[hour]) * HOUR_MS // share
    return YEAR_START_MS + hour * HOUR_MS + within + draws.below(HOUR_MS // share, len(numbers))


def _object_ids(ordered: np.ndarray, start: int, seed: int) -> pa.Array:
    rows = len(ordered)
    made = np.empty((rows, 12), np.uint8)
    made[:, :4] = (ordered // 1000).astype(">u4").view(np.uint8).reshape(rows, 4)
    made[:, 4:9] = Draws(seed, ORDERS_PLACE).words(1).view(np.uint8)[:5]
    made[:, 9:] = np.arange(start, start + rows).astype(">u4").view(np.uint8).reshape(rows, 4)[:, 1:]
    return _fixed(OBJECT_ID, made)


def _decimals(cents: np.ndarray) -> pa.Array:
    """Decimals with two places: the amount in cents is the coefficient."""
    words_ = np.empty((len(cents), 2), "<u8")
    words_[:, 0] = cents
    words_[:, 1] = _CENT_EXPONENT
    return _fixed(DECIMAL128, words_)


def _fixed(kind: pa.ExtensionType, values: np.ndarray) -> pa.Array:
    storage = pa.Array.from_buffers(kind.storage_type, len(values), [None, pa.py_buffer(values)])
    return pa.ExtensionArray.from_storage(kind, storage)


def _customers(count: int, seed: int, rows: int, draws: Draws) -> tuple[pa.Array, np.ndarray]:
    """The orders' customers, few of whom buy often and some of whom are deleted since, and their countries."""
    known = customer_count(count)
    customer = draws.skewed(known, rows) * 7919 % known
    country = customer_countries(known, seed)[customer]
    deleted = known + draws.below(known // 10, rows)
    customer = np.where(draws.chance(0.02, rows), deleted, customer)
    return pa.array((customer + 1).astype(np.int32)), country


@cache
def _zip_table() -> Column:
    """Every postal code as its five digits, then every one as an int."""
    codes = [number * 33 % 100_000 for number in range(1, _ZIPS + 1)]
    return variant_of([*(f"{code:05}" for code in codes), *codes])


@record
class _Lines:
    """The orders' arrays of items, and what the items of each order cost, in cents."""

    items: pa.Array
    cents: np.ndarray


def _lines(catalogue: Products, ordered: np.ndarray, draws: Draws) -> _Lines:
    """What is ordered; what sells best drifts with the seasons."""
    lines = 1 + draws.pick(_LINE_WEIGHTS, len(ordered))
    ends = np.concatenate([[0], np.cumsum(lines)])
    count = int(ends[-1])
    season = np.repeat((ordered - YEAR_START_MS) // _DRIFT_MS, lines)
    product = (draws.skewed(PRODUCTS, count) + season * draws.chance(0.5, count)) % PRODUCTS
    quantity = 1 + draws.pick(_QUANTITY_WEIGHTS, count)
    price = catalogue.cents[product]
    full = draws.chance(0.85, count)
    discount = np.where(full, 0, quantity * price * (5 + 5 * draws.below(4, count)) // 100)
    nameless = draws.chance(0.7, count)
    items = _struct({
        "sku": Column(catalogue.skus.take(pa.array(product))),
        "name": Column(catalogue.names.take(pa.array(product, mask=nameless)), missing=True),
        "category": Column(catalogue.categories.take(pa.array(product))),
        "qty": Column(pa.array(quantity.astype(np.int32))), "price": Column(pa.array(price / 100)),
        "discount": Column(pa.array(discount / 100, mask=full), missing=True),
    })
    cents = np.concatenate([[0], np.cumsum(quantity * price - discount)])[ends]
    return _Lines(pa.LargeListArray.from_arrays(pa.array(ends), items), np.diff(cents))


def _shipping(in_store: np.ndarray, draws: Draws) -> tuple[pa.Array, np.ndarray]:
    """What shipping is, and what it costs in cents: null and nothing for what was bought in a store."""
    method = draws.pick((75, 15, 10), len(in_store))
    cents = np.where(in_store, 0, _SHIPPING_CENTS[method])
    return _struct({"method": Column(words(_SHIPPING, method)), "cost": Column(pa.array(cents / 100))}, in_store), cents


def _payment(cents: np.ndarray, holes: np.ndarray, draws: Draws) -> pa.Array:
    method = draws.pick((60, 20, 8, 12), len(cents))
    return _struct({"method": Column(words(_PAYMENTS, method)), "amount": Column(pa.array(cents / 100))}, holes)


def _struct(columns: dict[str, Column], holes: np.ndarray | None = None) -> pa.Array:
    fields: list[Any] = [pa.field(name, column.array.type, metadata=invalid_metadata(column.missing))
                         for name, column in columns.items()]
    return pa.StructArray.from_arrays([column.array for column in columns.values()], fields=fields,
                                      mask=None if holes is None else pa.array(holes))
