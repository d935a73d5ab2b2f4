"""Sinks that write files, in any of the formats that modules of this package define."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from gatherum.definitions import Definitions
from gatherum.errors import SettingError, SourceError
from gatherum.functions.registry import nearest
from gatherum.plan.protocols import Sink
from gatherum.records import record
from gatherum.runtime.suffixes import suffixes_of
from gatherum.sinks.output_file import OutputFile, compression_suffix
from gatherum.types.values import Document


class Writer(Protocol):
    """Writes documents to a stream in one format; one that keeps files meanwhile gives them up by `discard`."""

    def write(self, documents: list[Document]) -> None:
        """Appends documents."""
        ...

    def finish(self) -> None:
        """Writes what comes after the last document."""
        ...


@record
class SinkFormat:
    """One format of files: a module of this package with such a value is all that a format needs.

    `open(stream, lossy=..., **options)` gives the `Writer`; `options` names the options that it takes. What is
    slow to import is imported in `open`.
    """

    name: str
    suffixes: tuple[str, ...]
    open: Callable[..., Writer]
    options: tuple[str, ...] = ()


def _names(value: Any, module: str) -> Iterable[str]:
    return (value.name,) if isinstance(value, SinkFormat) else ()


def _suffixes(value: Any, module: str) -> Iterable[str]:
    return value.suffixes if isinstance(value, SinkFormat) else ()


_FORMATS: Definitions[str, SinkFormat] = Definitions("gatherum.sinks", _names)
_BY_SUFFIX: Definitions[str, SinkFormat] = Definitions("gatherum.sinks", _suffixes)


def formats() -> Mapping[str, SinkFormat]:
    """The file formats by name, found in the modules of this package."""
    return _FORMATS


def open_sink(target: str | os.PathLike[str] | BinaryIO, format: str | None = None, lossy: bool = False,
              exact: bool = False, csv_empty: str = "null", **options: Any) -> Sink:
    """A sink that writes to a path, to `-` (standard output) or to a binary stream.

    The format is told by the path's suffix, before that of its compression, unless `format` names one. Where the
    format cannot hold a value as it is, writing raises LossError, unless `lossy`. Text is otherwise written as people
    read it; if `exact`, every value that is read back from it has its type, too, where an empty cell is read back as
    `csv_empty` (null, missing or string). `options` are those of the format.
    """
    form = format_of(target, format)
    if exact and "exact" in form.options:
        options["exact"] = True
    if "empty" in form.options:
        options = {"empty": csv_empty, **options}
    for name in options:
        if name not in form.options:
            raise SettingError(f"there is no option {name!r} for {form.name}; it takes "
                               f"{', '.join(form.options) or 'none'}")
    output = OutputFile(target)
    try:
        return FileSink(output, form.open(output.stream, lossy=lossy, **options))
    except BaseException:
        output.discard()
        raise


def format_of(target: Any, name: str | None = None) -> SinkFormat:
    """The format named, or told by a path's suffix; SourceError where there is none."""
    known = sorted(formats())
    if name is not None:
        if name not in known:
            raise SourceError(f"there is no format {name!r} to write{nearest(name, known)}; known: {', '.join(known)}")
        return formats()[name]
    if not isinstance(target, str | os.PathLike):
        raise SourceError(f"name the format to write to a stream, one of {', '.join(known)}")
    path = os.fspath(target)
    for suffix in suffixes_of(path.removesuffix(compression_suffix(path))):
        if suffix in _BY_SUFFIX:
            return _BY_SUFFIX[suffix]
    raise SourceError(f"the suffix of {path} names no format ({', '.join(sorted(_BY_SUFFIX))}): name the format, one "
                      f"of {', '.join(known)}")


class FileSink:
    """Documents as one file. After a failed write the sink is closed, and the file is as it was before."""

    def __init__(self, output: OutputFile, writer: Writer) -> None:
        self._output = output
        self._writer = writer
        self._open = True

    def write(self, documents: list[Document]) -> None:
        """Appends documents."""
        self._check_open()
        self._guarded(lambda: self._writer.write(documents))

    @property
    def columnar(self) -> bool:
        """Whether the format takes column batches by `write_batch`."""
        return hasattr(self._writer, "write_batch")

    def write_batch(self, batch: Any) -> None:
        """Appends a column batch, where the sink is `columnar`."""
        self._check_open()
        self._guarded(lambda: getattr(self._writer, "write_batch")(batch))  # noqa: B009

    def write_header(self, types: Mapping[str, str | None]) -> None:
        """Says which fields there are where no row is written, to a format that tells."""
        if hasattr(self._writer, "write_header"):
            self._check_open()
            self._guarded(lambda: getattr(self._writer, "write_header")(types))  # noqa: B009

    def _check_open(self) -> None:
        if not self._open:
            raise SourceError(f"{self._output.name}: nothing can be written after close, or after a failed write")

    def close(self) -> None:
        """Completes the file; does nothing where it is closed or a write failed."""
        if self._open:
            self._guarded(self._complete)
            self._open = False

    def _complete(self) -> None:
        self._writer.finish()
        self._output.commit()

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:
            self._discard()
            raise SourceError(f"cannot write {self._output.name}: {error.strerror or error}") from error
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        if self._open:
            self._open = False
            if hasattr(self._writer, "discard"):
                getattr(self._writer, "discard")()  # noqa: B009
            self._output.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._discard()
