"""ARCHITECTURE.md speaks of files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = sorted(set(re.findall(r"`([a-z_]+/[\w/]*\.py|[a-z_]+/[\w/]*/)`", (ROOT / "ARCHITECTURE.md").read_text())))


def test_files_are_named():
    assert len(NAMED) > 30


@pytest.mark.parametrize("name", NAMED)
def test_a_named_file_is_there(name):
    assert (ROOT / "gatherum" / name).exists()
