"""Trades of an exchange in its first sessions of the year, in the order of their times.

A tick has `time` (date, strictly increasing), `symbol`, `price` (double, a random walk of its symbol in whole cents
that leaps overnight), `size` (int), `side` and `venue` (strings). The ticks depend on their number and the seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.cli.demo.catalogue import DAY_MS, YEAR_START_MS, words
from gatherum.cli.demo.draws import Draws
from gatherum.kernels.columns.batch import MAX_ROWS, Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import DATE

TICKS_PLACE: Final = 4
SESSIONS: Final = 20
OPEN_MS: Final = 52_200_000                                  # 14:30, in New York 9:30
SESSION_MS: Final = 23_400_000
LEAST_CENTS: Final = 100
SYMBOLS: Final = ("AXON", "BOLT", "CRUX", "DUNE", "ECHO", "FLUX", "GLOW", "HALO", "IRIS", "JADE",
                  "KITE", "LYRA", "MOSS", "NOVA", "ONYX", "PINE", "QUIL", "RUNE", "SAGE", "TIDE")
_SIDES: Final = ("buy", "sell")
_VENUES: Final = ("XONE", "XTWO", "DARK", "AUCT")


def ticks(count: int = 5_000_000, seed: int = 0) -> Iterator[Batch]:
    """The ticks, in batches, a session after the other."""
    first = Draws(seed, TICKS_PLACE)
    level = 4000 + first.below(40_000, len(SYMBOLS))
    step = level // 4000
    for session in range(SESSIONS):
        rows = count * (session + 1) // SESSIONS - count * session // SESSIONS
        draws = Draws(seed, TICKS_PLACE, session)
        level = level + step * (draws.below(121, len(SYMBOLS)) - 60)
        batch, level = _session(session, rows, level, step, draws)
        for start in range(0, rows, MAX_ROWS):
            yield batch.slice(start, MAX_ROWS)


def _session(session: int, rows: int, level: np.ndarray, step: np.ndarray, draws: Draws) -> tuple[Batch, np.ndarray]:
    """The ticks of one session, and where each symbol's walk stands at its end."""
    symbol = draws.skewed(len(SYMBOLS), rows)
    moves = (draws.below(4, rows) + draws.below(4, rows) - 3) * step[symbol]
    walk, level = _walk(symbol, moves, level)
    cents = LEAST_CENTS + abs(walk - LEAST_CENTS)
    return Batch({
        "time": Column(pa.array(_times(session, rows, draws)).cast(DATE)),
        "symbol": Column(words(SYMBOLS, symbol)), "price": Column(pa.array(cents / 100)),
        "size": Column(pa.array(((1 + draws.skewed(40, rows)) * np.where(draws.chance(0.8, rows), 100, 1))
                                .astype(np.int32))),
        "side": Column(words(_SIDES, draws.pick((51, 49), rows))),
        "venue": Column(words(_VENUES, draws.pick((55, 25, 15, 5), rows))),
    }, rows), level


def _walk(symbol: np.ndarray, moves: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each tick's level, where its symbol's walk starts at `level`, and the levels at the end."""
    order = np.argsort(symbol, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(symbol, minlength=len(level)))])
    total = np.concatenate([[0], np.cumsum(moves[order])])
    walk = np.empty_like(moves)
    walk[order] = total[1:] + np.repeat(level - total[ends[:-1]], np.diff(ends))
    return walk, level + total[ends[1:]] - total[ends[:-1]]


def _times(session: int, rows: int, draws: Draws) -> np.ndarray:
    """Increasing milliseconds of a session, each in its share of it; sessions are on weekdays."""
    week, weekday = divmod(session + 3, 5)                   # the year begins on a Wednesday, which is a holiday
    start = YEAR_START_MS + (week * 7 + weekday - 2) * DAY_MS + OPEN_MS
    if not rows:
        return np.empty(0, np.int64)
    return start + np.arange(rows) * SESSION_MS // rows + draws.below(SESSION_MS // rows, rows)
