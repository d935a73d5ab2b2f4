"""The README's tour runs, and shows what it says."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
FILES = re.compile(r"<!-- tour: file (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
SHELL = re.compile(r"<!-- tour: shell -->\n```console\n(.*?)```", re.DOTALL)


def prepare(directory):
    for name, content in FILES.findall(README.read_text()):
        (directory / name).write_text(content)


def test_python(tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    failures, tried = doctest.testfile(str(README), module_relative=False,
                                       optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried > 5
    assert failures == 0


def test_shell(tmp_path):
    prepare(tmp_path)
    blocks = SHELL.findall(README.read_text())
    assert len(blocks) >= 3
    for block in blocks:
        command, _, shown = block.partition("\n")
        arguments = shlex.split(command.removeprefix("$ gatherum "))
        ran = subprocess.run([sys.executable, "-m", "gatherum.cli.main", *arguments], cwd=tmp_path, text=True,
                             capture_output=True, check=True, env={**os.environ, "COLUMNS": "100"})
        assert (ran.stdout + ran.stderr).strip() == shown.strip()
