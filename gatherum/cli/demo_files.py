"""The demonstration's files: generated once for each size, and known again by what lies beside them."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from gatherum.cli import demo
from gatherum.cli.terminal import say

SEED: Final = 0
_MANIFEST: Final = "demo.json"


def demo_files(directory: Path, rows: int, ticks: int, progress: str) -> list[Path]:
    """The files with so many orders and ticks, generated unless they are there."""
    asked = {"orders": rows, "ticks": ticks, "seed": SEED, "generator": _generator()}
    files = _complete(directory, asked)
    if files is None:
        say(f"generating {rows:,} orders and {ticks:,} ticks in {directory}")
        files = _generate(directory, rows, ticks, progress)
        sizes = {path.name: path.stat().st_size for path in files}
        directory.joinpath(_MANIFEST).write_bytes(orjson.dumps({**asked, "files": sizes}))
    return files


def _generator() -> str:
    """Changes with the code that generates."""
    code = b"".join(path.read_bytes() for path in sorted(Path(demo.__path__[0]).glob("*.py")))
    return hashlib.sha256(code).hexdigest()


def _complete(directory: Path, asked: dict[str, Any]) -> list[Path] | None:
    """The files that were generated for just this, if all are there in their full size."""
    try:
        found = orjson.loads(directory.joinpath(_MANIFEST).read_bytes())
        files = {directory / name: size for name, size in found.pop("files").items()}
        whole = found == asked and all(path.stat().st_size == size for path, size in files.items())
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    return [*files] if whole else None


def _generate(directory: Path, rows: int, ticks: int, progress: str) -> list[Path]:
    from gatherum.cli.demo.files import write_shop, write_ticks

    directory.joinpath(_MANIFEST).unlink(missing_ok=True)
    with _shown({"orders": rows, "ticks": ticks}, progress) as note:
        return [*write_shop(directory, rows, SEED, progress=note),
                write_ticks(directory, ticks, SEED, progress=note)]


@contextmanager
def _shown(totals: dict[str, int], progress: str) -> Iterator[Any]:
    """Takes the names of tables and their rows as they are written, and shows how far each is."""
    if progress == "off" or (progress == "auto" and not sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, force_terminal=True), transient=True) as bars:
        tasks = {name: bars.add_task(name, total=total) for name, total in totals.items()}

        def note(table: str, rows: int) -> None:
            if table in tasks:
                bars.update(tasks[table], advance=rows)
        yield note
