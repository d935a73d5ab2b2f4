"""Directories of machine code, one for each version of all that it depends on: written by one process at a time, and
forgotten when they are old."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

COMPLETE: Final = "complete"
"""The file that marks a directory with everything in it; its time is that of the last use."""
KEPT: Final = 4
RECENT: Final = 24 * 3600
"""What was used within so many seconds is kept in any case."""


@contextmanager
def alone(directory: Path, name: str) -> Iterator[None]:
    """Holds other processes off while they ask for the same name, if the directory can be written."""
    with ExitStack() as stack:
        with suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open(directory / f"{name}.lock", "w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def forget_old_generations(base: Path) -> None:
    """Removes the directories of other versions, except the latest few and those in use."""
    used = {path: _last_use(path) for path in base.iterdir() if path.is_dir()}
    for old in sorted(used, key=used.__getitem__, reverse=True)[KEPT:]:
        if used[old] < time.time() - RECENT:
            shutil.rmtree(old, ignore_errors=True)


def _last_use(directory: Path) -> float:
    marks = (directory, directory / COMPLETE)
    return max((mark.stat().st_mtime for mark in marks if mark.exists()), default=0.0)
