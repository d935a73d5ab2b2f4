"""Writes the demonstration's data to files: the shop as NDJSON, BSON and Parquet, the exchange as Parquet.

The files of one table hold the same documents, exactly. In NDJSON the types that JSON has not are in the wrappers of
Extended JSON; numbers are plain, which keeps their types, for no long of this data fits 32 bits.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO, Final

import bson
import orjson
from bson import Decimal128

from gatherum.cli.demo.catalogue import customer_chunks, customer_count, customers_chunk
from gatherum.cli.demo.shop import orders_chunk, orders_chunks
from gatherum.cli.demo.ticks import ticks
from gatherum.errors import SettingError, SourceError
from gatherum.kernels.columns.batch import Batch
from gatherum.runtime.machine import cpu_limit
from gatherum.sinks.output_file import OutputFile
from gatherum.sinks.parquet_file import open_parquet
from gatherum.types.extended_json import encode
from gatherum.types.values import Document, Value

FORMATS: Final = ("ndjson", "bson", "parquet")
DOCUMENTS_AT_ONCE: Final = 1000
PROCESSES_AT_MOST: Final = 2
"""A process holds about 150 MB, and the demonstration is to be small."""
_JSON_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_APPEND_NEWLINE

Progress = Callable[[str, int], None]
Make = Callable[[int], Batch]
Each = Callable[[Callable[[int], Any], Iterable[int]], Iterator[Any]]


def write_shop(folder: str | os.PathLike[str], orders: int = 1_000_000, seed: int = 0,
               formats: Iterable[str] = FORMATS, processes: int | None = None,
               progress: Progress | None = None) -> list[Path]:
    """Writes `customers` and `orders` in each format; returns the files.

    Encoding is spread over `processes` (default: one for each processor, at most `PROCESSES_AT_MOST`); the bytes are
    the same for any number of them. `progress` is called with a table's name and how many of its rows were written
    last.
    """
    chosen = tuple(formats)
    if unknown := set(chosen) - set(FORMATS):
        raise SettingError(f"the demonstration has no format {min(unknown)!r}; it has {', '.join(FORMATS)}")
    people = customer_count(orders)
    tables = (("customers", partial(customers_chunk, count=people, seed=seed), customer_chunks(people)),
              ("orders", partial(orders_chunk, count=orders, seed=seed), orders_chunks(orders)))
    Path(folder).mkdir(parents=True, exist_ok=True)
    with _workers(min(processes or min(cpu_limit(), PROCESSES_AT_MOST), orders_chunks(orders))) as each:
        return [path for name, make, chunks in tables
                for path in _write_table(Path(folder, name), make, chunks, chosen, each, progress)]


def write_ticks(folder: str | os.PathLike[str], count: int = 5_000_000, seed: int = 0,
                progress: Progress | None = None) -> Path:
    """Writes `ticks.parquet`; returns the file."""
    path = Path(folder, "ticks.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _columns(path) as write:
        for batch in ticks(count, seed):
            write(batch)
            if progress:
                progress("ticks", batch.rows)
    return path


@contextlib.contextmanager
def _workers(processes: int) -> Iterator[Each]:
    """What applies a function to numbers and gives its results in order: `map`, or a map over processes."""
    if processes < 2:
        yield map
        return
    # Started anew, for Arrow's threads do not survive a fork.
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_start_worker) as pool:
        yield partial(_ahead, pool, processes + 2)


def _start_worker() -> None:
    """Documents have no cycles to collect, and an interrupt is for the process that waits for this one."""
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _ahead(pool: Executor, ahead: int, function: Callable[[int], Any], numbers: Iterable[int]) -> Iterator[Any]:
    """The function's results in order. The pool works a few of them ahead, no more, so that they do not pile up."""
    waiting: deque[Future[Any]] = deque()
    for number in numbers:
        waiting.append(pool.submit(function, number))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _write_table(stem: Path, make: Make, chunks: int, formats: tuple[str, ...], each: Each,
                 progress: Progress | None) -> list[Path]:
    paths = {name: stem.with_suffix(f".{name}") for name in formats}
    texts = tuple(name for name in formats if name in _ENCODERS)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(_bytes(paths[name])) for name in texts]
        columns = stack.enter_context(_columns(paths["parquet"])) if "parquet" in paths else None
        encoded = each(partial(_encode, make, texts), range(chunks)) if texts else [()] * chunks
        for number, parts in enumerate(encoded):
            for stream, part in zip(streams, parts, strict=True):
                stream.write(part)
            batch = make(number)
            if columns:
                columns(batch)
            if progress:
                progress(stem.name, batch.rows)
    return list(paths.values())


@contextlib.contextmanager
def _bytes(path: Path) -> Iterator[BinaryIO]:
    """A file that is there once complete, and not at all where writing fails."""
    output = OutputFile(path)
    try:
        yield output.stream
        output.commit()
    except OSError as error:
        output.discard()
        raise SourceError(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:
        output.discard()
        raise


@contextlib.contextmanager
def _columns(path: Path) -> Iterator[Callable[[Batch], None]]:
    """What writes batches to a Parquet file."""
    with _bytes(path) as stream:
        writer = open_parquet(stream, lossy=False)
        yield writer.write_batch
        writer.finish()


def _encode(make: Make, formats: tuple[str, ...], number: int) -> tuple[bytes, ...]:
    """A chunk in each of the formats."""
    batch = make(number)
    parts: dict[str, list[bytes]] = {name: [] for name in formats}
    for start in range(0, batch.rows, DOCUMENTS_AT_ONCE):
        documents = batch.slice(start, DOCUMENTS_AT_ONCE).documents()
        for name in formats:
            parts[name].append(b"".join(map(_ENCODERS[name], documents)))
    return tuple(b"".join(parts[name]) for name in formats)


def _json_line(document: Document) -> bytes:
    return orjson.dumps(document, _wrapped, _JSON_OPTIONS)


def _wrapped(value: Value) -> Any:
    """The wrapper of a value. The types that every order has go around the slower general way."""
    if type(value) is dt.datetime:
        return {"$date": value.isoformat(timespec="milliseconds") + "Z"}
    if type(value) is Decimal128:
        cents = int.from_bytes(value.bid[:8], "little")
        return {"$numberDecimal": f"{cents // 100}.{cents % 100:02}"}
    return encode(value, "relaxed")


_ENCODERS: Final[dict[str, Callable[[Document], bytes]]] = {"ndjson": _json_line, "bson": bson.encode}
