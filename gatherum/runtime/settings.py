"""The settings of a query: what they are called, what they may be, and where their values come from."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Self

from gatherum.errors import SettingError
from gatherum.records import record
from gatherum.runtime import machine

PREFIX = "GATHERUM_"
MEMORY_SHARE = 0.5
UNKNOWN_MEMORY = 2 * 2**30
LEAST_MEMORY = 10**6
"""With less a query would do little else than write to disk and read again."""
MAX_MORSEL_ROWS = 1 << 19

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
          "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:(|[KMGT]I?)B?)", re.IGNORECASE)
_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

Parse = Callable[[Any], Any]


def parse_size(value: Any) -> int:
    """Bytes from a number, or from text such as `4096`, `512MiB`, `1.5 GB` (decimal) or `2GiB` (binary).

    >>> parse_size("512MiB"), parse_size("1.5 GB")
    (536870912, 1500000000)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected a number of bytes, or a number with a unit such as 512MiB or 2GB")
    number = float(match[1]) if "." in match[1] else int(match[1])
    return int(number * _UNITS[match[2].upper()])


def _memory(value: Any) -> int:
    percent = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value.strip()) if isinstance(value, str) else None
    try:
        size = _share(float(percent[1]) / 100) if percent else parse_size(value)
    except ValueError as error:
        raise ValueError(f"{error}, or a percentage of the memory there is such as 50%") from None
    if size < LEAST_MEMORY or (percent and float(percent[1]) > 100):
        raise ValueError("expected at least 1MB, and at most 100%")
    return size


def _share(share: float) -> int:
    return int((machine.memory_limit() or UNKNOWN_MEMORY) * share)


def _default_memory() -> int:
    return _share(MEMORY_SHARE)


def _size_or_none(value: Any) -> int | None:
    return None if value is None or str(value).strip().lower() == "none" else parse_size(value)


def _whole(least: int, most: int | None = None) -> Parse:
    limits = f"a whole number from {least} to {most}" if most is not None else f"a whole number of at least {least}"

    def parse(value: Any) -> int:
        try:
            number = int(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or number < least or (most is not None and number > most):
            raise ValueError(f"expected {limits}")
        return number
    return parse


def _choice(*choices: str) -> Parse:
    def parse(value: Any) -> str:
        text = ("on" if value else "off") if isinstance(value, bool) else str(value).strip().lower()
        if text not in choices:
            raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}{_nearest(text, choices)}")
        return text
    return parse


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() not in _TRUTH:
        raise ValueError("expected true or false")
    return _TRUTH[str(value).strip().lower()]


def _path(value: Any) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise ValueError("expected the path of a directory")
    return Path(os.fsdecode(value)).expanduser().absolute()


def _existing_directory(value: Any) -> Path:
    path = _path(value)
    if not path.is_dir() and path != _default_temp_directory():
        raise ValueError(f"there is no directory {path}; make it, or name one that exists")
    return path


def _default_temp_directory() -> Path:
    return Path(tempfile.gettempdir())


def _default_kernel_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "gatherum" / "kernels"


