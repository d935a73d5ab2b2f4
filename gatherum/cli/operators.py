"""A query's operators as a tree of text, the last one first: what each is, how it was run, and its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final

from gatherum.cli.figures import UNKNOWN, count, duration, share, size
from gatherum.cli.terminal import styled

_FIGURES: Final = ("rows_in", "rows_out", "batches", "seconds", "bytes_held", "bytes_spilled")
_READERS: Final = frozenset({"Scan", "Documents", "Shared"})
"""Operators whose rows come from no other operator: nothing is selected."""
_REPEATING: Final = frozenset({"Lookup"})
"""Operators that may run what they read again and again."""


@dataclass(slots=True)
class Branch:
    """One operator: its line, what is said of it, and the operators that it reads."""

    line: str
    notes: list[str] = field(default_factory=list)
    below: list[Branch] = field(default_factory=list)


def plan_lines(plan: Sequence[str], stream: IO[str]) -> list[str]:
    """A plan, given as its indented lines, as a tree."""
    return [line for root in _planned(plan) for line in _drawn(root, stream)]


def operator_lines(operator: Mapping[str, Any], plan: Sequence[str], engine: str, stream: IO[str]) -> list[str]:
    """What the operators did; `plan` are the lines of the plan that was run, on `engine`."""
    return [*_drawn(_measured(operator, [*plan], engine), stream)]


def _planned(lines: Iterable[str]) -> list[Branch]:
    roots: list[Branch] = []
    path: list[tuple[int, Branch]] = []
    for line in lines:
        text = line.lstrip(" ")
        depth = len(line) - len(text)
        while path and path[-1][0] >= depth:
            path.pop()
        branch = Branch(text)
        (path[-1][1].below if path else roots).append(branch)
        path.append((depth, branch))
    return roots


def _measured(operator: Mapping[str, Any], lines: list[str], engine: str) -> Branch:
    """The tree of what was counted. An operator takes the first line left of the plan that has its name."""
    branch = Branch(_take(operator["name"], lines), _notes(operator, engine))
    inputs = _united(operator["inputs"]) if operator["name"] in _REPEATING else operator["inputs"]
    branch.below = [_measured(each, lines, engine) for each in inputs]
    return branch


def _united(operators: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The runs of a subplan, which may be one for each row, as one operator with their sums."""
    alike: dict[Any, list[Mapping[str, Any]]] = {}
    for number, operator in enumerate(operators):
        own = (number,) if operator["name"] in _READERS else ()
        alike.setdefault((own, _outline(operator)), []).append(operator)
    return [_sum(runs) if len(runs) > 1 else runs[0] for runs in alike.values()]


def _outline(operator: Mapping[str, Any]) -> tuple[Any, ...]:
    return operator["name"], operator["engine"], tuple(map(_outline, operator["inputs"]))


def _sum(runs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    totals = {name: _total([run[name] for run in runs]) for name in _FIGURES}
    inputs = [_sum(several) for several in zip(*(run["inputs"] for run in runs), strict=True)]
    return {**runs[0], **totals, "inputs": inputs, "runs": sum(run.get("runs", 1) for run in runs)}


def _total(numbers: list[Any]) -> Any:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _take(name: str, lines: list[str]) -> str:
    for place, line in enumerate(lines):
        text = line.strip()
        if name in text.split("  ")[0].split(": "):
            del lines[place]
            return text
    return name


def _notes(operator: Mapping[str, Any], engine: str) -> list[str]:
    rows_in, rows_out = operator["rows_in"], operator["rows_out"]
    ran = operator["engine"] or engine
    notes = [f"engine {ran or UNKNOWN}" + (f": {operator['why']}" if operator["why"] else "")]
    if "runs" in operator:
        notes.append(f"ran {count(operator['runs'])} times, together")
    if operator["name"] in _READERS:
        notes.append(f"rows out {count(rows_out)}")
    else:
        notes.append(f"rows in {count(rows_in)}, out {count(rows_out)}; selectivity {share(rows_out, rows_in)} "
                     f"measured, {UNKNOWN} estimated")
    notes.append(f"batches {count(operator['batches'])}; time {duration(operator['seconds'])}; held "
                 f"{size(operator['bytes_held'])}, spilled {size(operator['bytes_spilled'])}")
    return notes + [f"{name}: {_detail(value)}" for name, value in operator["details"].items()]


def _detail(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_detail(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_detail, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _drawn(branch: Branch, stream: IO[str], first: str = "", rest: str = "") -> Iterator[str]:
    yield first + styled(branch.line, "bold", stream)
    bar = "│  " if branch.below else "   "
    for note in branch.notes:
        yield f"{rest}{bar}{styled(note, 'dim', stream)}"
    for place, below in enumerate(branch.below):
        last = place == len(branch.below) - 1
        yield from _drawn(below, stream, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
