"""Temporary files: each process has a directory of its own, held by a lock.

Beside the directory lies a lock file of the same name, locked for as long as the process lives. A process that starts
removes the directories whose locks are free: their processes have died.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import io
import os
import shutil
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gatherum.errors import CancelledError, ResourceError, SettingError

OUT_OF_DISK_SPACE = 14031
RESERVE_SHARE = 0.05
MAX_RESERVE = 2**30

_PREFIX = "gatherum-"
_LOCK = ".lock"


class TemporarySpace:
    """The temporary files of one query, below `temp_directory`, which exists. Nothing is made there before the first
    file.

    `disk_limit` bounds what they hold together, None for no bound but the disk's free space, of which a reserve is
    left: a twentieth of the disk, at most 1 GiB. `used` and `peak` are bytes. A context manager; closing it removes
    the files. May be used by several threads.
    """

    def __init__(self, temp_directory: Path, disk_limit: int | None = None) -> None:
        self.used = 0
        self.peak = 0
        self._temp_directory = temp_directory
        self._limit = disk_limit
        self._files: set[TemporaryFile] = set()
        self._closed = False
        self._lock = threading.Lock()

    def create(self, label: str) -> TemporaryFile:
        """A new empty file, whose name begins with `label`; CancelledError where the space has been closed, as for a
        thread that has not noticed yet that its query has ended."""
        if self._limit == 0:
            raise ResourceError("the query needs more memory than its limit, and may not write to disk: raise the "
                                "setting memory_limit, or allow temporary files (allowDiskUse, disk_limit)")
        directory = process_directory(self._temp_directory)
        with self._lock:
            if self._closed:
                raise CancelledError("the query has ended, and writes no more to disk")
            try:
                file = TemporaryFile(directory / f"{label}-{os.urandom(8).hex()}", self)
            except OSError as error:
                raise _failure(error, self._temp_directory) from error
            self._files.add(file)
        return file

    def reserve(self, size: int) -> None:
        """Counts `size` bytes as used; ResourceError where the limit or the disk does not have them."""
        free, reserve = _free_disk(self._temp_directory)
        with self._lock:
            if self._limit is not None and self.used + size > self._limit:
                raise ResourceError(
                    f"temporary files would take {self.used + size:,} bytes, over the query's limit of "
                    f"{self._limit:,}: raise the setting disk_limit, or memory_limit so that less is written",
                    OUT_OF_DISK_SPACE)
            if size > free - reserve:
                raise ResourceError(
                    f"{self._temp_directory} has {free:,} bytes free, of which {reserve:,} must stay free, and a "
                    f"temporary file needs {size:,}: set temp_directory to a larger disk, or raise memory_limit",
                    OUT_OF_DISK_SPACE)
            self.used += size
            self.peak = max(self.peak, self.used)

    def removed(self, file: TemporaryFile, size: int) -> None:
        """Counts a file's bytes as free again, once."""
        with self._lock:
            if file in self._files:
                self._files.remove(file)
                self.used -= size

    def failure(self, error: OSError) -> Exception:
        """What an error of the system means to the user."""
        return _failure(error, self._temp_directory)

    def close(self) -> None:
        """Removes all files; may be called again."""
        with self._lock:
            self._closed = True
            files = list(self._files)
        for file in files:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()


class TemporaryFile(io.FileIO):
    """A binary file, written from its beginning and then read, that is removed when it is closed.

    It may be opened again by its `name`, a path, while it lives. `size` is the bytes written.
    """

    def __init__(self, path: Path, space: TemporarySpace) -> None:
        super().__init__(os.fspath(path), "x+")
        self.path = path
        self.size = 0
        self._space = space
        self._process = os.getpid()

    def write(self, data: Any) -> int:
        """Writes all of `data`; ResourceError, naming the setting, where there is no room for it."""
        with memoryview(data) as whole, whole.cast("B") as view:
            self._space.reserve(view.nbytes)
            self.size += view.nbytes
            written = 0
            while written < view.nbytes:
                with view[written:] as rest:
                    try:
                        written += super().write(rest) or 0
                    except OSError as error:
                        raise self._space.failure(error) from error
            return written

    def close(self) -> None:
        """Removes and closes the file, in this order: what is closed is gone, whichever thread closed it. A forked
        child leaves it to its parent."""
        if self.closed:
            return
        try:
            if self._process == os.getpid():
                self.path.unlink(missing_ok=True)
                self._space.removed(self, self.size)
        finally:
            super().close()


class _ProcessDirectory:
    """The directory of this process below one temporary directory, and the lock that holds it."""

    def __init__(self, root: Path) -> None:
        self._lock = self._path = Path()
        self._descriptor = -1
        while self._descriptor < 0:
            self._path = root / f"{_PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
            self._lock = self._path.with_name(self._path.name + _LOCK)
            self._descriptor = _locked(self._lock, os.O_CREAT | os.O_EXCL, fcntl.LOCK_EX)
        self._path.mkdir(mode=0o700)

    @property
    def path(self) -> Path:
        return self._path

    def remove(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
        self._lock.unlink(missing_ok=True)
        self.let_go()

    def let_go(self) -> None:
        os.close(self._descriptor)


_directories: dict[Path, _ProcessDirectory] = {}
_making = threading.Lock()


def process_directory(temp_directory: Path) -> Path:
    """This process's directory below `temp_directory`: made when first asked for, removed when the process ends.

    Making it removes what dead processes of the same user left there.
    """
    with _making:
        if temp_directory not in _directories:
            try:
                remove_abandoned(temp_directory)
                _directories[temp_directory] = _ProcessDirectory(temp_directory)
            except OSError as error:
                raise _failure(error, temp_directory) from error
        return _directories[temp_directory].path


def remove_abandoned(temp_directory: Path) -> None:
    """Removes the directories of dead processes of this user; those of live ones are locked."""
    for lock in temp_directory.glob(f"{_PREFIX}*{_LOCK}"):
        try:
            descriptor = _locked(lock, 0, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        if descriptor >= 0:
            shutil.rmtree(lock.with_name(lock.name.removesuffix(_LOCK)), ignore_errors=True)
            lock.unlink(missing_ok=True)
            os.close(descriptor)


def _locked(path: Path, flags: int, operation: int) -> int:
    """An open descriptor that locks the file of this user at `path`, or -1 where that has gone meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        opened = os.fstat(descriptor)
        if opened.st_uid == os.getuid() and os.path.samestat(opened, os.stat(path)):
            return descriptor
    except FileNotFoundError:
        pass
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return -1


def _free_disk(path: Path) -> tuple[int, int]:
    """Free bytes of the disk that holds `path`, and how many of them must stay free."""
    try:
        disk = os.statvfs(path)
    except OSError as error:
        raise _failure(error, path) from error
    return disk.f_bavail * disk.f_frsize, min(MAX_RESERVE, int(disk.f_blocks * disk.f_frsize * RESERVE_SHARE))


def _failure(error: OSError, temp_directory: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceError(f"the disk of {temp_directory} is full: set temp_directory to a larger disk, or raise "
                             f"memory_limit so that less is written", OUT_OF_DISK_SPACE)
    return SettingError(f"setting temp_directory: no temporary files can be kept below {temp_directory} ({error}): "
                        f"name a directory that can be written to")


def _at_exit() -> None:
    for directory in _directories.values():
        directory.remove()
    _directories.clear()


def _after_fork() -> None:
    global _making
    _making = threading.Lock()
    for directory in _directories.values():
        directory.let_go()
    _directories.clear()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
