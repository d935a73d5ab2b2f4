"""What is taken of Arrow for everyone: its compute functions, most of which come into being when their module is
imported, unseen by type checkers; and its pool of memory."""

from __future__ import annotations

from typing import Any, Final

import pyarrow.compute

compute: Final[Any] = pyarrow.compute


def trim_pool() -> None:
    """Gives the memory that Arrow's pool does not use back to the system."""
    pyarrow.default_memory_pool().release_unused()
