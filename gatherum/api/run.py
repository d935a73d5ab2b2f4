"""Runs a prepared query on the engine that was chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from gatherum.api.query import Query
from gatherum.errors import GatherumError, InternalError
from gatherum.types.values import Document


def run_rows(query: Query) -> Iterator[list[Document]]:
    """The documents of a query, in batches, on the rows engine."""
    from gatherum.executors.rows import RowsExecutor

    executor = RowsExecutor(query.sources, query.variables, query.cancellation)
    try:
        for batch in _guarded(executor.run(query.optimized.plan)):
            query.cancellation.check()
            yield batch
    finally:
        query.metrics = executor.metrics
        query.seconds = time.perf_counter() - query.started


def run_columnar(query: Query) -> Iterator[Any]:
    """The column batches of a query, on the columnar engine."""
    from gatherum.executors.local import LocalExecutor
    from gatherum.kernels import compiler
    from gatherum.physical.lower import lower
    from gatherum.physical.operator import QueryContext
    from gatherum.runtime.memory import runtime
    from gatherum.runtime.temporary import TemporarySpace
    from gatherum.sources.columns import columnar

    settings = query.settings
    compiler.use_cache(settings.kernel_cache)
    with ExitStack() as stack:
        budget = stack.enter_context(runtime().open(settings.memory_limit, query.cancellation, settings.spill_every))
        space = stack.enter_context(TemporarySpace(settings.temp_directory, settings.disk_limit))
        compiled: Callable[[], bool] = lambda: compiler.available(settings.kernels)  # noqa: E731
        context = QueryContext(settings, budget, space, query.cancellation, query.variables, compiled)
        sources = {name: columnar(source) for name, source in query.sources.items()}
        executor = LocalExecutor(context, sources)
        try:
            yield from _guarded(executor.run(lower(query.optimized.plan)))
        finally:
            query.metrics = executor.metrics
            query.seconds = time.perf_counter() - query.started


def _guarded(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches; an error that is not one of ours is a bug, and is reported as one."""
    try:
        yield from batches
    except (GatherumError, OSError, MemoryError, KeyboardInterrupt, GeneratorExit):
        raise
    except Exception as error:
        raise InternalError(f"gatherum failed with {type(error).__name__}: {error}. This is a bug: please report it "
                            "with the pipeline, and a few rows of the input if you can") from error
