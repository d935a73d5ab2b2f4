"""What `find` gives: a result that may be sorted and cut, as a cursor of pymongo's, until its rows are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Never, Self, overload

from gatherum.api.query import Query
from gatherum.api.result import Result
from gatherum.errors import InvalidOperation, PipelineError, RowIndexError, UnsupportedError
from gatherum.types.values import Document, type_name

Check = Callable[[list[dict[str, Any]], Mapping[str, Any]], Callable[[], Query]]
"""Checks a pipeline and the keywords of `aggregate`, and gives what prepares the query."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a `find` asks for, in the forms that pymongo takes; `empty` leaves no row, which `limit` cannot say, and
    `options` are keywords of `aggregate`."""

    filter: Any = None
    projection: Any = None
    skip: Any = 0
    limit: Any = 0
    sort: Any = None
    empty: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def pipeline(self) -> list[dict[str, Any]]:
        """The same as a pipeline: rows are sorted before they are cut, in whatever order that was asked for."""
        stages: list[dict[str, Any]] = [{"$match": {} if self.filter is None else self.filter}]
        if self.sort:
            stages.append({"$sort": _sort_document(self.sort)})
        stages += [{"$match": {"$expr": False}}] if self.empty else window(self.skip, self.limit)
        if self.projection is not None and self.projection != {}:
            stages.append({"$project": _project_document(self.projection)})
        return stages


class Cursor(Result):
    """The documents that a `find` matches, to be sorted and cut before the first is asked for.

    It is a `Result`: iterate over it, or call `to_list`, `to_arrow`, `write` and the others. The methods below change
    the cursor and return it; once its rows, `stats` or `coverage` have been asked for, or it is closed, they raise
    `InvalidOperation`.

    >>> import gatherum as gm
    >>> rows = gm.connect({"rows": [{"a": 1}, {"a": 3}, {"a": 2}]}).rows
    >>> rows.find().sort("a", -1).limit(2).to_list()
    [{'a': 3}, {'a': 2}]
    """

    def __init__(self, request: Request, check: Check) -> None:
        super().__init__(check(request.pipeline(), request.options), progress=True)
        self._request = request
        self._check = check

    def sort(self, key_or_list: Any, direction: Any = None) -> Self:
        """Sorts by a field (1, or -1 for larger values first), a list of fields and (field, direction) pairs, or a
        document; a sort set before is replaced."""
        return self._with(sort=key_or_list if direction is None else [(key_or_list, direction)])

    def skip(self, skip: int) -> Self:
        """Leaves out the first so many rows."""
        return self._with(skip=skip)

    def limit(self, limit: int) -> Self:
        """Ends after so many rows; 0 is no limit, and -3 is 3."""
        return self._with(limit=limit, empty=False)

    def clone(self) -> Cursor:
        """Another cursor for the same rows, none of which have been asked for."""
        return Cursor(self._request, self._check)

    @overload
    def __getitem__(self, index: int) -> Document: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> Document | Self:
        """One row, or the cursor cut to some rows; `skip` counts for the one and `limit` for neither, as in pymongo.

        One row is a query of its own: iterate, or take `to_list`, for several. A slice replaces `skip` and `limit`.

        >>> import gatherum as gm
        >>> rows = gm.connect({"rows": [{"a": 1}, {"a": 2}, {"a": 3}]}).rows
        >>> rows.find()[1], rows.find()[1:].to_list()
        ({'a': 2}, [{'a': 2}, {'a': 3}])
        """
        if isinstance(index, slice):
            start, stop = index.start or 0, index.stop
            if index.step is not None or not _is_position(start) or not (stop is None or _is_position(stop, start)):
                raise RowIndexError(f"a cursor is cut as [first:end], with whole numbers from 0 on, not {index!r}")
            return self._with(skip=start, limit=0 if stop is None else stop - start, empty=stop == start)
        if not _is_position(index):
            raise RowIndexError(f"a row of a cursor is chosen by a whole number from 0 on, not {index!r}")
        self._refuse_begun()
        with self.clone()._with(skip=self._request.skip + index, limit=1, empty=False) as found:
            row = next(found, None)
        if row is None:
            raise RowIndexError(f"the cursor has no row {index}")
        return row

    def max_time_ms(self, max_time_ms: float | None) -> Self:
        """Ends the query with DeadlineError when it has worked for so many milliseconds."""
        return self._with_options(maxTimeMS=max_time_ms)

    def allow_disk_use(self, allow_disk_use: bool) -> Self:
        """With False, a query that exceeds its memory limit fails instead of writing to disk."""
        return self._with_options(allowDiskUse=allow_disk_use)

    def batch_size(self, batch_size: int) -> Self:
        """Taken for pymongo's sake; changes nothing."""
        return self._with_options(batchSize=batch_size)

    def comment(self, comment: Any) -> Self:
        """Taken for pymongo's sake; changes nothing."""
        return self._with_options(comment=comment)

    def hint(self, index: Any) -> Never:
        """There are no indexes: UnsupportedError."""
        raise UnsupportedError(f"a cursor takes no hint (given {index!r}): there are no indexes to choose from")

    def collation(self, collation: Any) -> Never:
        """Strings compare by their bytes, as without a collation: UnsupportedError."""
        raise UnsupportedError(f"a cursor takes no collation (given {collation!r}): strings compare by their bytes")

    def _with_options(self, **options: Any) -> Self:
        return self._with(options={**self._request.options, **options})

    def _with(self, **changes: Any) -> Self:
        self._refuse_begun()
        request = replace(self._request, **changes)
        self._given = self._check(request.pipeline(), request.options)
        self._request = request
        return self

    def _refuse_begun(self) -> None:
        if self._begun:
            raise InvalidOperation("this cursor cannot be changed any more, because its rows have been asked for: sort "
                                   "and cut it first, or call find again")


def _is_position(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and value >= least


def window(skip: Any, limit: Any) -> list[dict[str, Any]]:
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
