"""The index of the generated reference leads to every page and entry."""

import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def build():
    return runpy.run_path(str(DOCS / "build.py"))


def test_there_is_no_page_that_is_not_generated(build):
    assert {path.name for path in (DOCS / "reference").iterdir()} == set(build["PAGES"])


def test_the_index_leads_to_every_page_and_heading(build):
    index = (DOCS / "reference" / "README.md").read_text()
    headings = {f"{name}#{build['anchor'](line.removeprefix('## '))}"
                for name in build["PAGES"] if name != "README.md"
                for line in (DOCS / "reference" / name).read_text().splitlines() if line.startswith("## ")}
    pages = set(build["PAGES"]) - {"README.md"}
    links = re.findall(r"\]\(([^)]+)\)", index)
    assert sorted(links) == sorted(headings | pages)
    assert {"operators.md#abs", "stages.md#addfields", "predicates.md#elemmatch"} <= set(links)
