"""Checks of the options that a stage's argument holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from bson import Code

from gatherum.errors import PipelineError
from gatherum.functions.registry import nearest
from gatherum.types.values import Value


def check_options(given: Iterable[str], known: Sequence[str], code: int) -> None:
    """PipelineError, with the nearest known name, where an option is not among the known ones."""
    for name in given:
        if name not in known:
            raise PipelineError(f"unrecognized option '{name}'{nearest(name, known)}", code)


def is_string(value: Value) -> TypeGuard[str]:
    """Whether the value is a BSON string: JavaScript code is not, though bson's class for it is a Python string."""
    return isinstance(value, str) and not isinstance(value, Code)
