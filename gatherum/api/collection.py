"""A collection of documents, with the methods that pymongo's users know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatherum.api.explain import explain_query
from gatherum.api.inputs import Open
from gatherum.api.query import prepare
from gatherum.api.result import Result
from gatherum.errors import SettingError
from gatherum.runtime.settings import Settings
from gatherum.types.order import group_key, order_key
from gatherum.types.values import MISSING, Value

Pipeline = Sequence[Mapping[str, Any]]


def run_pipeline(openers: Mapping[str, Open], name: str | None, pipeline: Pipeline, base: Settings,
                 let: Mapping[str, Any] | None, max_time_ms: float | None, settings: Mapping[str, Any]) -> Result:
    """Prepares a query and gives its result, of which nothing has been read yet."""
    chosen = Settings.resolve(base, **settings) if settings else base
    return Result(prepare(openers, name, pipeline, chosen, let=let, max_time_ms=max_time_ms))


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

        `allowDiskUse=False` makes a query that exceeds its memory limit fail instead of writing to disk. `comment`
        and `batchSize` are taken for pymongo's sake and change nothing.
        """
        if allowDiskUse is False:
            settings.setdefault("disk_limit", 0)
        return run_pipeline(self._openers, self.name, pipeline, self._settings, let, maxTimeMS, settings)

    def explain(self, pipeline: Pipeline, *, verbosity: str = "queryPlanner", let: Mapping[str, Any] | None = None,
                **settings: Any) -> dict[str, Any]:
        """How a pipeline would run; with verbosity `executionStats`, it is run, and every operator's figures shown."""
        if verbosity not in ("queryPlanner", "executionStats"):
            raise SettingError(f"verbosity is 'queryPlanner' or 'executionStats', not {verbosity!r}")
        chosen = Settings.resolve(self._settings, **settings)
        return explain_query(prepare(self._openers, self.name, pipeline, chosen, let=let),
                             execute=verbosity == "executionStats")

    def find(self, filter: Mapping[str, Any] | None = None, projection: Any = None, *, sort: Any = None,
             skip: int = 0, limit: int = 0, **settings: Any) -> Result:
        """The documents that match a filter.

        `projection` is a document such as $project takes, or a list of fields to keep; `sort` a field, a list of
        (field, 1 or -1) pairs, or a document; `limit` 0 is none.
        """
        pipeline: list[dict[str, Any]] = [{"$match": dict(filter or {})}]
        if sort:
            pipeline.append({"$sort": _sort_document(sort)})
        if skip:
            pipeline.append({"$skip": skip})
        if limit:
            pipeline.append({"$limit": abs(limit)})
        if projection:
            pipeline.append({"$project": dict(projection) if isinstance(projection, Mapping) else
                             dict.fromkeys(projection, 1)})
        return self.aggregate(pipeline, **settings)

    def find_one(self, filter: Mapping[str, Any] | None = None, projection: Any = None,
                 **settings: Any) -> dict[str, Any] | None:
        """The first document that matches a filter, or None."""
        with self.find(filter, projection, limit=1, **settings) as found:
            return next(iter(found), None)

    def count_documents(self, filter: Mapping[str, Any], **settings: Any) -> int:
        """How many documents match a filter; `{}` counts all."""
        counted = self.aggregate([{"$match": dict(filter)}, {"$count": "n"}], **settings).to_list()
        return int(counted[0]["n"]) if counted else 0

    def distinct(self, key: str, filter: Mapping[str, Any] | None = None, **settings: Any) -> list[Value]:
        """The distinct values at a path, in BSON's order; of an array, its elements' values."""
        pipeline = [{"$match": dict(filter or {})}, {"$project": {"_id": 0, "value": f"${key}"}}]
        found: dict[Any, Value] = {}
        for row in self.aggregate(pipeline, **settings):
            value = row.get("value", MISSING)
            for item in value if isinstance(value, list) else [value]:
                for each in item if "." in key and isinstance(item, list) else [item]:
                    if each is not MISSING:
                        found.setdefault(group_key(each), each)
        return sorted(found.values(), key=order_key)


def _sort_document(sort: Any) -> dict[str, Any]:
    if isinstance(sort, str):
        return {sort: 1}
    return dict(sort)
