"""Runs all benchmarks, or those named: `python -m bench [demo documents …]`."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Final

BENCHMARKS: Final = sorted(path.stem for path in Path(__file__).parent.glob("*.py")
                           if "\ndef figures(" in path.read_text())


def missed(name: str) -> int:
    """Prints the figures of one benchmark; how many miss their bounds."""
    count = 0
    for figure in importlib.import_module(f"bench.{name}").figures():
        print(figure, flush=True)
        count += not figure.holds
    return count


def main(chosen: list[str]) -> int:
    """1 where a bound is missed, 2 where there is no such benchmark. Each of several benchmarks has a process of its
    own: what one leaves in memory makes the next slower. The kernels are compiled first."""
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    if len(chosen) == 1:
        subprocess.run([sys.executable, "-m", "gatherum.kernels.compiler"], check=True)
        count = missed(chosen[0])
        print(f"{chosen[0]}: {count} missed" if count else f"{chosen[0]}: all bounds kept")
        return 1 if count else 0
    failed = [name for name in chosen or BENCHMARKS
              if subprocess.run([sys.executable, "-m", "bench", name], check=False).returncode]
    print(f"bounds missed in {', '.join(failed)}" if failed else "all bounds kept")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
