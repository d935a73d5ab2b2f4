"""The keywords of a query: those that pymongo has too, and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from gatherum.errors import SettingError
from gatherum.functions.registry import nearest
from gatherum.runtime.settings import Settings

KEYWORDS: Final = ("let", "maxTimeMS", "allowDiskUse", "comment", "batchSize")
SNAKE_CASE: Final = {"max_time_ms": "maxTimeMS", "allow_disk_use": "allowDiskUse", "batch_size": "batchSize"}
"""What pymongo calls the same keywords in `find`."""


def resolved(base: Settings | None, given: Mapping[str, Any]) -> Settings:
    """The settings given as keywords over those of `base` (None: the environment's); SettingError for other names."""
    known = [each.name for each in fields(Settings)]
    for name, value in given.items():
        if name not in known and value is not None:
            all_known = f"; there are {', '.join([*KEYWORDS, *known])}"
            raise SettingError(f"a query takes no keyword {name} (given {value!r})"
                               f"{nearest(name, [*KEYWORDS, *known]) or all_known}")
    return Settings.resolve(base, **given)


def settings_of(base: Settings | None, given: Mapping[str, Any], allow_disk_use: Any, batch_size: Any) -> Settings:
    """The settings of one query, pymongo's keywords among them."""
    if allow_disk_use not in (True, False, None):
        raise SettingError(f"allowDiskUse is True or False, not {allow_disk_use!r}")
    if batch_size is not None and not (_is_number(batch_size, int) and batch_size >= 0):
        raise SettingError(f"batchSize is a whole number of at least 0, not {batch_size!r}")
    return resolved(base, {**given, "disk_limit": 0} if allow_disk_use is False else given)


def time_limit(milliseconds: Any) -> float | None:
    """`maxTimeMS`, checked; 0 is none."""
    if milliseconds is not None and not (_is_number(milliseconds, int, float) and milliseconds >= 0):
        raise SettingError(f"maxTimeMS is a number of milliseconds of at least 0, not {milliseconds!r}")
    return milliseconds


def _is_number(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)
