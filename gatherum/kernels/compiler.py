"""Compiled kernels: numba functions with fixed signatures, in a cache of our own.

The cache is a directory named after a hash of everything that the machine code depends on: the sources of all
kernels and functions, and the versions of Python, numba, llvmlite, NumPy and the CPU. Where a kernel is not in it
yet, one helper process of low priority compiles it, and queries go on without it until it is there.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, Final, NamedTuple

COMPLETE: Final = "complete"
GENERATIONS_KEPT: Final = 4
_lock = threading.Lock()
_helpers: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
_loops: dict[str, OverloadLoops | None] = {}


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
        with _lock:
            if self._compiled is None:
                self._compiled = _compile(self.python, self.signature)
        return self._compiled


def kernel(signature: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Marks a function as a kernel of this signature, in numba's notation, for example `int64(int64[::1], int64)`."""
    return lambda python: Kernel(python, signature)


def cache_directory() -> Path:
    """Where this version's machine code lies."""
    configured = os.environ.get("GATHERUM_KERNEL_CACHE")
    base = Path(configured) if configured else \
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatherum" / "kernels"
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
                 llvmlite.binding.get_host_cpu_name(), features):
        digest.update(part.encode() + b"\0")
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _compile(python: Callable[..., Any], signature: Any, version: str = "") -> Any:
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
            return source_key(self.function) + version

        def get_disambiguator(self) -> str:
            return hashlib.blake2b(self.get_source_stamp().encode(), digest_size=6).hexdigest()

        @classmethod
        def from_function(cls, function: Callable[..., Any], source: str) -> Any:
            return cls(function, source)

    class Implementation(FunctionCache._impl_class):  # pyright: ignore[reportGeneralTypeIssues]
        _locator_classes = [Locator]

    class Cache(FunctionCache):
        _impl_class = Implementation

    made: Any = numba.njit(nogil=True, error_model="numpy")(python)
    made._cache = Cache(python)
    made.compile(signature)
    return made


def source_key(function: Callable[..., Any]) -> str:
    """A short hash of a function's code and constants."""
    code = function.__code__
    return hashlib.blake2b(code.co_code + repr((code.co_consts, code.co_names)).encode(), digest_size=8).hexdigest()


def all_kernels() -> Iterator[Kernel]:
    """Every kernel of the package."""
    package = importlib.import_module("gatherum.kernels")
    for info in pkgutil.walk_packages(package.__path__, "gatherum.kernels."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Kernel):
                yield value


