"""What a query is made of on the command line: the pipeline, its variables, and the sources."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import click

from gatherum.api.inputs import Open, opener
from gatherum.api.query import Query, prepare
from gatherum.errors import PipelineError
from gatherum.frontends.mongo.notation import parse_notation
from gatherum.records import record
from gatherum.runtime.settings import Settings
from gatherum.sources.input_file import standard_input
from gatherum.types.values import Value

STANDARD_INPUT: Final = "-"
_NAMED: Final = re.compile(r"([^=]+)=(.+)", re.DOTALL)


@record
class Given:
    """A pipeline and the sources that it runs over, as the command line names them."""

    pipeline: list[Value]
    sources: tuple[str, ...]

    @property
    def main(self) -> str | None:
        """The name of the main collection: that of the first source without directory and suffixes."""
        return collection_name(self.sources[0]) if self.sources else None


def read_given(words: Sequence[str], file: IO[bytes] | None, collections: Iterable[str] = ()) -> Given:
    """The pipeline, from the first word or a file, and the sources, which are the words left.

    `collections` are the further sources, none of which may be standard input where the pipeline or a source is.
    """
    if file is None and not words:
        raise click.UsageError("give a pipeline and the sources that it runs over, or a pipeline's file with -f")
    if file is not None:
        text, sources = _decoded(file.read(), file.name), tuple(words)
        from_input = file.name in ("-", "<stdin>")
    else:
        text, sources = words[0], tuple(words[1:])
        from_input = text == STANDARD_INPUT
        text = _decoded(standard_input().read(), "standard input") if from_input else text
    paths = [*sources, *(path for _, path in _named(collections, "--collection", "PATH"))]
    if paths.count(STANDARD_INPUT) + from_input > 1:
        raise click.UsageError("standard input can be read once: it is either the pipeline or one of the sources")
    pipeline = _pipeline(text, inline=file is None and not from_input)
    if not sources and not (pipeline and isinstance(pipeline[0], dict) and "$documents" in pipeline[0]):
        raise click.UsageError("give the sources that the pipeline runs over ('-' is standard input); only a pipeline "
                               "that begins with $documents needs none")
    return Given(pipeline, sources)


def _decoded(text: bytes, name: str) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PipelineError(f"the pipeline in {name} is not UTF-8: byte {text[error.start]:#04x} at "
                            f"offset {error.start}") from None


def _pipeline(text: str, inline: bool) -> list[Value]:
    """The stages; a single one needs no array."""
    try:
        pipeline = parse_notation(text)
    except PipelineError as error:
        if inline and os.path.isfile(text):
            raise PipelineError(f"{text} is a file, not a pipeline: write -f {text} to read the pipeline from it") \
                from None
        raise error.within("the pipeline") from None
    return [pipeline] if isinstance(pipeline, dict) else pipeline


def collection_name(source: str) -> str:
    """The name of a source as a collection: that of its file without suffixes, or of the directory whose files are
    all meant."""
    if source == STANDARD_INPUT:
        return "stdin"
    names = [Path(source).name.split(".")[0], *(folder.name for folder in Path(source).absolute().parents)]
    return next((name for name in names if name.strip("*?")), source)


def openers(given: Given, collections: Iterable[str], input_format: str | None) -> dict[str, Open]:
    """How the main collection and the further ones (`NAME=PATH`) are opened."""
    options = {} if input_format is None else {"format": input_format}
    found: dict[str, Open] = {}
    if given.main is not None:
        sources = given.sources[0] if len(given.sources) == 1 else list(given.sources)
        found[given.main] = opener(sources, given.main, options)
    paths: dict[str, list[str]] = {}
    for name, path in _named(collections, "--collection", "PATH"):
        if name in found:
            raise click.UsageError(f"--collection {name}={path}: the main collection is called {name} already, after "
                                   "its file")
        paths.setdefault(name, []).append(path)
    return {**found, **{name: opener(several, name) for name, several in paths.items()}}


def variables(let: Iterable[str]) -> dict[str, Value]:
    """The variables of `--let NAME=VALUE`."""
    found = {}
    for name, text in _named(let, "--let", "VALUE"):
        try:
            found[name] = parse_notation(text)
        except PipelineError as error:
            raise error.within(f"--let {name}") from None
    return found


def _named(texts: Iterable[str], option: str, what: str) -> Iterable[tuple[str, str]]:
    for text in texts:
        match = _NAMED.fullmatch(text)
        if match is None:
            raise click.UsageError(f"{option} takes NAME={what}, not {text!r}")
        yield match[1], match[2]


def prepare_query(words: Sequence[str], pipeline_file: IO[bytes] | None, let: Iterable[str],
                  collections: Iterable[str], input_format: str | None, settings: Mapping[str, Any],
                  max_time_ms: float | None = None) -> Query:
    """The query that a command line asks for."""
    chosen = Settings.resolve(**settings)
    given = read_given(words, pipeline_file, collections)
    return prepare(openers(given, collections, input_format), given.main, given.pipeline, chosen,
                   let=variables(let), max_time_ms=max_time_ms)
