"""`connect` and `aggregate`: the two ways in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatherum.api.collection import Collection, preparing
from gatherum.api.inputs import Open, directory_openers, opener
from gatherum.api.options import resolved
from gatherum.api.result import Result
from gatherum.errors import SourceError
from gatherum.runtime.settings import Settings

Pipeline = Sequence[Mapping[str, Any]]


class Database:
    """Named collections. `db["orders"]` and `db.orders` give one; `db.aggregate` runs pipelines that start with
    $documents. Made by `connect`."""

    def __init__(self, openers: Mapping[str, Open], settings: Settings) -> None:
        self._openers = dict(openers)
        self._settings = settings

    def __getitem__(self, name: str) -> Collection:
        return Collection(name, self._openers, self._settings)

    def __getattr__(self, name: str) -> Collection:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._openers)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._openers]

    def __repr__(self) -> str:
        return f"<gatherum.Database of {', '.join(self._openers) or 'nothing'}>"

    def list_collection_names(self) -> list[str]:
        """The names of the collections."""
        return list(self._openers)

    def aggregate(self, pipeline: Pipeline, *, let: Mapping[str, Any] | None = None,
                  maxTimeMS: float | None = None, allowDiskUse: bool | None = None,  # noqa: N803
                  comment: Any = None, batchSize: int | None = None, **settings: Any) -> Result:  # noqa: N803
        """Runs a pipeline that needs no collection, because it starts with $documents; keywords as those of a
        collection's `aggregate`.

        >>> import gatherum as gm
        >>> gm.connect({}).aggregate([{"$documents": [{"a": 1}]}]).to_list()
        [{'a': 1}]
        """
        prepare = preparing(self._openers, None, pipeline, self._settings, let=let, maxTimeMS=maxTimeMS,
                            allowDiskUse=allowDiskUse, batchSize=batchSize, **settings)
        return Result(prepare(), progress=True)


def connect(collections: Mapping[str, Any] | str | os.PathLike[str], **settings: Any) -> Database:
    """A database of collections: a dict by name, or a directory whose files and directories are the collections.

    In a directory, files that differ in the suffix only are an error, not one collection that has every row twice.

    Each may be a path, glob, directory or list of paths; a pyarrow Table, RecordBatch or RecordBatchReader; anything
    with `__arrow_c_stream__` (polars, pandas without its index, DuckDB); or a list, iterator or generator of dicts.
    Settings given here hold for every query (see `gatherum.runtime.settings`).

    >>> db = connect({"small": [{"a": 1}, {"a": 2}]})
    >>> db.small.count_documents({"a": {"$gt": 1}})
    1
    """
    chosen = resolved(None, settings)
    if isinstance(collections, str | os.PathLike):
        return Database(directory_openers(collections), chosen)
    if not isinstance(collections, Mapping):
        raise SourceError(f"connect takes a dict of collections or a directory, not {type(collections).__name__}")
    return Database({name: opener(given, name) for name, given in collections.items()}, chosen)


def aggregate(source: Any, pipeline: Pipeline, *, let: Mapping[str, Any] | None = None,
              maxTimeMS: float | None = None, allowDiskUse: bool | None = None, comment: Any = None,  # noqa: N803
              batchSize: int | None = None, format: str | None = None, **settings: Any) -> Result:  # noqa: N803
    """Runs a pipeline over one source: whatever `connect` takes as a collection.

    `let` defines variables for the pipeline, `maxTimeMS` ends it after so many milliseconds (DeadlineError, code 50),
    `format` names the format of files whose names do not tell it; the others are those of `Collection.aggregate`. A
    pipeline that is not well formed raises PipelineError before anything is read.

    >>> aggregate([{"a": 1}, {"a": 2}], [{"$match": {"a": 2}}]).to_list()
    [{'a': 2}]
    """
    options = {} if format is None else {"format": format}
    prepare = preparing({"source": opener(source, "source", options)}, "source", pipeline, None, let=let,
                        maxTimeMS=maxTimeMS, allowDiskUse=allowDiskUse, batchSize=batchSize, **settings)
    return Result(prepare(), progress=True)
