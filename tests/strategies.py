"""Hypothesis strategies for BSON values and documents."""

import datetime as dt

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import strategies as st

from gatherum.types.wrappers import WRAPPERS

names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
field_names = st.one_of(st.sampled_from(["a", "b", "c", "d", "e", "_id"]),
                        names.filter(lambda name: name not in WRAPPERS))
int32 = st.integers(-(2**31), 2**31 - 1)
int64 = st.integers(-(2**63), 2**63 - 1).map(Int64)
dates = st.one_of(
    st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59)).map(
        lambda d: d.replace(microsecond=d.microsecond // 1000 * 1000)),
    st.integers(-(2**60), -(2**55)).map(DatetimeMS))
decimals = st.one_of(
    st.builds(lambda c, e: Decimal128(f"{c}E{e}"), st.integers(-(10**34) + 1, 10**34 - 1), st.integers(-6176, 6111)),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "-0", "0E-5"]).map(Decimal128))
scalars = st.one_of(
    st.none(), st.booleans(), int32, int64, st.floats(), decimals, names, dates,
    st.binary(min_size=12, max_size=12).map(ObjectId), st.binary(max_size=5),
    st.binary(max_size=5).map(lambda b: Binary(b, 5)), st.builds(Timestamp, st.integers(0, 2**32 - 1),
                                                                st.integers(0, 2**32 - 1)),
    st.just(Regex("^a", "i")), st.just(Code("f()")), st.just(MinKey()), st.just(MaxKey()))
values = st.recursive(scalars, lambda inner: st.one_of(st.lists(inner, max_size=4),
                                                      st.dictionaries(field_names, inner, max_size=4)), max_leaves=8)
documents = st.dictionaries(field_names, values, max_size=5)
