"""What the machine, or the container around this process, allows: processors and memory.

Numbers come from the process's control groups (version 1 and 2) and from /proc. On a system that has neither, the
processors are those that Python counts, and numbers of memory are None. The control groups' limits are read once.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_limit(proc: Path = PROC) -> int:
    """How many threads can run at once: the processors this process may use, bounded by its control groups' quota."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min([processors, *_cpu_quotas(proc)])))


@cache
def _cpu_quotas(proc: Path) -> list[float]:
    return [quota for directory in _control_groups("cpu", proc) if (quota := _cpu_quota(directory)) is not None]


def memory_limit(proc: Path = PROC) -> int | None:
    """Bytes this process can use: the least of its control groups' limits and the memory that the machine has left."""
    available = re.search(r"^MemAvailable:\s+(\d+) kB", _text(proc / "meminfo"), re.MULTILINE)
    return min([*_memory_limits(proc), *([int(available[1]) * 1024] if available else [])], default=None)


@cache
def _memory_limits(proc: Path) -> list[int]:
    return [limit for directory in _control_groups("memory", proc)
            for name in ("memory.max", "memory.high", "memory.limit_in_bytes")
            if (limit := _number(directory / name)) is not None]


def anonymous_resident() -> int | None:
    """Bytes of this process in memory that are not pages of files (nor shared memory); None where it is not known.

    Takes about 10 microseconds.
    """
    try:
        with open("/proc/self/statm", "rb", buffering=0) as statm:
            _, resident, shared, *_ = statm.read().split()
    except OSError:
        return None
    return (int(resident) - int(shared)) * _PAGE


def _control_groups(controller: str, proc: Path) -> Iterator[Path]:
    """The directories of the control groups that bound this process, from its own one outwards."""
    paths = {}
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    for line in _text(proc / "self" / "mountinfo").splitlines():
        place, _, kind = line.partition(" - ")
        root, mount = place.split(" ")[3:5]
        file_system, _, options = kind.split(" ", 2)
        if file_system == "cgroup" and controller in options.split(","):
            path = paths.get(controller, "/")
        elif file_system == "cgroup2":
            path = paths.get("", "/")
        else:
            continue
        yield from _outwards(Path(_unescaped(mount)), _unescaped(root), path)


def _outwards(mount: Path, root: str, path: str) -> Iterator[Path]:
    # Within a container the path may be told as the host sees it, while the mount shows only the container's part.
    inside = path.removeprefix(root.rstrip("/")) if path.startswith(root) else "/"
    parts = [] if ".." in inside.split("/") else [part for part in inside.split("/") if part]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def _cpu_quota(directory: Path) -> float | None:
    quota, _, period = _text(directory / "cpu.max").strip().partition(" ")
    if not quota:
        quota = _text(directory / "cpu.cfs_quota_us").strip()
        period = _text(directory / "cpu.cfs_period_us").strip()
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
