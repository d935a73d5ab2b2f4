"""The demonstration's pipelines."""

from __future__ import annotations

from typing import Any, Final

from gatherum.records import record


@record
class DemoPipeline:
    """A pipeline over one of the tables `orders`, `customers` and `ticks`, and what it answers, in one sentence."""

    name: str
    purpose: str
    source: str
    pipeline: list[dict[str, Any]]


_CANDLE: Final[list[dict[str, Any]]] = [
    {"$group": {
        "_id": {"symbol": "$symbol", "day": {"$dateTrunc": {"date": "$time", "unit": "day"}}},
        "open": {"$first": "$price"}, "high": {"$max": "$price"}, "low": {"$min": "$price"},
        "close": {"$last": "$price"}, "volume": {"$sum": "$size"}}},
    {"$sort": {"_id.symbol": 1, "_id.day": 1}},
    {"$project": {"_id": 0, "symbol": "$_id.symbol", "day": "$_id.day",
                  **{name: f"${name}" for name in ("open", "high", "low", "close", "volume")}}},
]


def _reached(*statuses: str) -> dict[str, Any]:
    """Counts the orders that have one of these statuses."""
    return {"$sum": {"$cond": [{"$in": ["$status", list(statuses)]}, 1, 0]}}


PIPELINES: Final = (
    DemoPipeline("top_products", "The three products of each month that brought the highest revenue.", "orders", [
        {"$unwind": "$items"},
        {"$group": {
            "_id": {"month": {"$month": "$ordered"}, "sku": "$items.sku"}, "category": {"$first": "$items.category"},
            "sold": {"$sum": "$items.qty"}, "revenue": {"$sum": {"$multiply": ["$items.qty", "$items.price"]}}}},
        {"$sort": {"_id.month": 1, "revenue": -1, "_id.sku": 1}},
        {"$group": {"_id": "$_id.month", "products": {"$push": {
            "sku": "$_id.sku", "category": "$category", "sold": "$sold", "revenue": {"$round": ["$revenue", 2]}}}}},
        {"$sort": {"_id": 1}},
        {"$project": {"_id": 0, "month": "$_id", "product": {"$slice": ["$products", 3]}}},
        {"$unwind": "$product"},
        {"$project": {"month": 1, **{name: f"$product.{name}" for name in ("sku", "category", "sold", "revenue")}}},
    ]),
    DemoPipeline("candles", "Open, high, low and close of each symbol and day, from ticks that come in time order.",
                 "ticks", _CANDLE),
    DemoPipeline("candles_sorted", "The same candles whatever order the ticks come in, for they are sorted first.",
                 "ticks", [{"$sort": {"time": 1}}, *_CANDLE]),
    DemoPipeline("funnel", "How many orders get how far, overall and by channel, and what was never paid, in one pass.",
                 "orders", [{"$facet": {
        "steps": [
            {"$group": {
                "_id": None, "placed": {"$sum": 1},
                "paid": _reached("processing", "shipped", "delivered", "returned"),
                "shipped": _reached("shipped", "delivered", "returned"), "delivered": _reached("delivered", "returned"),
                "rated": {"$sum": {"$cond": [{"$isNumber": "$rating"}, 1, 0]}}, "returned": _reached("returned")}},
            {"$project": {"_id": 0}}],
        "channels": [{"$sortByCount": "$channel"}],
        "unpaid": [{"$match": {"payment": {"$exists": False}}}, {"$count": "orders"}],
    }}]),
    DemoPipeline("order_values", "How many orders are of which value, with their exact sums as decimals.", "orders", [
        {"$bucket": {
            "groupBy": "$total", "boundaries": [0, 25, 50, 100, 250, 500, 1000],
            "default": "1000 and more",
            "output": {"orders": {"$sum": 1}, "value": {"$sum": "$total"}, "lines": {"$avg": {"$size": "$items"}}}}},
    ]),
    DemoPipeline("value_deciles", "Ten groups of as many orders each, by value, and their sums.", "orders", [
        {"$bucketAuto": {
            "groupBy": "$total", "buckets": 10,
            "output": {"orders": {"$sum": 1}, "value": {"$sum": "$total"}, "rating": {"$avg": "$rating"}}}},
        {"$project": {"_id": 0, "from": "$_id.min", "to": "$_id.max", "orders": "$orders", "value": "$value",
                      "rating": "$rating"}},
    ]),
    DemoPipeline("segments", "Which segment of customers spends most; some customers are deleted or have no segment.",
                 "orders", [
        {"$match": {"payment": {"$exists": True}}},
        {"$group": {"_id": "$customer", "orders": {"$sum": 1}, "spent": {"$sum": "$payment.amount"}}},
        {"$lookup": {"from": "customers", "localField": "_id", "foreignField": "_id", "as": "customer"}},
        {"$set": {"segment": {"$ifNull": [{"$arrayElemAt": ["$customer.segment", 0]}, "unknown"]}}},
        {"$group": {"_id": "$segment", "customers": {"$sum": 1}, "orders": {"$sum": "$orders"},
                    "spent": {"$sum": "$spent"}}},
        {"$sort": {"spent": -1}},
    ]),
    DemoPipeline("open_orders", "The twenty newest orders still in processing, each with its customer if there is one.",
                 "orders", [
        {"$match": {"status": "processing"}},
        {"$sort": {"ordered": -1}},
        {"$limit": 20},
        {"$lookup": {"from": "customers", "localField": "customer", "foreignField": "_id", "as": "buyer"}},
        {"$unwind": {"path": "$buyer", "preserveNullAndEmptyArrays": True}},
        {"$project": {"_id": 0, "ordered": 1, "customer": 1, "name": "$buyer.name", "segment": "$buyer.segment",
                      "amount": "$payment.amount"}},
    ]),
    DemoPipeline("delivery_times", "Hours from order to shipping by country; an order that is still open has no date.",
                 "orders", [
        {"$match": {"shipped": {"$type": "date"}}},
        {"$group": {
            "_id": "$country", "orders": {"$sum": 1},
            "hours": {"$avg": {"$divide": [{"$subtract": ["$shipped", "$ordered"]}, 3_600_000]}},
            "slowest": {"$max": {"$subtract": ["$shipped", "$ordered"]}}}},
        {"$sort": {"_id": 1}},
    ]),
    DemoPipeline("postal_areas", "Orders by postal area; a code may be a number that has lost its leading zeros.",
                 "orders", [
        {"$set": {"padded": {"$concat": ["0000", {"$toString": "$zip"}]}}},
        {"$group": {
            "_id": {"$substrCP": ["$padded", {"$subtract": [{"$strLenCP": "$padded"}, 5]}, 1]},
            "orders": {"$sum": 1}, "numbers": {"$sum": {"$cond": [{"$isNumber": "$zip"}, 1, 0]}},
            "value": {"$sum": "$total"}}},
        {"$sort": {"_id": 1}},
    ]),
    DemoPipeline("coupons", "What each coupon comes with; a null and a missing coupon are two groups.", "orders", [
        {"$group": {
            "_id": {"coupon": "$coupon", "type": {"$type": "$coupon"}}, "orders": {"$sum": 1},
            "average": {"$avg": "$total"}, "rating": {"$avg": "$rating"},
            "discounts": {"$sum": {"$reduce": {
                "input": "$items", "initialValue": 0,
                "in": {"$add": ["$$value", {"$ifNull": ["$$this.discount", 0]}]}}}}}},
        {"$set": {"average": {"$round": ["$average", 2]}, "discounts": {"$round": ["$discounts", 2]}}},
        {"$sort": {"orders": -1, "_id": 1}},
    ]),
    DemoPipeline("notes", "What the field `note` holds, by type: it may be a string, a document, null or not there.",
                 "orders", [
        {"$group": {"_id": {"$type": "$note"}, "orders": {"$sum": 1}, "values": {"$addToSet": "$note"},
                    "authors": {"$addToSet": "$note.by"}}},
        {"$sort": {"_id": 1}},
    ]),
)
