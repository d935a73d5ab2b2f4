"""Time zones: names of the Olson database (`Europe/Berlin`), and offsets from UTC (`+05:30`, `+0530`, `+03`).

Wall clock times that a change of the clock repeats are taken at their first occurrence; those that it skips are moved
on by the length of the gap.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, lru_cache
from importlib import resources
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from gatherum.errors import OperatorError
from gatherum.types.values import BsonType, Value, bson_type, is_nullish, type_name


class TimeZone(Protocol):
    """Translates between UTC and the wall clock, both as naive datetimes."""

    def to_local(self, utc: dt.datetime) -> dt.datetime:
        """What the wall clock shows at an instant."""
        ...

    def offset(self, local: dt.datetime) -> dt.timedelta:
        """How far the wall clock is ahead of UTC when it shows `local`."""
        ...


class FixedZone:
    """A zone that is always equally far from UTC."""

    __slots__ = ("_offset",)

    def __init__(self, offset: dt.timedelta) -> None:
        self._offset = offset

    def to_local(self, utc: dt.datetime) -> dt.datetime:
        return utc + self._offset

    def offset(self, local: dt.datetime) -> dt.timedelta:
        return self._offset


class NamedZone:
    """A zone of the Olson database, with the whole history of its clock."""

    __slots__ = ("_zone",)

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def to_local(self, utc: dt.datetime) -> dt.datetime:
        return self._zone.fromutc(utc.replace(tzinfo=self._zone)).replace(tzinfo=None)

    def offset(self, local: dt.datetime) -> dt.timedelta:
        offset = self._zone.utcoffset(local)
        assert offset is not None
        return offset


UTC: Final = FixedZone(dt.timedelta(0))

_OFFSET: Final = re.compile(r"([+-])([0-9]{2})(?::?([0-9]{2}))?", re.ASCII)


@cache
def zone_names() -> frozenset[str]:
    """The names that the Olson database has, spelt as it spells them."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@lru_cache(1024)
def time_zone(name: str) -> TimeZone:
    """The zone of that name or offset; OperatorError where there is none.

    >>> time_zone("+05:30").to_local(dt.datetime(2024, 1, 1))
    datetime.datetime(2024, 1, 1, 5, 30)
    """
    if name == "UTC":
        return UTC
    if name in zone_names():
        return NamedZone(ZoneInfo(name))
    written = _OFFSET.fullmatch(name)
    if written is None:
        raise OperatorError(f"there is no time zone {name!r}: give an Olson name such as Europe/Berlin, or an offset "
                            "such as +05:30", 40485)
    sign, hours, minutes = written.groups("0")
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
    return (FixedZone(-offset if sign == "-" else offset)) if offset else UTC


def time_zone_of(value: Value) -> TimeZone | None:
    """The zone that an operator's argument names, None for null; OperatorError for anything but a known name."""
    if is_nullish(value):
        return None
    if type(value) is str or bson_type(value) is BsonType.STRING:
        return time_zone(value)
    raise OperatorError(f"a time zone must be a string, not {type_name(value)}", 40517)
