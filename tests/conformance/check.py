"""Runs the conformance cases of the first part of the language on every engine, and holds the outcome to what is asked.

The cases lie outside the project; where they are not there, this says so and passes. `reached.json` has the runs: their
settings, the least and the most that each must keep to (raised by hand when more passes, never lowered), and the run
whose outcome it must share in every case. `disputed.json` has the cases whose outcome contradicts MongoDB's
documentation or cases that were asserted against its server, with the reasons; one that passes no longer belongs there.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
CASES = PROJECT.parent / "shared" / "conformance"
VALUES_PASSED = 0.99
ERRORS_PASSED = 0.97
VALUES_WRONG = 0.003
SECONDS = 30

Outcomes = dict[str, dict[str, Any]]
"""How each case ended, by its id."""


def run(settings: dict[str, Any]) -> Outcomes:
    """The outcomes under some settings."""
    variables = {f"GATHERUM_{name.upper()}": str(value) for name, value in settings.items()}
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "results.jsonl"
        subprocess.run(
            [sys.executable, str(CASES / "run_case.py"), "--adapter", str(HERE / "adapter.py"),
             str(CASES / "cases.jsonl.gz"), "-j", "2", "--types", "strict", "--only", str(CASES / "first.txt"),
             "--timeout", str(SECONDS), "--out", str(out)],
            check=True, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
        results = [json.loads(line) for line in out.read_text().splitlines()]
    return {result.pop("id"): {name: value for name, value in result.items() if name != "ms"} for result in results}


def counted(outcomes: Outcomes) -> Counter[str]:
    """The number of cases by kind and outcome."""
    return Counter(f"{each['kind']} {each['outcome']}" for each in outcomes.values())


def differences(outcomes: Outcomes, others: Outcomes) -> list[str]:
    """The cases that two runs do not agree on."""
    return [f"{case}: {outcome}, not {others[case]}"[:500] for case, outcome in outcomes.items()
            if outcome != others[case]]


def beyond(found: Counter[str], least: dict[str, int], most: dict[str, int]) -> list[str]:
    """Where the counts are less or more than they may be."""
    short = [f"{found[name]} {name}, at least {count} wanted" for name, count in least.items() if found[name] < count]
    over = [f"{found[name]} {name}, at most {count} allowed" for name, count in most.items() if found[name] > count]
    return short + over


def below_demands(outcomes: Outcomes, disputed: set[str]) -> list[str]:
    """What is asked of the whole language and not reached; disputed cases count as not passed, but not as wrong."""
    found = counted(outcomes)
    values = sum(count for name, count in found.items() if name.startswith("value "))
    errors = found.total() - values
    wrong = sum(each["outcome"] == "wrong" for case, each in outcomes.items() if case not in disputed)
    print(f"  value cases passed: {found['value pass'] / values:.2%}, cases that must raise: "
          f"{found['error pass'] / errors:.2%}; wrong: {found['value wrong']}, of them not disputed: {wrong}")
    problems = [f"{case} is disputed, but passes: take it out of disputed.json" for case in sorted(disputed)
                if outcomes[case]["outcome"] == "pass"]
    problems += [f"{found[f'{kind} pass']} of {count} {kind} cases passed, {share:.0%} wanted"
                 for kind, count, share in (("value", values, VALUES_PASSED), ("error", errors, ERRORS_PASSED))
                 if found[f"{kind} pass"] < share * count]
    if wrong > VALUES_WRONG * values:
        problems.append(f"{wrong} of {values} value cases are wrong and not disputed, {VALUES_WRONG:.1%} allowed")
    return problems


def main() -> int:
    """The exit code: 0 where every run reaches what it must."""
    if not CASES.is_dir():
        print(f"left out: the conformance cases, which are not at {CASES}")
        return 0
    reached = json.loads((HERE / "reached.json").read_text())
    disputed = {case for entry in json.loads((HERE / "disputed.json").read_text()) for case in entry["cases"]}
    runs: dict[str, Outcomes] = {}
    problems: list[str] = []
    for name, wanted in reached.items():
        outcomes = runs[name] = run(wanted["settings"])
        print(f"conformance, {name}: {dict(sorted(counted(outcomes).items()))}", flush=True)
        found = beyond(counted(outcomes), wanted.get("least", {}), wanted.get("most", {}))
        if wanted.get("whole_language"):
            found += below_demands(outcomes, disputed)
        if "same_as" in wanted:
            found += differences(outcomes, runs[wanted["same_as"]])
        problems += [f"{name}: {problem}" for problem in found]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
