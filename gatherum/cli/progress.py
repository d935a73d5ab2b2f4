"""The progress of a query, on standard error, for as long as it runs.

A thread of its own looks at what the sources have counted anyway, a few times a second, so the query does no more
than without it. Nothing is shown before the query has taken a second, and nothing stays when it ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable
from functools import cached_property
from types import TracebackType
from typing import Final, Self

from gatherum.cli.figures import plural
from gatherum.plan.protocols import Coverage, Source

DELAY_SECONDS: Final = 1.0
INTERVAL_SECONDS: Final = 0.2


class Progress:
    """Shows how far the reading of sources is, while it is entered as a context; `show` is the setting `progress`."""

    def __init__(self, coverage: Coverage, sources: Iterable[Source], show: str = "auto") -> None:
        self._coverage = coverage
        self._sources = list(sources)
        self._wanted = show == "on" or (show == "auto" and sys.stderr.isatty() and os.environ.get("TERM") != "dumb")
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._wanted:
            self._thread = threading.Thread(target=self._watch, name="gatherum-progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """Takes it off the terminal; may be called again."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self) -> None:
        if self._ended.wait(DELAY_SECONDS):
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        console = Console(file=sys.stderr, force_terminal=True)
        columns = BarColumn(bar_width=24), TextColumn("{task.description}", markup=False)
        with Bar(*columns, console=console, transient=True, auto_refresh=False) as bar:
            task = bar.add_task("", total=None)
            while True:
                share = self.share()
                bar.update(task, total=None if share is None else 1.0, completed=share or 0.0,
                           description=self.text(share), refresh=True)
                if self._ended.wait(INTERVAL_SECONDS):
                    return

    def share(self) -> float | None:
        """The part of the sources that has been read, from 0 to 1, or None where that is not known."""
        rows, size = self._totals
        if rows:
            return _share(self._coverage.rows, rows)
        from gatherum.sources.compression import compression_of_name

        if any(compression_of_name(name) for name in [*self._coverage.sources]):
            return None                                         # what is counted are the bytes after decompression
        return _share(self._coverage.bytes, size) if size else None

    @cached_property
    def _totals(self) -> tuple[int | None, int | None]:
        """The rows and the bytes of all sources together, as far as they are known."""
        known = [source.statistics() for source in self._sources]
        return _total([each.rows for each in known]), _total([each.bytes for each in known])

    def text(self, share: float | None) -> str:
        """What stands beside the bar."""
        percent = "" if share is None else f"{share:.0%}, "
        return f"{percent}{plural(self._coverage.rows, 'row')} read, {time.monotonic() - self._started:.0f} s"


def _total(numbers: list[int | None]) -> int | None:
    return None if None in numbers else sum(number or 0 for number in numbers)


def _share(done: int, whole: int) -> float | None:
    """None where more was read than there is: a source that is read twice."""
    return done / whole if done <= whole else None
