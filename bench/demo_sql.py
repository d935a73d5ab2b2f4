"""The demonstration's pipelines as SQL for DuckDB, over views named as the tables.

DuckDB reads three kinds of columns as blobs: an ObjectId's 12 bytes, a decimal's 16 (the coefficient, with the low
byte first, then the sign and exponent, which are the same in every order), and for a field of several types the BSON
of a document with the one key "": 4 bytes of length, the type, an empty name, the value, and a zero. The macros take
these apart, which costs DuckDB something. A query says what its pipeline says, step by step: how either is rearranged
is for the engines.
"""

from __future__ import annotations

from typing import Final

MACROS: Final = (
    # a 32-bit integer, the low byte first
    "CREATE MACRO swapped(word) AS ((word & 255) << 24) | ((word & 65280) << 8) | ((word >> 8) & 65280) | (word >> 24)",
    "CREATE MACRO little_endian(bytes) AS swapped(bytes::BIT::UINTEGER)",
    "CREATE MACRO cents(total) AS little_endian(total[1:4])::BIGINT",
    "CREATE MACRO amount(cents) AS cents::DECIMAL(18, 2) * 0.01",
    "CREATE MACRO kind(value) AS CASE hex(value[5:5]) WHEN '02' THEN 'string' WHEN '03' THEN 'object' "
    "WHEN '0A' THEN 'null' WHEN '10' THEN 'int' ELSE 'missing' END",
    "CREATE MACRO text(value) AS CASE kind(value) WHEN 'string' THEN decode(value[11:-3]) END",
    "CREATE MACRO author(note) AS decode(unhex(regexp_extract(hex(note), '02627900.{8}((?:..)*?)00', 1)))",
)

_CANDLES: Final = """
    SELECT symbol, date_trunc('day', "time")::TIMESTAMP AS day,
           arg_min(price, "time") AS open, max(price) AS high, min(price) AS low, arg_max(price, "time") AS close,
           sum(size)::BIGINT AS volume
    FROM ticks GROUP BY ALL ORDER BY symbol, day
"""

