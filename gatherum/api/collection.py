"""A collection of documents, with the methods that pymongo's users know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatherum.api.distinct import distinct_values, pruned
from gatherum.api.explain import explain_query
from gatherum.api.inputs import Open
from gatherum.api.options import SNAKE_CASE, resolved, settings_of, time_limit
from gatherum.api.progress import Progress
from gatherum.api.query import prepare
from gatherum.api.result import Result
from gatherum.errors import PipelineError, SettingError
from gatherum.runtime.settings import Settings
from gatherum.types.values import Value, type_name

Pipeline = Sequence[Mapping[str, Any]]


def run_pipeline(openers: Mapping[str, Open], name: str | None, pipeline: Pipeline, base: Settings | None, *,
                 let: Mapping[str, Any] | None, maxTimeMS: float | None, allowDiskUse: bool | None,  # noqa: N803
                 batchSize: int | None, settings: Mapping[str, Any]) -> Result:  # noqa: N803
    """Prepares a query and gives its result, of which nothing has been read yet."""
    chosen = settings_of(base, settings, allowDiskUse, batchSize)
    query = prepare(openers, name, pipeline, chosen, let=let, max_time_ms=time_limit(maxTimeMS))
    return Result(query, Progress(query.coverage, query.sources.values(), chosen.progress))


class Collection:
    """One collection of a `Database`."""

    def __init__(self, name: str, openers: Mapping[str, Open], settings: Settings) -> None:
        self.name = name
        self._openers = openers
        self._settings = settings

    def __repr__(self) -> str:
        return f"<gatherum.Collection {self.name}>"

    def aggregate(self, pipeline: Pipeline, *, let: Mapping[str, Any] | None = None,
                  maxTimeMS: float | None = None, allowDiskUse: bool | None = None,  # noqa: N803
                  comment: Any = None, batchSize: int | None = None, **settings: Any) -> Result:  # noqa: N803
        """Runs a pipeline over this collection; the other collections of the database are there for $lookup.

        `maxTimeMS` counts the time that the query works, not what its reader takes between rows. `allowDiskUse=False`
        makes a query that exceeds its memory limit fail (ResourceError, code 292) instead of writing to disk.
        `comment` and `batchSize` are taken for pymongo's sake and change nothing.
        """
        return run_pipeline(self._openers, self.name, pipeline, self._settings, let=let, maxTimeMS=maxTimeMS,
                            allowDiskUse=allowDiskUse, batchSize=batchSize, settings=settings)

    def explain(self, pipeline: Pipeline, *, verbosity: str = "queryPlanner", let: Mapping[str, Any] | None = None,
                **settings: Any) -> dict[str, Any]:
        """How a pipeline would run; with verbosity `executionStats`, it is run, and every operator's figures shown."""
        if verbosity not in ("queryPlanner", "executionStats"):
            raise SettingError(f"verbosity is 'queryPlanner' or 'executionStats', not {verbosity!r}")
        chosen = resolved(self._settings, settings)
        return explain_query(prepare(self._openers, self.name, pipeline, chosen, let=let),
                             execute=verbosity == "executionStats")

    def find(self, filter: Mapping[str, Any] | None = None, projection: Any = None, skip: int = 0, limit: int = 0, *,
             sort: Any = None, **options: Any) -> Result:
        """The documents that match a filter.

        `projection` is a document such as $project takes, or a list of fields to keep; `sort` a field, a list of
        fields and (field, 1 or -1) pairs, or a document; `limit` 0 is none, and -3 is 3. `options` are those of
        `aggregate`, under pymongo's names for either method.
        """
        pipeline: list[dict[str, Any]] = [{"$match": {} if filter is None else filter}]
        if sort:
            pipeline.append({"$sort": _sort_document(sort)})
        pipeline += _window(skip, limit)
        if projection is not None and projection != {}:
            pipeline.append({"$project": _project_document(projection)})
        return self.aggregate(pipeline, **_renamed(options))

    def find_one(self, filter: Any = None, projection: Any = None, **options: Any) -> dict[str, Any] | None:
        """The first document that matches a filter, or None; a filter that is no document is the value of `_id`."""
        if filter is not None and not isinstance(filter, Mapping):
            filter = {"_id": filter}
        with self.find(filter, projection, limit=1, **options) as found:
            return next(found, None)

    def count_documents(self, filter: Mapping[str, Any], skip: int = 0, limit: int = 0, **options: Any) -> int:
        """How many documents match a filter, of those after the first `skip` at most `limit`; `{}` counts all."""
        pipeline = [{"$match": filter}, *_window(skip, limit), {"$count": "n"}]
        counted = self.aggregate(pipeline, **_renamed(options)).to_list()
        return int(counted[0]["n"]) if counted else 0

    def distinct(self, key: str, filter: Mapping[str, Any] | None = None, **options: Any) -> list[Value]:
        """The distinct values at a path, in BSON's order; an array at its end counts by its elements."""
        with self.find(filter, pruned(key), **options) as found:
            return distinct_values(found, key)


def _renamed(options: Mapping[str, Any]) -> dict[str, Any]:
    return {SNAKE_CASE.get(name, name): value for name, value in options.items()}


def _window(skip: int, limit: int) -> list[dict[str, Any]]:
    """The stages for a cursor's skip and limit; that pymongo's limit is negative asks for a single batch."""
    return [*([{"$skip": skip}] if skip else []),
            *([{"$limit": abs(limit) if isinstance(limit, int) else limit}] if limit else [])]


def _sort_document(sort: Any) -> dict[str, Any]:
    if isinstance(sort, str):
        return {sort: 1}
    if isinstance(sort, Mapping):
        return dict(sort)
    pairs = [(item, 1) if isinstance(item, str) else item for item in sort] if isinstance(sort, list | tuple) else [0]
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise PipelineError(f"sort takes a field, a document, or a list of fields and (field, 1 or -1) pairs, not "
                            f"{sort!r}")
    return dict(pairs)


def _project_document(projection: Any) -> dict[str, Any]:
    if isinstance(projection, Mapping):
        return dict(projection)
    if not isinstance(projection, list | tuple | set | frozenset) or \
            not all(isinstance(name, str) for name in projection):
        raise PipelineError(f"a projection is a document or a list of fields, not {type_name(projection)}")
    return dict.fromkeys(projection, 1) if projection else {"_id": 1}
