"""Every error that gatherum raises on purpose, as one tree.

A message says what was found, where, and what to do. An error that MongoDB has too carries MongoDB's `code`; once
pymongo's errors are loaded, such an error is also an instance of `pymongo.errors.OperationFailure`, and one of a
cursor of `pymongo.errors.InvalidOperation`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self


class GatherumError(Exception):
    """The root of the tree.

    `code` is MongoDB's number for the error, or None; `places` leads from the outermost place (a stage) to the
    innermost (an operator). `node` is the node of the plan that failed, in an error that comes of running it.
    """

    code: int | None = None
    in_pymongo = "OperationFailure"
    """The error of pymongo's that this one is too, once that is loaded."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = _as_error_of_pymongo(cls) if "pymongo.errors" in sys.modules else cls
        return Exception.__new__(made, *args)

    def __init__(self, message: str, code: int | None = None) -> None:
        Exception.__init__(self, message)
        self.message = message
        self.places: tuple[str, ...] = ()
        self.node: Any = None
        self._code = code if code is not None else type(self).code
        self.code = self._code

    def within(self, place: str) -> Self:
        """The same error, known to have happened inside `place`, for example `stage 2 ($group)`."""
        self.places = (place, *self.places)
        return self

    def __str__(self) -> str:
        return f"{', '.join(self.places)}: {self.message}" if self.places else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (_original(type(self)), self.message, self.code, self.places, dict(self.details_to_keep()))

    def details_to_keep(self) -> dict[str, Any]:
        """Attributes beyond message, code and places that survive pickling."""
        return {}


class QueryError(GatherumError):
    """The query is at fault, or an operator met a value that it cannot take."""


class PipelineError(QueryError):
    """The pipeline is not well formed; found before anything ran."""

    code = 9


class UnsupportedError(PipelineError):
    """A name or option that gatherum does not have."""

    code = 40324


class OperatorError(QueryError):
    """An operator met a value that it cannot take, while the query ran."""

    code = 2


class FunctionError(QueryError):
    """A function of the user's own is not what it must be, or it failed while a query ran; then its own exception is
    the `__cause__`."""

    code = 2


class SourceError(GatherumError):
    """The input cannot be read, or is broken at the place that the message names."""


class LossError(GatherumError):
    """A value would change by being written in the form asked for."""


class SettingError(GatherumError):
    """A setting has a value that it cannot have."""


class ResourceError(GatherumError):
    """A limit of memory or disk was reached."""

    code = 292


class DeadlineError(GatherumError):
    """The query took longer than its maxTimeMS."""

    code = 50


class CancelledError(GatherumError):
    """The query was cancelled."""

    code = 11601


class ResultError(GatherumError):
    """A result was used in a way that it does not allow, for example read twice."""


class InvalidOperation(ResultError):
    """A cursor was changed after its rows had been asked for."""

    in_pymongo = "InvalidOperation"


class RowIndexError(ResultError, IndexError):
    """A cursor has no row at an index, or cannot be cut as a slice says."""

    in_pymongo = "InvalidOperation"


class InternalError(GatherumError):
    """gatherum itself is at fault: please report it, with the message."""


class failing_in:  # noqa: N801
    """Notes the node of the plan in errors of the query that come from it, or from what runs it."""

    __slots__ = ("_node",)

    def __init__(self, node: Any) -> None:
        self._node = node

    def __enter__(self) -> None:
        """Notes nothing yet."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, QueryError):
            error.node = error.node or self._node


@contextmanager
def depth_limited(kind: type[QueryError], what: str) -> Iterator[None]:
    """Makes Python's RecursionError an error of this kind: it comes of values that are nested too deep."""
    try:
        yield
    except RecursionError:
        raise kind(f"{what} is nested too deep to be followed: have fewer levels (BSON has at most 200)", 15) from None


_combined: dict[type, type] = {}


def _original(cls: type) -> type:
    return cls.__dict__.get("_gatherum_class", cls)


def _as_error_of_pymongo(cls: type) -> Any:
    """A class that is `cls` and the error of pymongo's that it names too."""
    cls = _original(cls)
    if cls not in _combined:
        theirs = getattr(sys.modules["pymongo.errors"], cls.in_pymongo)
        if issubclass(cls, theirs):
            _combined[cls] = cls
        else:
            names = {"_gatherum_class": cls, "__module__": cls.__module__, "__qualname__": cls.__qualname__,
                     "code": cls.__dict__.get("code", cls.code), "details": None, "timeout": property(_is_timeout)}
            _combined[cls] = type(cls.__name__, (cls, theirs), names)
    return _combined[cls]


def _is_timeout(error: GatherumError) -> bool:
    return error.code == DeadlineError.code


def _rebuild(cls: type, message: str, code: int | None, places: tuple[str, ...], details: dict[str, Any]) -> Any:
    error = cls(message, code)
    error.places = places
    for name, value in details.items():
        setattr(error, name, value)
    return error
