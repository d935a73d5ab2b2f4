"""Compiled loops over the typed overloads of aggregates: functions of a user's own, compiled by the helper process."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final, NamedTuple

from gatherum.kernels.compiler import (
    asked,
    cache_directory,
    code_key,
    compiled,
    failure,
    start_helper,
    summary,
    write_failure,
)
from gatherum.kernels.generations import alone

Overloads = dict[str, Callable[..., None]]


class OverloadLoops(NamedTuple):
    """The compiled loops over an aggregate's typed overloads; None for one that it lacks."""

    update_int64: Callable[..., None] | None
    update_double: Callable[..., None] | None
    merge_states: Callable[..., None] | None


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


def loops_for(overloads: Overloads, dtype: Any) -> OverloadLoops | str:
    """Compiled loops for overloads over records of `dtype`, or why there are none: they are being compiled by the
    helper, or cannot be compiled. They are compiled here and now where the mode `on` has been asked for."""
    stamps = {name: f"{name} {fingerprint(function)} {dtype}" for name, function in overloads.items()}
    directory = cache_directory()
    key = hashlib.blake2b("\0".join(sorted(stamps.values())).encode(), digest_size=8).hexdigest()
    if (directory, key) not in _loops:
        task = Task(directory / f"{key}.task", overloads, dtype, stamps)
        failed = failure(f"{key}.failed")
        if failed:
            _loops[directory, key] = failed
        elif getattr(asked, "mode", "auto") == "on" or task.path.with_suffix(".done").exists():
            _loops[directory, key] = task.run()
        else:
            task.send()
            return "its overloads are being compiled"
    return _loops[directory, key]


_loops: dict[tuple[Path, str], OverloadLoops | str] = {}


class Task(NamedTuple):
    """Overloads to be compiled: the file by which the helper gets them, and for each the stamp that stands for it."""

    path: Path
    overloads: Overloads
    dtype: Any
    stamps: dict[str, str]

    def run(self) -> OverloadLoops | str:
        """Compiles the loops, or loads them from the cache; leaves a mark of how it ended."""
        with alone(self.path.parent, self.path.stem):
            try:
                loops = compile_loops(self.overloads, self.dtype, self.stamps)
            except Exception as error:
                with suppress(OSError):
                    write_failure(self.path.with_suffix(".failed"), error)
                return f"the compiler failed: {summary(error)}"
            with suppress(OSError):
                self.path.with_suffix(".done").touch()
            return loops

    def send(self) -> None:
        """Has the helper run the task."""
        from numba import cloudpickle

        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_suffix(f".{os.getpid()}")
            overloads = {name: _by_value(function) for name, function in self.overloads.items()}
            aside.write_bytes(cloudpickle.dumps((overloads, self.dtype, self.stamps)))
            aside.replace(self.path)
        start_helper(str(self.path))


def run_task(path: Path) -> None:
    """The helper's work."""
    from numba import cloudpickle

    Task(path, *cloudpickle.loads(path.read_bytes())).run()


def fingerprint(function: Callable[..., Any]) -> str:
    """A hash of a function's code and of the globals and closure values that it names, which numba takes as constants;
    of functions among them, their own fingerprints."""
    digest = hashlib.blake2b(digest_size=8)
    _describe(function, digest, set())
    return digest.hexdigest()


def _describe(value: Any, digest: Any, seen: set[int]) -> None:
    value = getattr(value, "py_func", value)                # of a function that numba has compiled
    if not isinstance(value, FunctionType):
        text = f"module {value.__name__}" if isinstance(value, ModuleType) else f"{type(value).__qualname__} {value!r}"
        digest.update(text.encode() + (value.tobytes() if hasattr(value, "tobytes") else b"") + b"\0")
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    digest.update(code_key(value.__code__).encode())
    for name in value.__code__.co_names:
        if name in value.__globals__:
            digest.update(name.encode() + b"=")
            _describe(value.__globals__[name], digest, seen)
    for cell in value.__closure__ or ():
        _describe(cell.cell_contents, digest, seen)


def compile_loops(overloads: Overloads, dtype: Any, stamps: dict[str, str]) -> OverloadLoops:
    """Compiles the loops over typed overloads, or loads them from the cache."""
    import numba
    from numba import types

    record = numba.from_dtype(dtype)
    records, slots, valid = types.Array(record, 1, "C"), types.int32[::1], types.uint8[::1]
    values = {"update_int64": types.int64[::1], "update_double": types.float64[::1], "merge_states": records}
    made = {}
    for name, function in overloads.items():
        python = _loop(_MERGE_LOOP if name == "merge_states" else _UPDATE_LOOP, numba.njit(function))
        arguments = (records, slots, values[name]) if name == "merge_states" else (records, slots, values[name], valid)
        made[name] = compiled(python, arguments, stamps[name])
    return OverloadLoops(made.get("update_int64"), made.get("update_double"), made.get("merge_states"))


def _loop(source: str, inner: Any) -> Callable[..., None]:
    """A loop that calls `inner`; not a closure, because numba's cache cannot tell closures over functions apart."""
    namespace: dict[str, Any] = {"inner": inner, "__name__": __name__}
    exec(source, namespace)
    return namespace["loop"]


def _by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of a function that is pickled with its code, since the helper may not be able to import its module."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__,
                        function.__closure__)
    copy.__module__ = "__main__"
    return copy