def _about(parse: Parse, doc: str, default: str | None = None) -> Mapping[str, Any]:
    """A field's metadata; `default` is how the documentation names a default that is found out."""
    return {"parse": parse, "doc": doc, "default": default}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a query, checked and in their final form.

    Each is a keyword of the public functions and an environment variable: `memory_limit` is `GATHERUM_MEMORY_LIMIT`.
    Sizes are bytes, or text such as `512MiB` or `2GB`. What a setting is for stands in its field's metadata, and
    `documented` lists it.

    >>> Settings(memory_limit="512MiB").memory_limit
    536870912
    """

    memory_limit: int = field(default_factory=_default_memory, metadata=_about(
        _memory, "Memory that a query may use before it writes to disk: a size, or a percentage of what the "
        "container allows or the machine has free; at least 1MB.", "50%"))
    disk_limit: int | None = field(default=None, metadata=_about(
        _size_or_none, "Temporary files that a query may write: a size, or none for whatever the disk has free "
        "beyond a small reserve.", "none"))
    threads: int = field(default_factory=machine.cpu_limit, metadata=_about(
        _whole(1, 1024), "Threads that work on a query.", "the processors of the container"))
    temp_directory: Path = field(default_factory=_default_temp_directory, metadata=_about(
        _existing_directory, "Where temporary files are made, in a directory of the process's own; it must exist.",
        "the system's directory for temporary files"))
    engine: str = field(default="auto", metadata=_about(
        _choice("auto", "rows", "columnar"), "Which engine runs the query: rows (documents in Python, however much "
        "memory these take), columnar, or auto, which goes by the size of the input."))
    morsel_rows: int = field(default=MAX_MORSEL_ROWS, metadata=_about(
        _whole(1, MAX_MORSEL_ROWS), "Rows that are worked on at once, at most."))
    spill_every: int = field(default=0, metadata=_about(
        _whole(0), "For tests: write to disk after every so many morsels whatever the memory; 0 is never."))
    on_bad: str = field(default="error", metadata=_about(
        _choice("error", "skip"), "What happens to a record of the input that cannot be read: error, which says "
        "where it is, or skip: it is left out, counted and reported."))
    csv_empty: str = field(default="null", metadata=_about(
        _choice("null", "missing", "string"), "What an empty cell of CSV and TSV is: null; missing, a field that is "
        "not there; or string, the empty one. What `convert` writes is exact for a reader with the same setting."))
    progress: str = field(default="auto", metadata=_about(
        _choice("auto", "on", "off"), "Whether progress is shown; auto shows it on a terminal."))
    kernels: str = field(default="auto", metadata=_about(
        _choice("auto", "on", "off"), "Whether compiled kernels are used: auto goes on without them while they "
        "are being compiled, on waits for the compiler, off never uses them."))
    kernel_cache: Path = field(default_factory=_default_kernel_cache, metadata=_about(
        _path, "Where compiled kernels are kept.", "~/.cache/gatherum/kernels"))
    rows_engine_limit: int = field(default=4_000_000, metadata=_about(
        parse_size, "The size of input up to which engine auto takes the rows engine; with 0 it never does.", "4MB"))
    seed: int = field(default=0, metadata=_about(
        _whole(0, 2**63 - 1), "Decides what $sample and other functions of chance draw: equal seeds draw equally."))
    tz_aware: bool = field(default=False, metadata=_about(
        _truth, "Whether dates in results carry the time zone UTC, or none as pymongo's do by default.", "false"))

    def __post_init__(self) -> None:
        for name, parse in _parsers().items():
            object.__setattr__(self, name, _parsed(name, parse, getattr(self, name), "given to Settings"))

    @classmethod
    def resolve(cls, base: Self | None = None, **keywords: Any) -> Self:
        """Settings from keywords, else from `base`, else (without a base) from the environment, else the defaults.

        A keyword that is None counts as not given, and so does a variable that is empty. A name that is no setting,
        as a keyword or as a variable that begins with GATHERUM_, raises SettingError, and so does a wrong value.
        """
        parsers = _parsers()
        given = {} if base is not None else {
            name.removeprefix(PREFIX).lower(): (value, f"from the environment variable {name}")
            for name in os.environ if name.startswith(PREFIX) and (value := os.environ[name])}
        given.update({name: (value, "given as a keyword") for name, value in keywords.items() if value is not None})
        values = {} if base is None else {name: getattr(base, name) for name in parsers}
        for name, (value, origin) in given.items():
            if name not in parsers:
                raise SettingError(f"there is no setting {name} (value {value!r}, {origin}){_nearest(name, parsers)}")
            values[name] = _parsed(name, parsers[name], value, origin)
        return cls(**values)


@record
class Documentation:
    """What the reference says about a setting."""

    name: str
    variable: str
    default: str
    text: str


def documented() -> list[Documentation]:
    """Every setting, in the order in which the documentation lists them."""
    return [Documentation(each.name, PREFIX + each.name.upper(),
                          each.metadata["default"] or str(each.default), each.metadata["doc"])
            for each in fields(Settings)]


@cache
def _parsers() -> Mapping[str, Parse]:
    return {each.name: each.metadata["parse"] for each in fields(Settings)}


def _parsed(name: str, parse: Parse, value: Any, origin: str) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise SettingError(f"setting {name} cannot be {value!r} ({origin}): {error}") from None


def _nearest(name: str, known: Any) -> str:
    from gatherum.functions.registry import nearest

    return nearest(name, known)
