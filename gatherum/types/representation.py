"""A total order of the ways to write values that compare as equal: it chooses among 1, `Int64(1)` and 1.0 without
regard to which came first."""

from __future__ import annotations

from typing import Any, Final

import orjson

from gatherum.types.extended_json import encode
from gatherum.types.values import BsonType, Value, bson_type

_NUMBERS: Final = {BsonType.INT: 0, BsonType.LONG: 1, BsonType.DOUBLE: 2, BsonType.DECIMAL: 3}


def representation(value: Value) -> tuple[Any, ...]:
    """A sortable key: ints before longs before doubles before decimals, then the canonical Extended JSON."""
    return _NUMBERS.get(bson_type(value), 4), orjson.dumps(encode(value))