def compile_all() -> None:
    """Compiles every kernel into the cache and marks it complete."""
    for each in all_kernels():
        each.load()
    directory = cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / COMPLETE).touch()
    generations = sorted(directory.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in generations[GENERATIONS_KEPT:]:
        _remove(old)


def _remove(directory: Path) -> None:
    import shutil

    shutil.rmtree(directory, ignore_errors=True)


def available(mode: str = "auto") -> bool:
    """True where kernels may be called without compiling; starts the helper where they are not in the cache.

    `mode` is the setting: `auto`; `on` compiles here and now; `off` is never.
    """
    if mode == "off":
        return False
    if _complete():
        return True
    if mode == "on":
        compile_all()
        return True
    _start_helper()
    return False


_seen_complete = False


def _complete() -> bool:
    global _seen_complete
    if not _seen_complete:
        _seen_complete = (cache_directory() / COMPLETE).exists()
    return _seen_complete


def _start_helper(*arguments: str) -> subprocess.Popen[bytes] | None:
    """Starts the helper once for each task; a task that failed is not tried again in this process."""
    with _lock:
        if arguments in _helpers:
            return None
        environment = {**os.environ, "GATHERUM_KERNEL_CACHE": str(cache_directory().parent)}
        _helpers[arguments] = subprocess.Popen(
            [sys.executable, "-m", "gatherum.kernels.compiler", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)
        return _helpers[arguments]


class OverloadLoops(NamedTuple):
    """The compiled loops over an aggregate's typed overloads; None for one that it lacks."""

    update_int64: Callable[..., None] | None
    update_double: Callable[..., None] | None
    merge_states: Callable[..., None] | None


def loops_for(overloads: dict[str, Callable[..., None]], dtype: Any) -> OverloadLoops | None:
    """Compiled loops for overloads over records of `dtype`; None while they are not compiled, or cannot be."""
    digest = hashlib.blake2b(str(dtype).encode(), digest_size=8)
    for name, function in sorted(overloads.items()):
        digest.update(f"{name}:{source_key(function)}".encode())
    key = digest.hexdigest()
    if key not in _loops:
        directory = cache_directory()
        if (directory / f"{key}.failed").exists():
            _loops[key] = None
        elif (directory / f"{key}.done").exists():
            _loops[key] = compile_loops(overloads, dtype)
        else:
            _compile_elsewhere(key, overloads, dtype)
            return None
    return _loops[key]


def _compile_elsewhere(key: str, overloads: dict[str, Callable[..., None]], dtype: Any) -> None:
    from numba import cloudpickle

    directory = cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    task = directory / f"{key}.task"
    if not task.exists():
        aside = directory / f"{key}.{os.getpid()}"
        aside.write_bytes(cloudpickle.dumps(({name: _by_value(f) for name, f in overloads.items()}, dtype)))
        aside.replace(task)
    _start_helper(str(task))


def _by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of a function that is pickled with its code, since the helper may not be able to import its module."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__,
                        function.__closure__)
    copy.__module__ = "__main__"
    return copy


def compile_loops(overloads: dict[str, Callable[..., None]], dtype: Any) -> OverloadLoops:
    """Compiles the loops over typed overloads, or loads them from the cache."""
    import numba
    from numba import types

    record = numba.from_dtype(dtype)
    records, slots, valid = types.Array(record, 1, "C"), types.int32[::1], types.uint8[::1]
    values = {"update_int64": types.int64[::1], "update_double": types.float64[::1], "merge_states": records}
    made = {}
    for name, function in overloads.items():
        inner = numba.njit(function)
        python = _loop(_MERGE_LOOP if name == "merge_states" else _UPDATE_LOOP, inner)
        arguments = (records, slots, values[name]) if name == "merge_states" else (records, slots, values[name], valid)
        made[name] = _compile(python, arguments, source_key(function) + str(dtype))
    return OverloadLoops(made.get("update_int64"), made.get("update_double"), made.get("merge_states"))


_UPDATE_LOOP: Final = """
def loop(states, slots, values, valid):
    checked = valid.shape[0] > 0
    for i in range(values.shape[0]):
        if not checked or valid[i]:
            inner(states[slots[i]], values[i])
"""
_MERGE_LOOP: Final = """
def loop(states, slots, others):
    for i in range(others.shape[0]):
        inner(states[slots[i]], others[i])
"""


def _loop(source: str, inner: Any) -> Callable[..., None]:
    """A loop that calls `inner`; not a closure, because numba's cache cannot tell closures over functions apart."""
    namespace: dict[str, Any] = {"inner": inner, "__name__": __name__}
    exec(source, namespace)
    return namespace["loop"]


def _run_task(task: Path) -> None:
    """The helper's work for typed overloads: leaves a mark of how it ended."""
    from numba import cloudpickle

    try:
        compile_loops(*cloudpickle.loads(task.read_bytes()))
    except Exception as error:
        task.with_suffix(".failed").write_text(str(error))
    else:
        task.with_suffix(".done").touch()


def main(arguments: list[str]) -> None:
    """The helper process: compiles everything, or one task, at low priority."""
    os.nice(10)
    module = importlib.import_module("gatherum.kernels.compiler")
    if arguments:
        module._run_task(Path(arguments[0]))
    else:
        module.compile_all()


if __name__ == "__main__":
    main(sys.argv[1:])
