"""Arrow's compute functions, most of which come into being when their module is imported, unseen by type checkers."""

from __future__ import annotations

from typing import Any, Final

import pyarrow.compute

compute: Final[Any] = pyarrow.compute
