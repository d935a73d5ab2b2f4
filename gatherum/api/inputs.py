"""What may stand for a collection: paths, Arrow objects and frames, and lists, iterators and generators of dicts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gatherum.errors import SourceError
from gatherum.functions.registry import nearest
from gatherum.plan.protocols import Coverage, Source
from gatherum.runtime.settings import Settings

Open = Callable[[Coverage, Settings], Source]


def opener(given: Any, name: str, options: Mapping[str, Any] | None = None) -> Open:
    """A function that opens what was given as a source, for one query; what can be read only once serves one query."""
    if isinstance(given, str | os.PathLike) or _is_paths(given):
        return lambda coverage, settings: _files(given, coverage, settings, options or {})
    if isinstance(given, Mapping):
        raise SourceError(f"{name}: a single dict is not a collection; put it into a list")
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        return _arrow_opener(given, name)
    if isinstance(given, Iterable) and not isinstance(given, bytes | bytearray):
        return _memory_opener(given, name)
    raise SourceError(f"{name}: {type(given).__name__} is neither a path, nor an Arrow object or frame, nor an "
                      "iterable of dicts")


def _is_paths(given: Any) -> bool:
    return isinstance(given, list | tuple) and bool(given) and all(isinstance(p, str | os.PathLike) for p in given)


def _files(given: Any, coverage: Coverage, settings: Settings, options: Mapping[str, Any]) -> Source:
    from gatherum.sources.files import open_files

    return open_files(given, on_bad=_on_bad(settings), coverage=coverage, csv_empty=settings.csv_empty, **options)


def _arrow_opener(given: Any, name: str) -> Open:
    from gatherum.sources.arrow_memory import ArrowSource

    source = ArrowSource(given, name)
    return lambda coverage, settings: source.opened(coverage)


def _memory_opener(given: Iterable[Any], name: str) -> Open:
    if isinstance(given, Iterator):
        from gatherum.api.once import Once, OnceSource

        once = Once(given, name)
        return lambda coverage, settings: OnceSource(once, name, on_bad=_on_bad(settings), coverage=coverage)
    from gatherum.sources.memory import MemorySource

    return lambda coverage, settings: MemorySource(given, name, on_bad=_on_bad(settings), coverage=coverage)


def _on_bad(settings: Settings) -> Any:
    return settings.on_bad


def directory_openers(directory: str | os.PathLike[str]) -> dict[str, Open]:
    """The collections of a directory: each data file, and each directory of them, by its name without suffixes;
    two of a name and different formats are a SourceError."""
    from gatherum.sources.files import expand, refuse_copies

    base = Path(directory).expanduser()
    if not base.is_dir():
        hint = nearest(base.name, [p.name for p in base.parent.iterdir()]) if base.parent.is_dir() else ""
        raise SourceError(f"there is no directory {base}{hint}; connect takes a directory, or a dict of collections")
    firsts = {path: Path(path).relative_to(base).parts[0] for path in expand(base)}
    refuse_copies(str(base / first) for first in dict.fromkeys(firsts.values()))
    found: dict[str, list[str]] = {}
    for path, first in firsts.items():
        found.setdefault(first.split(".")[0], []).append(path)
    return {name: opener(paths, name) for name, paths in found.items()}
