"""Keeps pandas out of the shell's process: pyarrow imports it for the first array that it makes, which takes a quarter
of a second, to know frames that a shell never sees."""

from __future__ import annotations

import sys
from typing import Any


class _Refusal:
    """A finder before all others for which there is no pandas."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """As of every finder: None leaves a module to the others."""
        if name == "pandas":
            raise ModuleNotFoundError("the shell does without pandas", name=name)


def do_without_pandas() -> None:
    """From now on this process has no pandas, unless it was imported before."""
    sys.meta_path.insert(0, _Refusal())
