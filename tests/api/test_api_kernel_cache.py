"""The setting `kernel_cache`, as a keyword."""

from pathlib import Path
from types import SimpleNamespace

import pytest

import gatherum as gm
from gatherum.kernels import compiler


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """No kernel to compile, and a helper that has ended without a result."""
    monkeypatch.setattr(compiler, "_base", None)
    monkeypatch.setattr(compiler, "all_kernels", lambda: iter(()))
    monkeypatch.setattr(compiler, "_helpers", {(): SimpleNamespace(poll=lambda: 1)})


def test_compiled_kernels_are_kept_where_the_keyword_says(tmp_path):
    found = gm.aggregate([{"a": 1}], [{"$group": {"_id": "$a", "n": {"$sum": 1}}}], engine="columnar", kernels="on",
                         kernel_cache=tmp_path / "kernels").to_list()
    assert found == [{"_id": 1, "n": 1}]
    assert [path.name for path in (tmp_path / "kernels").iterdir()] == [compiler.version_key()]
    assert (compiler.cache_directory() / compiler.COMPLETE).exists()


def test_without_it_the_environment_decides(tmp_path, monkeypatch):
    monkeypatch.setenv("GATHERUM_KERNEL_CACHE", str(tmp_path / "other"))
    assert compiler.cache_directory().parent == Path(tmp_path / "other")
