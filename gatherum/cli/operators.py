"""Operators as a tree of text, the last one first: aligned figures for each, and below them what is said of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final

from gatherum.cli.figures import UNKNOWN, count, duration, ratio, size
from gatherum.cli.terminal import styled

WIDTH: Final = 98
_READERS: Final = frozenset({"Scan", "Documents", "Shared"})
"""Operators whose rows come from no other operator: nothing is selected."""
_HEADINGS: Final = ("engine", "rows in", "rows out", "selects", "expected", "batches", "time", "held", "spilled")
_PLANNED: Final = ("rows expected", "selects")

Operators = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Branch:
    """One operator: its name, its figures, what is said of it, and the branches below it."""

    name: str
    figures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    below: list[Branch] = field(default_factory=list)


def plan_lines(plan: Sequence[str], stream: IO[str]) -> list[str]:
    """A plan, given as its indented lines, as a tree."""
    roots: list[Branch] = []
    path: list[tuple[int, Branch]] = []
    for line in plan:
        text = line.lstrip(" ")
        depth = len(line) - len(text)
        while path and path[-1][0] >= depth:
            path.pop()
        branch = Branch(text)
        (path[-1][1].below if path else roots).append(branch)
        path.append((depth, branch))
    return [line for root in roots for line in _wrapped_plan(root, stream)]


def _wrapped_plan(root: Branch, stream: IO[str]) -> Iterator[str]:
    for branch, first, rest in _drawn(root):
        pieces = _wrapped(branch.name, WIDTH - len(rest), "    ")
        yield first + styled(pieces[0], "bold", stream)
        yield from (rest + _bar(branch) + piece for piece in pieces[1:])


def estimate_lines(operators: Operators, stream: IO[str]) -> list[str]:
    """Operators that have not been run, with the rows that the statistics of the sources promise."""
    return _table(_tree(operators, _promised), _PLANNED, stream)


def operator_lines(operators: Operators, engine: str | None, stream: IO[str]) -> list[str]:
    """Operators that ran as part of a query that `engine` was chosen for, with all their figures."""
    return _table(_tree(operators, lambda operator: _measured(operator, engine)), _HEADINGS, stream)


def _tree(operators: Operators, describe: Any) -> Branch | None:
    branches = [describe(operator) for operator in operators]
    for branch, operator in zip(branches, operators, strict=True):
        for name, place in operator["subplans"].items():
            branches[place].name = f"{name}: {branches[place].name}"
        branch.below = [branches[place] for place in (*operator["inputs"], *operator["subplans"].values())]
    return branches[0] if branches else None


def _promised(operator: Mapping[str, Any]) -> Branch:
    reads = operator["name"] in _READERS
    return Branch(operator["name"], [count(operator["rows_estimated"]),
                                     "" if reads else ratio(operator["selectivity_estimated"])], [_what(operator)])


def _measured(operator: Mapping[str, Any], engine: str | None) -> Branch:
    reads = operator["name"] in _READERS
    shares = [""] * 2 if reads else [ratio(operator["selectivity"]), ratio(operator["selectivity_estimated"])]
    return Branch(operator["name"], [
        operator["engine"] or UNKNOWN, "" if reads else count(operator["rows_in"]), count(operator["rows_out"]),
        *shares, count(operator["batches"]),
        duration(operator["seconds"]), _kept(operator, "bytes_held"), _kept(operator, "bytes_spilled")],
        [_what(operator), *_notes(operator, engine)])


def _kept(operator: Mapping[str, Any], name: str) -> str:
    """An operator that ran and did not say what it held passes rows on, and keeps nothing."""
    return "-" if operator[name] is None and operator["seconds"] is not None else size(operator[name])


def _what(operator: Mapping[str, Any]) -> str:
    return operator["operator"].removeprefix(operator["name"]).strip()


def _notes(operator: Mapping[str, Any], engine: str | None) -> Iterator[str]:
    if operator["engine"] != engine and operator["why"]:
        yield f"{operator['engine']}: {operator['why']}"
    details = dict(operator["details"])
    expressions = details.pop("expressions", {})
    kernels = [text for text, filled in expressions.items() if not filled]
    if kernels:
        yield f"kernels: {'; '.join(kernels)}"
    for text, filled in expressions.items():
        if filled:
            yield f"by meaning: {text} ({', '.join(f'{name} for {count(rows)} rows' for name, rows in filled.items())})"
    for name, value in details.items():
        yield f"{name}: {_detail(value)}"


def _detail(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_detail(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_detail, value))
    return count(value) if value is None or (isinstance(value, int) and not isinstance(value, bool)) else str(value)


def _table(root: Branch | None, headings: Sequence[str], stream: IO[str]) -> list[str]:
    if root is None:
        return []
    drawn = list(_drawn(root))
    tree = max(len(first) + len(branch.name) for branch, first, _ in drawn)
    widths = [max(len(heading), *(len(branch.figures[i]) for branch, _, _ in drawn))
              for i, heading in enumerate(headings)]
    lines = [styled(" " * tree + _aligned(headings, widths), "dim", stream)]
    for branch, first, rest in drawn:
        name = styled(branch.name, "bold", stream) + " " * (tree - len(first) - len(branch.name))
        lines.append((first + name + _aligned(branch.figures, widths)).rstrip())
        for note in filter(None, branch.notes):
            for piece in _wrapped(note, WIDTH - len(rest) - 5, "  "):
                lines.append(f"{rest}{_bar(branch)}  {styled(piece, 'dim', stream)}")
    return lines


def _aligned(figures: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {figure:>{width}}" for figure, width in zip(figures, widths, strict=True))


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, max(width, 40), subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False) or [""]


def _bar(branch: Branch) -> str:
    return "│  " if branch.below else "   "


def _drawn(root: Branch) -> Iterator[tuple[Branch, str, str]]:
    """Every branch, with what stands before its first line and before those below it.

    What a branch reads stands below it at the same depth where it is all that it reads: pipelines are long chains.
    """
    left = [(root, "", "")]
    while left:
        branch, first, rest = left.pop()
        yield branch, first, rest
        last = len(branch.below) - 1
        if not last:
            left.append((branch.below[0], rest, rest))
            continue
        left += [(below, rest + ("└─ " if place == last else "├─ "), rest + ("   " if place == last else "│  "))
                 for place, below in reversed([*enumerate(branch.below)])]
