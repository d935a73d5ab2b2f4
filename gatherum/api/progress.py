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
from typing import Any, Final, Self

from gatherum.plan.protocols import Coverage, Source

DELAY_SECONDS: Final = 1.0
INTERVAL_SECONDS: Final = 0.2


class Progress:
    """Shows how far the reading of sources is, while it is entered as a context; `show` is the setting `progress`.

    It may be hidden and shown again meanwhile: for what is done between the rows, a terminal is not ours.
    """

    def __init__(self, coverage: Coverage, sources: Iterable[Source] = (), show: str = "auto") -> None:
        self._coverage = coverage
        self._sources = list(sources)
        self._wanted = show == "on" or (show == "auto" and sys.stderr.isatty() and os.environ.get("TERM") != "dumb")
        self._started = self._shown_since = time.monotonic()
        self._visible = True
        self._bar: Any = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._started = self._shown_since = time.monotonic()
        if self._wanted:
            self._thread = threading.Thread(target=self._watch, name="gatherum-progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """Takes it off the terminal for good; may be called again."""
        self._ended.set()
        self.hide()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def hide(self) -> None:
        """Takes it off the terminal."""
        if self._thread is not None:
            with self._lock:
                self._visible = False
                if self._bar is not None:
                    self._bar.stop()
                    self._bar = None

    def show(self) -> None:
        """Lets it be shown again, when that lasts."""
        if self._thread is not None and not self._visible:
            self._shown_since = time.monotonic()
            self._visible = True

    def _watch(self) -> None:
        left = DELAY_SECONDS
        while not self._ended.wait(left):
            with self._lock:
                if self._visible and time.monotonic() - self._shown_since >= INTERVAL_SECONDS:
                    self._draw()
            left = INTERVAL_SECONDS

    def _draw(self) -> None:
        if self._bar is None:
            self._bar = _bar()
            self._bar.add_task("", total=None)
            self._bar.start()
        share = self.share()
        self._bar.update(self._bar.task_ids[0], total=None if share is None else 1.0, completed=share or 0.0,
                         description=self.text(share), refresh=True)

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
        rows, total = self._coverage.rows, self._totals[0]
        of_all = f" of {total:,}" if total and rows <= total else ""
        noun = "row" if rows == 1 and not of_all else "rows"
        return f"{percent}{rows:,}{of_all} {noun} read, {time.monotonic() - self._started:.0f} s"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(file=sys.stderr, force_terminal=True)
    columns = BarColumn(bar_width=24), TextColumn("{task.description}", markup=False)
    return Bar(*columns, console=console, transient=True, auto_refresh=False)


def _total(numbers: list[int | None]) -> int | None:
    return None if None in numbers else sum(number or 0 for number in numbers)


def _share(done: int, whole: int) -> float | None:
    """None where more was read than there is: a source that is read twice."""
    return done / whole if done <= whole else None
