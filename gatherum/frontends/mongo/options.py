"""Checks of the options that a stage's argument holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gatherum.errors import PipelineError
from gatherum.functions.registry import nearest_of_few


def check_options(given: Iterable[str], known: Sequence[str], code: int) -> None:
    """PipelineError, with the nearest known name or all, where an option is not among the known ones."""
    for name in given:
        if name not in known:
            raise PipelineError(f"unrecognized option '{name}'{nearest_of_few(name, known)}", code)
