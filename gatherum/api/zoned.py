"""Dates that carry their time zone: the setting `tz_aware`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from gatherum.types.values import Value


def in_utc(value: Value) -> Any:
    """The value with the zone UTC in all its dates.

    >>> in_utc({"when": dt.datetime(2024, 1, 2)})
    {'when': datetime.datetime(2024, 1, 2, 0, 0, tzinfo=datetime.timezone.utc)}
    """
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dict):
        return {name: in_utc(item) for name, item in value.items()}
    if isinstance(value, list):
        return [in_utc(item) for item in value]
    return value
