"""The order in which the rules are tried: the only list of them, made of what each rule says it must come after.

The rules are found in `rules/`. Where nothing else is said, a rule that looks at the whole plan comes after those that
look at single nodes, and the rest follow the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from gatherum.definitions import Definitions
from gatherum.errors import InternalError
from gatherum.optimizer.rule import Rule


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, each behind those that it is `after`; InternalError where that cannot be."""
    waiting = sorted(rules, key=lambda rule: (not rule.on, rule.name))
    ordered: list[Rule] = []
    names: set[str] = set()
    while waiting:
        ready = next((rule for rule in waiting if names.issuperset(rule.after)), None)
        if ready is None:
            unmet = "; ".join(f"{rule.name} after {', '.join(sorted(set(rule.after) - names))}" for rule in waiting)
            raise InternalError(f"rules wait for one another, or for rules that do not exist: {unmet}")
        waiting.remove(ready)
        ordered.append(ready)
        names.add(ready.name)
    return tuple(ordered)


def _names(value: Any, module: str) -> Iterable[str]:
    return (value.name,) if isinstance(value, Rule) else ()


_RULES: Definitions[str, Rule] = Definitions("gatherum.optimizer.rules", _names)

ORDER: Final = in_order(_RULES.values())
