"""Files by path, list of paths, directory or glob, in any of the formats that modules of this package define."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gatherum.definitions import Definitions
from gatherum.errors import SettingError, SourceError
from gatherum.functions.registry import nearest
from gatherum.plan.protocols import Coverage, OnBad, Partition, Request, Source, Statistics
from gatherum.records import record
from gatherum.runtime.suffixes import suffixes_of
from gatherum.sources.column_statistics import UnitedColumns
from gatherum.sources.compression import uncompressed_name
from gatherum.sources.input_file import STANDARD_INPUT, FileFormat, InputFile, file_error

Spec = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
_GLOB = set("*?[")


def _names(value: Any, module: str) -> Iterable[str]:
    return (value.name,) if isinstance(value, FileFormat) else ()


def _suffixes(value: Any, module: str) -> Iterable[str]:
    return value.suffixes if isinstance(value, FileFormat) else ()


_FORMATS: Definitions[str, FileFormat] = Definitions("gatherum.sources", _names)
_BY_SUFFIX: Definitions[str, FileFormat] = Definitions("gatherum.sources", _suffixes)


def formats() -> Mapping[str, FileFormat]:
    """The file formats by name, found in the modules of this package."""
    return _FORMATS


def open_files(spec: Spec, *, on_bad: OnBad = "error", format: str | None = None, coverage: Coverage | None = None,
               csv_empty: str = "null", **options: Any) -> Source:
    """One source of all the files that `spec` names.

    `spec` is a path, a directory (the data files in it and below it, without hidden ones; files that differ in the
    suffix only are an error), a glob (`**` goes through directories), `-` for standard input, or a list of these. The
    files of a directory or glob come in sorted order, those of a list in the order given. The format of a file is told
    by its suffix, before that of its compression, else by its first bytes, unless `format` names one. `csv_empty` is
    what an empty cell is in the formats that have cells: null, missing or (the empty) string. `options` are those of
    the format.
    """
    if on_bad not in ("error", "skip"):
        raise SettingError(f"on_bad is 'error' or 'skip', not {on_bad!r}")
    chosen = None if format is None else _format_named(format)
    filled = Coverage() if coverage is None else coverage
    sources = [_open_file(path, chosen, on_bad, filled, csv_empty, options) for path in expand(spec)]
    return sources[0] if len(sources) == 1 else Files(describe(spec), tuple(sources))


def describe(spec: Spec) -> str:
    """What was asked for, for messages."""
    return os.fspath(spec) if isinstance(spec, str | os.PathLike) else ", ".join(map(str, spec))


def _format_named(name: str) -> FileFormat:
    known = sorted(formats())
    if name not in known:
        raise SourceError(f"there is no format {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    return formats()[name]


def _open_file(path: str, chosen: FileFormat | None, on_bad: OnBad, coverage: Coverage, csv_empty: str,
               options: Mapping[str, Any]) -> Source:
    file = InputFile(path)
    form = chosen or _format_of_name(file.stem) or _format_of_content(file)
    for name in options:
        if name not in form.options:
            takes = ", ".join(form.options) or "none"
            raise SettingError(f"there is no option {name!r} for {form.name} ({file.name}); it takes {takes}")
    if "empty" in form.options:
        options = {"empty": csv_empty, **options}
    return form.open(file, on_bad=on_bad, coverage=coverage, **options)


def _format_of_name(name: str) -> FileFormat | None:
    suffix = _known_suffix(name)
    return _BY_SUFFIX[suffix] if suffix else None


def _known_suffix(name: str) -> str:
    return next((suffix for suffix in suffixes_of(name) if suffix in _BY_SUFFIX), "")


def _format_of_content(file: InputFile) -> FileFormat:
    head = file.head()
    if not head.strip():
        return formats()["ndjson"]
    for form in formats().values():
        if form.recognizes(head):
            return form
    raise SourceError(f"the format of {file.name} is unknown: its name has no known suffix "
                      f"({', '.join(sorted(_BY_SUFFIX))}) and its first bytes tell nothing; name the format, one of "
                      f"{', '.join(sorted(formats()))}")


def expand(spec: Spec) -> list[str]:
    """The paths of the files that `spec` names; SourceError where there are none."""
    if not isinstance(spec, str | os.PathLike):
        if not spec:
            raise SourceError("no files to read: the list of paths is empty")
        return [path for item in spec for path in expand(item)]
    text = os.path.expanduser(os.fspath(spec))
    if text == STANDARD_INPUT:
        return [text]
    if os.path.isdir(text):
        return _in_directory(text)
    if os.path.lexists(text):
        return [text]
    if not _GLOB & set(text):
        raise SourceError(f"there is no file or directory {text}{_hint(text)}")
    found = sorted(path for path in glob.glob(text, recursive=True) if not os.path.isdir(path))
    if not found:
        raise SourceError(f"no file matches {text}")
    return found


def _hint(text: str) -> str:
    try:
        return nearest(os.path.basename(text), os.listdir(os.path.dirname(text) or "."))
    except OSError:
        return ""


def _in_directory(directory: str) -> list[str]:
    """The files in a directory that have a known suffix; hidden ones, and those that describe a dump, have no data."""
    def fail(error: OSError) -> None:
        raise file_error(str(error.filename), error)

    found, others = [], []
    for parent, below, names in os.walk(directory, onerror=fail):
        below[:] = [name for name in below if name[0] not in "._"]
        for name in names:
            if name[0] not in "._" and ".metadata.json" not in name:
                (found if _has_data(name) else others).append(os.path.join(parent, name))
    if not found:
        holds = ", ".join(Path(path).name for path in sorted(others)[:3]) or "nothing else"
        raise SourceError(f"the directory {directory} has no data files (known suffixes: "
                          f"{', '.join(sorted(_BY_SUFFIX))}); it holds {holds}")
    refuse_copies(found)
    return sorted(found)


def _has_data(name: str) -> bool:
    return _format_of_name(uncompressed_name(name)) is not None


def refuse_copies(paths: Iterable[str]) -> None:
    """SourceError where paths differ in nothing but the suffix: read together, the rows of one table in several
    formats would count several times."""
    of_stem: dict[str, list[str]] = {}
    for path in sorted(paths):
        plain = uncompressed_name(path)
        of_stem.setdefault(plain[:len(plain) - len(_known_suffix(plain))], []).append(path)
    for stem, several in of_stem.items():
        if len(several) > 1:
            directory, name = os.path.split(stem)
            meant, suffix = several[-1], several[-1].removeprefix(stem)
            raise SourceError(
                f"{directory} holds {', '.join(map(os.path.basename, several))}, which look like the same rows in "
                f"several formats: name the one that is meant, {meant} for example (connect({{{name!r}: {meant!r}}})), "
                f"or the files of one format by a glob such as {os.path.join(directory, '*' + suffix)}")


@record
class Files:
    """Several files as one source, one after the other."""

    name: str
    sources: tuple[Source, ...]

    @property
    def accepts(self) -> frozenset[str]:
        """What every one of them accepts."""
        return frozenset.intersection(*(source.accepts for source in self.sources))

    @property
    def columnar(self) -> bool:
        """Whether every one of them is columnar."""
        return all(source.columnar for source in self.sources)

    def schema(self) -> dict[str, str] | None:
        """Their schema, if it is known and the same for all."""
        first, *others = (source.schema() for source in self.sources)
        return first if all(other == first for other in others) else None

    def statistics(self) -> Statistics:
        """Sums of what every one of them knows."""
        known = [source.statistics() for source in self.sources]
        return Statistics(_total(item.rows for item in known), _total(item.bytes for item in known),
                          UnitedColumns([(item.rows or 0, item.columns) for item in known]))

    def partitions(self, request: Request) -> Sequence[Partition]:
        """The partitions of each, in order."""
        return [partition for source in self.sources for partition in source.partitions(request)]


def _total(numbers: Iterable[int | None]) -> int | None:
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total
