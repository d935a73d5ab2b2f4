"""How quickly small things start."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Figure, process_seconds

PIPELINE = '[{$match: {n: {$gt: 10}}}, {$group: {_id: "$k", total: {$sum: "$n"}}}, {$sort: {total: -1}}]'


def figures() -> Iterator[Figure]:
    """The import, and a whole run over 1,000 documents, with an empty kernel cache too."""
    nothing = process_seconds(["-c", "pass"])
    imported = process_seconds(["-c", "import gatherum"])
    yield Figure("import gatherum, beyond Python alone", imported - nothing, "s", 0.08)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "small.ndjson"
        path.write_text("".join(f'{{"k": "key {i % 7}", "n": {i}}}\n' for i in range(1000)))
        command = ["-m", "gatherum.cli.main", "run", PIPELINE, str(path)]
        yield Figure("gatherum run over 1,000 documents", process_seconds(command), "s", 0.3)
        empty = {**os.environ, "GATHERUM_KERNEL_CACHE": str(Path(directory) / "kernels")}
        yield Figure("gatherum run, empty kernel cache", process_seconds(command, environment=empty), "s", 0.3)
