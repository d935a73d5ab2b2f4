"""Values and keys for groups, in pools: those of one column are drawn from one pool."""

import datetime as dt

from bson import Decimal128, Int64, ObjectId

from gatherum.types.values import MISSING

DAY = dt.datetime(2024, 5, 17)
INTS = [1, 2, 3, -4, 0, 2**31 - 1]
LONGS = [Int64(v) for v in (2**62, -(2**62), 1, 0, 2**63 - 1)]
DOUBLES = [0.1, 1.0, -0.0, 0.0, 1e300, -1e300, 5e-324, 2.5, 1e16, 7.0]
SPECIAL = [float("nan"), float("inf"), float("-inf")]
DECIMALS = [Decimal128(text) for text in ("0.1", "1E+30", "1", "-0", "NaN")]
OTHERS = [None, MISSING, "a", "b", "a longer piece of text", True, False, [1, 2], {"a": 1}, {"a": 1.0}, DAY,
          ObjectId("0" * 24)]
DOCUMENTS = [{"a": 1, "b": 2}, {}, {"b": 3, "c": {"d": 1}}, None, MISSING, {"c": 5, "a": 2}]
ARRAYS = [[1], [], ["a", None], MISSING, [[2]]]
POOLS = {"$concatArrays": [ARRAYS, [[1], [2, 3]], [[{"a": 1}], MISSING]],
         "$mergeObjects": [DOCUMENTS, [{"a": 1}, {"a": 2, "b": 1}]]}
MIXED = [INTS, LONGS, DOUBLES, DOUBLES + SPECIAL, INTS + LONGS + DOUBLES, DECIMALS, INTS + DECIMALS + DOUBLES + OTHERS,
         ["x", "yy", "z" * 20], ["x", None], [DAY, dt.datetime(1969, 1, 1)], [None], [MISSING], [None, MISSING], OTHERS,
         [1, None], [Int64(5), MISSING], [0.5, None], [True, False], [1.7e308, float("inf"), -1.7e308, 1.0],
         [5e-324, 1e-310, -3e-308], [1e-200, 3e-200], [2.0**600, -(2.0**560), 2.0**640], [float("inf"), float("-inf")]]
KEYS = [[1, 2, 3], [Int64(1), Int64(2), Int64(9)], [1.0, 2.5, float("nan"), -0.0, 0.0],
        ["k", "l", "a key that is long"], [Decimal128("1"), Decimal128("2.50")], [None, MISSING, 1],
        [{"a": 1}, {"a": 1.0}, [1], DAY, True]]
