"""Runs all benchmarks, or those named: `python -m bench [startup documents group_by demo]`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import bench


def main(chosen: list[str]) -> int:
    """Prints each figure; 1 where a bound is missed."""
    missed = 0
    for info in pkgutil.iter_modules(bench.__path__):
        module = importlib.import_module(f"bench.{info.name}") if info.name != "__main__" else None
        if not hasattr(module, "figures") or (chosen and info.name not in chosen):
            continue
        for figure in module.figures():  # pyright: ignore[reportOptionalMemberAccess]
            print(figure, flush=True)
            missed += not figure.holds
    print(f"{missed} missed" if missed else "all bounds kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
