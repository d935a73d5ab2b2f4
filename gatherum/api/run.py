"""Runs a prepared query on the engine that was chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

from gatherum.api.query import Query, placed
from gatherum.errors import GatherumError, InternalError, OperatorError, SourceError, depth_limited
from gatherum.functions.registry import blaming_own_functions
from gatherum.plan.computed import computed_fields
from gatherum.types.values import Document


def run(query: Query) -> Generator[Any]:
    """The batches of a query on its engine: lists of documents, or column batches.

    The deadline is one of the query's work: it moves by the time that the caller lets pass before and between them.
    """
    idle_since, cancellation = query.prepared, query.cancellation
    batches = run_columnar(query) if query.engine == "columnar" else run_rows(query)
    try:
        while True:
            if cancellation.deadline is not None:
                cancellation.deadline += time.monotonic() - idle_since
            batch = next(batches, None)
            if batch is None:
                return
            idle_since = time.monotonic()
            yield batch
    finally:
        batches.close()


def run_rows(query: Query) -> Generator[list[Document]]:
    """The documents of a query, in batches, on the rows engine."""
    starting = time.perf_counter()
    from gatherum.executors.rows import RowsExecutor

    executor = RowsExecutor(query.sources, query.variables, query.cancellation)
    started = time.perf_counter()
    query.planning += started - starting
    try:
        for batch in _guarded(executor.run(query.optimized.plan), query):
            query.cancellation.check()
            yield batch
    finally:
        query.metrics = executor.metrics
        query.seconds = time.perf_counter() - started


def run_columnar(query: Query) -> Generator[Any]:
    """The column batches of a query, on the columnar engine."""
    starting = time.perf_counter()
    from gatherum.executors.local import LocalExecutor
    from gatherum.kernels import compiler
    from gatherum.kernels.arrow import trim_pool
    from gatherum.physical.lower import lower
    from gatherum.physical.operator import QueryContext
    from gatherum.runtime.memory import runtime
    from gatherum.runtime.temporary import TemporarySpace
    from gatherum.sources.columns import columnar

    settings = query.settings
    compiler.use_cache(settings.kernel_cache)
    runtime().on_trim(trim_pool)
    with ExitStack() as stack:
        budget = stack.enter_context(runtime().open(settings.memory_limit, query.cancellation, settings.spill_every))
        space = stack.enter_context(TemporarySpace(settings.temp_directory, settings.disk_limit))
        compiled: Callable[[], bool] = lambda: compiler.available(settings.kernels, query.cancellation.check)  # noqa: E731
        if settings.kernels == "on":
            compiled()                                      # here, where Ctrl-C ends the wait
        context = QueryContext(settings, budget, space, query.cancellation, query.variables, compiled,
                               computed_fields(query.optimized.plan))
        sources = {name: columnar(source) for name, source in query.sources.items()}
        executor = LocalExecutor(context, sources)
        fragment = lower(query.optimized.plan)
        started = time.perf_counter()
        query.planning += started - starting
        try:
            yield from _guarded(executor.run(fragment), query)
        finally:
            query.metrics = executor.metrics
            query.seconds = time.perf_counter() - started


def not_utf8(error: UnicodeDecodeError) -> SourceError:
    """The error that a string of columns in memory is, which nobody has looked at before."""
    return SourceError(f"a string of the columns given is not valid UTF-8: {error.reason}: decode it as what it is, or "
                       "give it as binary")


def _guarded(batches: Iterator[Any], query: Query) -> Iterator[Any]:
    """The same batches; an error names its stage, and one that is not ours is a bug, and is reported as one."""
    try:
        with placed(query.stages), blaming_own_functions(), depth_limited(OperatorError, "a document"):
            yield from batches
    except (GatherumError, OSError, MemoryError, KeyboardInterrupt, GeneratorExit):
        raise
    except UnicodeDecodeError as error:
        raise not_utf8(error) from None
    except Exception as error:
        raise InternalError(f"gatherum failed with {type(error).__name__}: {error}. This is a bug: please report it "
                            "with the pipeline, and a few rows of the input if you can") from error
