"""What a file's name says of its format."""

from __future__ import annotations

import os
from collections.abc import Iterator


def suffixes_of(path: str) -> Iterator[str]:
    """What may be the suffix of a file's name, in small letters, the longest first.

    >>> list(suffixes_of("data/orders.2024.CSV"))
    ['.2024.csv', '.csv']
    """
    rest = os.path.basename(path).lower()
    while (dot := rest.find(".")) >= 0:
        yield rest[dot:]
        rest = rest[dot + 1:]
