"""Runs the conformance cases of the first part of the language, and holds the outcome to what was reached before.

The cases lie outside the project; where they are not there, this says so and passes. `reached.json` holds the least
that each engine must reach; it is raised by hand when more passes, never lowered.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
CASES = PROJECT.parent / "shared" / "conformance"


def outcomes(engine: str) -> Counter[str]:
    """How the cases ended on an engine, counted by kind and outcome."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "results.jsonl"
        subprocess.run(
            [sys.executable, str(CASES / "run_case.py"), "--adapter", str(HERE / "adapter.py"),
             str(CASES / "cases.jsonl.gz"), "-j", "2", "--types", "strict", "--only", str(CASES / "first.txt"),
             "--out", str(out)],
            check=True, env={**os.environ, "GATHERUM_ENGINE": engine}, stdout=subprocess.DEVNULL)
        results = [json.loads(line) for line in out.read_text().splitlines()]
    return Counter(f"{result['kind']} {result['outcome']}" for result in results)


def check(engine: str, wanted: dict[str, dict[str, int]]) -> list[str]:
    """What of the outcome is worse than wanted."""
    found = outcomes(engine)
    print(f"conformance on {engine}: {dict(sorted(found.items()))}")
    short = [f"{engine}: {found[name]} {name}, at least {least} wanted" for name, least in wanted["least"].items()
             if found[name] < least]
    over = [f"{engine}: {found[name]} {name}, at most {most} allowed" for name, most in wanted["most"].items()
            if found[name] > most]
    return short + over


def main() -> int:
    """The exit code: 0 where every engine reaches what it must."""
    if not CASES.is_dir():
        print(f"left out: the conformance cases, which are not at {CASES}")
        return 0
    reached = json.loads((HERE / "reached.json").read_text())
    problems = [problem for engine, wanted in reached.items() for problem in check(engine, wanted)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
