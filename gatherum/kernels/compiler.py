"""Compiled kernels: numba functions with fixed signatures, in a cache of our own.

The cache is a directory named after a hash of everything that the machine code depends on: the sources of all kernels,
and the versions of Python, numba, llvmlite, NumPy and the CPU. Where a kernel is not in it yet, one helper process of
low priority compiles it, and queries go on without it until it is there.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Final

from gatherum.kernels.generations import COMPLETE, alone, forget_old_generations
from gatherum.runtime.cancel import TICK, interrupts_deferred
from gatherum.runtime.settings import Settings

FAILED: Final = "failed"
_lock = threading.Lock()
_helpers: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
_base: Path | None = None
_complete_seen: set[Path] = set()
asked: Final = threading.local()
"""`mode`: the one that this thread has last asked for kernels with."""


def _digest_of_sources() -> str:
    """A hash of all that kernels are made of: their own sources, and the types' for the constants."""
    package, digest = Path(__file__).parent, hashlib.blake2b(digest_size=16)
    for folder in (package, package.parent / "types"):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(package.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


_sources: Final = _digest_of_sources()
"""As they were when this process began to import them: machine code of others must not be kept under this name."""


class Kernel:
    """A function that numba compiles for its one signature; called, it loads its machine code, or compiles it."""

    __slots__ = ("_compiled", "python", "signature")

    def __init__(self, python: Callable[..., Any], signature: str) -> None:
        self.python = python
        self.signature = signature
        self._compiled: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """Runs the machine code."""
        return (self._compiled or self.load())(*arguments)

    def load(self) -> Any:
        """The machine code, from the cache where it is there."""
        with _lock, interrupts_deferred():                      # what LLVM calls back swallows them
            if self._compiled is None:
                self._compiled = compiled(self.python, self.signature, code_key(self.python.__code__))
        return self._compiled


def kernel(signature: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Marks a function as a kernel of this signature, in numba's notation, for example `int64(int64[::1], int64)`."""
    return lambda python: Kernel(python, signature)


def use_cache(directory: Path) -> None:
    """Keeps machine code below this directory from now on: the setting `kernel_cache`."""
    global _base
    _base = directory


def cache_directory() -> Path:
    """Where this version's machine code lies."""
    if _base is None:
        use_cache(Settings.resolve().kernel_cache)
    assert _base is not None
    return _directory_in(_base)


@cache
def _directory_in(base: Path) -> Path:
    return base / version_key()


@cache
def version_key() -> str:
    """A hash of all that the machine code depends on."""
    import llvmlite
    import llvmlite.binding
    import numba
    import numpy as np

    digest = hashlib.blake2b(digest_size=12)
    features = ",".join(sorted(f for f, on in llvmlite.binding.get_host_cpu_features().items() if on))
    for part in (sys.version, numba.__version__, llvmlite.__version__, np.__version__,
                 llvmlite.binding.get_host_cpu_name(), features, _sources):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def compiled(python: Callable[..., Any], signature: Any, stamp: str) -> Any:
    """The machine code of a function for one signature, through the cache; `stamp` stands for what it is made of."""
    import numba
    from numba.core.caching import FunctionCache

    class Locator:
        """Puts the files of every kernel into our directory; the directory's name stands for their version."""

        def __init__(self, function: Callable[..., Any], source: str) -> None:
            self.function = function

        def ensure_cache_path(self) -> None:
            cache_directory().mkdir(parents=True, exist_ok=True)

        def get_cache_path(self) -> str:
            return str(cache_directory())

        def get_source_stamp(self) -> str:
            return stamp

        def get_disambiguator(self) -> str:
            return hashlib.blake2b(stamp.encode(), digest_size=6).hexdigest()

        @classmethod
        def from_function(cls, function: Callable[..., Any], source: str) -> Any:
            return cls(function, source)

    class Implementation(FunctionCache._impl_class):  # pyright: ignore[reportGeneralTypeIssues]
        _locator_classes = [Locator]

    class Cache(FunctionCache):
        _impl_class = Implementation

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            with suppress(OSError):
                return super().load_overload(sig, target_context)

        def save_overload(self, sig: Any, data: Any) -> None:
            with suppress(OSError):                         # where nothing can be written, it serves this process
                if _digest_of_sources() == _sources:
                    super().save_overload(sig, data)

    made: Any = numba.njit(nogil=True, error_model="numpy")(python)
    made._cache = Cache(python)
    made.compile(signature)
    return made


def code_key(code: CodeType) -> str:
    """A short hash of a function's code and constants."""
    digest = hashlib.blake2b(code.co_code + repr(code.co_names).encode(), digest_size=8)
    for constant in code.co_consts:
        digest.update((code_key(constant) if isinstance(constant, CodeType) else repr(constant)).encode() + b"\0")
    return digest.hexdigest()


def all_kernels() -> Iterator[Kernel]:
    """Every kernel of the package."""
    package = importlib.import_module("gatherum.kernels")
    for info in pkgutil.walk_packages(package.__path__, "gatherum.kernels."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Kernel):
                yield value


def compile_all() -> None:
    """Compiles every kernel into the cache and marks it complete, unless another process does: then waits for it."""
    directory = cache_directory()
    with alone(directory, "all"):
        if (directory / COMPLETE).exists():
            return
        for each in all_kernels():
            each.load()
        with suppress(OSError):
            if _digest_of_sources() == _sources:
                (directory / COMPLETE).touch()
                (directory / FAILED).unlink(missing_ok=True)
            forget_old_generations(directory.parent)


def available(mode: str = "auto", check: Callable[[], None] = lambda: None) -> bool:
    """True where kernels may be called without compiling; starts the helper where they are not in the cache.

    `mode` is the setting: `auto`; `on` waits for the helper, while `check` may raise; `off` is never.
    """
    asked.mode = mode
    if mode == "off":
        return False
    if _is_complete():
        return True
    start_helper()
    if mode == "on":
        _wait_for_helper(check)
        if not _is_complete():
            compile_all()                                   # where the helper could not keep them
            _complete_seen.add(cache_directory())
        return True
    return False


def _wait_for_helper(check: Callable[[], None]) -> None:
    """Waits until the helper has ended. A compilation of our own would not be interrupted at once by Ctrl-C."""
    helper = _helpers[()]
    while helper.poll() is None:
        check()
        time.sleep(TICK)


def _is_complete() -> bool:
    directory = cache_directory()
    if directory in _complete_seen:
        return True
    if not (directory / COMPLETE).exists():
        return False
    with suppress(OSError):                                 # where others wrote it for us to read
        os.utime(directory / COMPLETE)                      # the time of its last use
    _complete_seen.add(directory)
    return True


def obstacle() -> str:
    """Why kernels are not available now; "" where they are."""
    if _is_complete():
        return ""
    helper = _helpers.get(())
    if helper is not None and helper.poll() is not None:
        return failure(FAILED) or f"the compiler ended with code {helper.poll()}: can {cache_directory()} be written?"
    return "the kernels are being compiled"


def failure(name: str) -> str:
    """What `write_failure` has left under this name; "" where there is nothing."""
    try:
        return f"the compiler failed: {(cache_directory() / name).read_text().splitlines()[0]}"
    except OSError:
        return ""


def write_failure(path: Path, error: Exception) -> None:
    """Writes down why something could not be compiled: a line, and then everything."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{summary(error)}\n\n{''.join(traceback.format_exception(error))}")


def summary(error: Exception) -> str:
    """An error in one line: of numba's long ones, the first that says something."""
    lines = [line.strip(" -") for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Failed in nopython", "\x1b"))]
    return f"{type(error).__name__}: {telling[0] if telling else error}"[:200]


def start_helper(*arguments: str) -> None:
    """Starts the helper, once for each task; a task that failed is not tried again in this process."""
    with _lock:
        if arguments in _helpers:
            _helpers[arguments].poll()
            return
        paths = [str(Path(__file__).parents[2]), *(path or os.getcwd() for path in sys.path)]
        environment = {**os.environ, "GATHERUM_KERNEL_CACHE": str(cache_directory().parent),
                       "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
        _helpers[arguments] = subprocess.Popen(
            [sys.executable, "-P", "-m", "gatherum.kernels.compiler", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)


def main(arguments: list[str]) -> None:
    """The helper process: compiles everything, or the overloads of one task, at low priority."""
    os.nice(10)
    module = importlib.import_module("gatherum.kernels.compiler")   # not this one, whose name is __main__
    if arguments:
        importlib.import_module("gatherum.kernels.overloads").run_task(Path(arguments[0]))
        return
    module.cache_directory().mkdir(parents=True, exist_ok=True)     # to no purpose where nothing can be written
    try:
        module.compile_all()
    except Exception as error:
        module.write_failure(module.cache_directory() / FAILED, error)
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
