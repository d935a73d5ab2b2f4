"""A collection of documents, with the methods that pymongo's users know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gatherum.api.cursor import Cursor, Request, window
from gatherum.api.distinct import distinct_values, pruned
from gatherum.api.explain import explain_query
from gatherum.api.inputs import Open
from gatherum.api.options import SNAKE_CASE, resolved, settings_of, time_limit
from gatherum.api.query import Query, check, prepare
from gatherum.api.result import Result
from gatherum.errors import SettingError
from gatherum.runtime.settings import Settings
from gatherum.types.values import Value

Pipeline = Sequence[Mapping[str, Any]]


def preparing(openers: Mapping[str, Open], name: str | None, pipeline: Pipeline, base: Settings | None, *,
                 let: Mapping[str, Any] | None = None, maxTimeMS: float | None = None,  # noqa: N803
                 allowDiskUse: bool | None = None, comment: Any = None, batchSize: int | None = None,  # noqa: N803
                 **settings: Any) -> Callable[[], Query]:
    """What prepares a query, with the keywords of `aggregate` already checked."""
    chosen, limit = settings_of(base, settings, allowDiskUse, batchSize), time_limit(maxTimeMS)
    return lambda: prepare(openers, name, pipeline, chosen, let=let, max_time_ms=limit)


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
        prepare = preparing(self._openers, self.name, pipeline, self._settings, let=let, maxTimeMS=maxTimeMS,
                            allowDiskUse=allowDiskUse, batchSize=batchSize, **settings)
        return Result(prepare(), progress=True)

    def explain(self, pipeline: Pipeline, *, verbosity: str = "queryPlanner", let: Mapping[str, Any] | None = None,
                **settings: Any) -> dict[str, Any]:
        """How a pipeline would run; with verbosity `executionStats`, it is run, and every operator's figures shown."""
        if verbosity not in ("queryPlanner", "executionStats"):
            raise SettingError(f"verbosity is 'queryPlanner' or 'executionStats', not {verbosity!r}")
        chosen = resolved(self._settings, settings)
        return explain_query(prepare(self._openers, self.name, pipeline, chosen, let=let),
                             execute=verbosity == "executionStats")

    def find(self, filter: Mapping[str, Any] | None = None, projection: Any = None, skip: int = 0, limit: int = 0, *,
             sort: Any = None, **options: Any) -> Cursor:
        """The documents that match a filter; they may be sorted and cut as pymongo's cursors are.

        `projection` is a document such as $project takes, or a list of fields to keep; `sort` a field, a list of
        fields and (field, 1 or -1) pairs, or a document; `limit` 0 is none, and -3 is 3. `options` are those of
        `aggregate`, under pymongo's names for either method.
        """
        return Cursor(Request(filter, projection, skip, limit, sort, options=_renamed(options)), self._checked)

    def _checked(self, pipeline: list[dict[str, Any]], options: Mapping[str, Any]) -> Callable[[], Query]:
        prepare = preparing(self._openers, self.name, pipeline, self._settings, **options)
        check(self._openers, self.name, pipeline, options.get("let"))
        return prepare

    def find_one(self, filter: Any = None, projection: Any = None, **options: Any) -> dict[str, Any] | None:
        """The first document that matches a filter, or None; a filter that is no document is the value of `_id`."""
        if filter is not None and not isinstance(filter, Mapping):
            filter = {"_id": filter}
        with self.find(filter, projection, limit=1, **options) as found:
            return next(found, None)

    def count_documents(self, filter: Mapping[str, Any], skip: int = 0, limit: int = 0, **options: Any) -> int:
        """How many documents match a filter, of those after the first `skip` at most `limit`; `{}` counts all."""
        pipeline = [{"$match": filter}, *window(skip, limit), {"$count": "n"}]
        counted = self.aggregate(pipeline, **_renamed(options)).to_list()
        return int(counted[0]["n"]) if counted else 0

    def estimated_document_count(self, **options: Any) -> int:
        """How many documents there are: what the source tells without being read, as a list, a frame or a Parquet file
        does, and where it does not, what counting them gives.

        >>> import gatherum as gm
        >>> gm.connect({"rows": [{"a": 1}, {"a": 2}]}).rows.estimated_document_count()
        2
        """
        query = preparing(self._openers, self.name, [], self._settings, **_renamed(options))()
        known = query.sources[self.name].statistics().rows
        return self.count_documents({}, **options) if known is None else known

    def distinct(self, key: str, filter: Mapping[str, Any] | None = None, **options: Any) -> list[Value]:
        """The distinct values at a path, in BSON's order; an array at its end counts by its elements."""
        with self.find(filter, pruned(key), **options) as found:
            return distinct_values(found, key)


def _renamed(options: Mapping[str, Any]) -> dict[str, Any]:
    return {SNAKE_CASE.get(name, name): value for name, value in options.items()}
