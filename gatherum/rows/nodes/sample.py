"""Sample: rows drawn by a seeded hash of their ordinals, so that the same rows are drawn every time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from gatherum.plan.nodes import Sample
from gatherum.rows.interpreter import Run, interprets
from gatherum.types.canonical import MASK, hash_of_words
from gatherum.types.values import Document


@interprets(Sample)
def sample(node: Sample, run: Run) -> Iterator[list[Document]]:
    """The rows with the smallest hashes, in the order of these."""
    rows = [row for batch in run.batches(node.input) for row in batch]
    run.holds(node, rows)
    seed = node.seed & MASK
    chosen = heapq.nsmallest(node.count, range(len(rows)), key=lambda ordinal: hash_of_words([seed, ordinal]))
    yield [rows[ordinal] for ordinal in chosen]