SQL: Final = {
    "top_products": """
        WITH lines AS (SELECT month(ordered) AS month, unnest(items) AS item FROM orders),
             products AS (SELECT month, item.sku AS sku, any_value(item.category) AS category,
                                 sum(item.qty)::BIGINT AS sold, sum(item.qty * item.price) AS revenue
                          FROM lines GROUP BY month, item.sku)
        SELECT month, sku, category, sold, round(revenue, 2) AS revenue
        FROM products
        QUALIFY row_number() OVER (PARTITION BY month ORDER BY revenue DESC, sku) <= 3
        ORDER BY month, products.revenue DESC, sku
    """,
    "candles": _CANDLES,
    "candles_sorted": _CANDLES,
    "funnel": """
        SELECT (SELECT [{'placed': count(*), 'paid': count(*) FILTER (status <> 'cancelled'),
                         'shipped': count(*) FILTER (status IN ('shipped', 'delivered', 'returned')),
                         'delivered': count(*) FILTER (status IN ('delivered', 'returned')),
                         'rated': count(rating), 'returned': count(*) FILTER (status = 'returned')}]
                FROM orders) AS steps,
               (SELECT list({'_id': channel, 'count': orders} ORDER BY orders DESC)
                FROM (SELECT channel, count(*) AS orders FROM orders GROUP BY channel)) AS channels,
               (SELECT [{'orders': count(*)}] FROM orders WHERE payment IS NULL) AS unpaid
    """,
    "order_values": """
        WITH valued AS (SELECT cents(total) AS cents, len(items) AS lines FROM orders),
             bounded AS (SELECT CASE WHEN cents < 2500 THEN 0 WHEN cents < 5000 THEN 25 WHEN cents < 10000 THEN 50
                                     WHEN cents < 25000 THEN 100 WHEN cents < 50000 THEN 250
                                     WHEN cents < 100000 THEN 500 ELSE 1000 END AS bound,
                                count(*) AS orders, amount(sum(cents)) AS value, avg(lines) AS lines
                         FROM valued GROUP BY bound)
        SELECT CASE bound WHEN 1000 THEN '1000 and more'::UNION(bound INTEGER, others VARCHAR)
                          ELSE bound::UNION(bound INTEGER, others VARCHAR) END AS _id, orders, value, lines
        FROM bounded ORDER BY bound
    """,
    "value_deciles": """
        WITH RECURSIVE
             values AS (SELECT total, count(*) AS orders, sum(rating) AS ratings, count(rating) AS rated
                        FROM orders GROUP BY total),
             running AS (SELECT cents(total) AS cents, orders, ratings, rated,
                                sum(orders) OVER (ORDER BY cents(total)) AS up_to FROM values),
             buckets(number, after) AS (
                 SELECT 0, 0::HUGEINT
                 UNION ALL
                 SELECT number + 1, (SELECT min(up_to) FROM running
                                     WHERE up_to >= after + (SELECT round(count(*) / 10) FROM orders))
                 FROM buckets WHERE number < 9),
             grouped AS (SELECT min(cents) AS least, max(cents) AS most, sum(orders)::BIGINT AS orders,
                                sum(orders * cents) AS value, sum(ratings) / sum(rated) AS rating
                         FROM running ASOF JOIN buckets ON running.up_to > buckets.after GROUP BY number)
        SELECT amount(least) AS "from", amount(coalesce(lead(least) OVER (ORDER BY least), most)) AS "to", orders,
               amount(value) AS value, rating
        FROM grouped ORDER BY least
    """,
    "segments": """
        WITH spenders AS (SELECT customer, count(*) AS orders, sum(payment.amount) AS spent
                          FROM orders WHERE payment IS NOT NULL GROUP BY customer)
        SELECT coalesce(segment, 'unknown') AS _id, count(*) AS customers, sum(orders)::BIGINT AS orders,
               sum(spent) AS spent
        FROM spenders LEFT JOIN customers ON spenders.customer = customers._id
        GROUP BY coalesce(segment, 'unknown') ORDER BY spent DESC
    """,
    "open_orders": """
        SELECT ordered, customer, name, segment, payment.amount AS amount
        FROM (SELECT * FROM orders WHERE status = 'processing' ORDER BY ordered DESC LIMIT 20) AS newest
             LEFT JOIN customers ON newest.customer = customers._id
        ORDER BY ordered DESC
    """,
    "delivery_times": """
        SELECT country AS _id, count(*) AS orders,
               avg((epoch_ms(shipped) - epoch_ms(ordered)) / 3600000) AS hours,
               max(epoch_ms(shipped) - epoch_ms(ordered)) AS slowest
        FROM orders WHERE shipped IS NOT NULL GROUP BY country ORDER BY country
    """,
    "postal_areas": """
        SELECT left(right('0000' || coalesce(text(zip), little_endian(zip[7:10])::VARCHAR), 5), 1) AS _id,
               count(*) AS orders, count(*) FILTER (kind(zip) = 'int') AS numbers, amount(sum(cents(total))) AS value
        FROM orders GROUP BY ALL ORDER BY _id
    """,
    "coupons": """
        WITH used AS (SELECT coupon, count(*) AS orders, sum(cents(total)) / count(*) / 100 AS average,
                             avg(rating) AS rating,
                             sum(list_sum(list_transform(items, lambda item: coalesce(item.discount, 0)))) AS discounts
                      FROM orders GROUP BY coupon)
        SELECT {'coupon': text(coupon), 'type': kind(coupon)} AS _id, orders, average::DECIMAL(18, 2) AS average,
               rating, round(discounts, 2) AS discounts
        FROM used ORDER BY orders DESC
    """,
    "notes": r"""
        WITH told AS (SELECT kind(note) AS _id, count(*) AS orders,
                             coalesce(list(DISTINCT note) FILTER (kind(note) <> 'missing'), []) AS values,
                             list(DISTINCT CASE kind(note) WHEN 'object' THEN author(note) END) AS authors
                      FROM orders GROUP BY ALL)
        SELECT _id, orders, list_transform(list_sort(list_transform(values, lambda value: {
                   'from': value[CASE _id WHEN 'object' THEN 21 ELSE 11 END:], 'value': value})),
                   lambda sorted: sorted.value) AS values,
               list_sort(list_filter(authors, lambda author: author IS NOT NULL)) AS authors
        FROM told ORDER BY _id
    """,
}
"""By the name of the pipeline whose rows the query gives."""
