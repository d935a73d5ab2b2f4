"""What the optimizer knows beyond the plan; gathered by whoever asks for the optimization, and immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any

from gatherum.plan.protocols import Statistics
from gatherum.plan.schema import Types
from gatherum.records import record


@record
class Context:
    """`statistics`, `accepts` and `schemas` are by the source's name: what is known of it, which of `fields`, `filter`
    and `limit` it makes use of, and the types of its fields, None where they are not known; a source that is not named
    accepts nothing. `settings` are the query's."""

    statistics: Mapping[str, Statistics] = field(default_factory=dict)
    accepts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    schemas: Mapping[str, Types | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("statistics", "accepts", "settings", "schemas"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def accepted(self, source: str, part: str) -> bool:
        """Whether a source makes use of `fields`, `filter` or `limit`."""
        return part in self.accepts.get(source, ())
