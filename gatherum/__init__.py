"""gatherum: an aggregation engine. MongoDB pipelines over files, frames and documents, in your own process.

>>> import gatherum as gm
>>> gm.aggregate([{"a": 1}, {"a": 2}], [{"$group": {"_id": None, "total": {"$sum": "$a"}}}]).to_list()
[{'_id': None, 'total': 3}]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatherum import errors
    from gatherum.api.collection import Collection
    from gatherum.api.cursor import Cursor
    from gatherum.api.database import Database, aggregate, connect
    from gatherum.api.result import Result
    from gatherum.functions.aggregate import Aggregate, AggregateState, Ranked, Wide
    from gatherum.functions.registry import register
    from gatherum.types.values import MISSING, Value

__version__ = "0.1.0"

_HOMES = {"aggregate": "api.database", "connect": "api.database", "Database": "api.database",
          "Collection": "api.collection", "Cursor": "api.cursor", "Result": "api.result",
          "Aggregate": "functions.aggregate", "AggregateState": "functions.aggregate",
          "Ranked": "functions.aggregate", "Wide": "functions.aggregate", "Value": "types.values",
          "register": "functions.registry", "MISSING": "types.values"}

__all__ = ["MISSING", "Aggregate", "AggregateState", "Collection", "Cursor", "Database", "Ranked", "Result", "Value",
           "Wide", "aggregate", "connect", "errors", "register"]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used, so that `import gatherum` stays quick."""
    if name == "errors":
        return import_module("gatherum.errors")
    if name in _HOMES:
        return getattr(import_module(f"gatherum.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gatherum' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
