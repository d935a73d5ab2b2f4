"""What the tests of sources and sinks share."""

import math
from pathlib import Path

import bson

from gatherum.plan.protocols import Coverage, Request
from gatherum.sources.files import open_files

SAMPLES = Path(__file__).parents[2] / "shared" / "data"
"""Data beside the project; tests that read them are skipped where there are none."""


def read(source, **request):
    """All documents of a source."""
    asked = Request(**request)
    return [document for partition in source.partitions(asked) for batch in partition.documents(asked)
            for document in batch]


def read_file(path, coverage=None, **options):
    """All documents of a file."""
    return read(open_files(path, coverage=Coverage() if coverage is None else coverage, **options))


def exact(documents):
    """Bytes that are equal only where values, their types and the order of fields are. All NaN are one."""
    return [bson.encode({"": _one_nan(document)}) for document in documents]


def _one_nan(value):
    if type(value) is dict:
        return {name: _one_nan(item) for name, item in value.items()}
    if type(value) is list:
        return [_one_nan(item) for item in value]
    return math.nan if type(value) is float and math.isnan(value) else value
