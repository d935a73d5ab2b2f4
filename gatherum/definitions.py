"""Finds the definitions in the modules of a package: a new function, stage, rule or format is a new module, and is
listed nowhere.

What is defined is named in its module's text. So a name is looked for there first, and only the modules that mention
it are imported; whoever wants all definitions has all modules imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

Defines = Callable[[Any, str], Iterable[K]]
"""Takes something that a module holds, and the module's name; gives the names that it defines, none where it is no
definition."""

_SUFFIX: Final = ".py"


@cache
def modules(package: str) -> Mapping[str, Path]:
    """The modules directly below a package, subpackages left out: their files by their names, in the order of names."""
    found = {}
    for directory in import_module(package).__path__:
        for name in os.listdir(directory):
            if name.endswith(_SUFFIX) and not name.startswith("__"):
                found[f"{package}.{name.removesuffix(_SUFFIX)}"] = Path(directory, name)
    return dict(sorted(found.items()))


@cache
def _texts(package: str) -> Mapping[str, str]:
    return {name: path.read_text(encoding="utf-8") for name, path in modules(package).items()}


def quoted(name: object) -> str:
    """How a name is written in a module's text: as a string."""
    return f'"{name}"'


class Definitions(Mapping[K, T], Generic[K, T]):
    """The definitions of a package by name. `word` says what a module's text holds where it defines a name."""

    def __init__(self, package: str, defines: Defines[K], word: Callable[[K], str] = quoted) -> None:
        self._package = package
        self._defines = defines
        self._word = word
        self._found: dict[K, T] = {}
        self._imported: set[str] = set()

    def _import(self, names: Iterable[str]) -> None:
        for module in names:
            if module not in self._imported:
                for value in list(vars(import_module(module)).values()):
                    for name in self._defines(value, module):
                        self._found[name] = value
                self._imported.add(module)

    def _import_all(self) -> None:
        if len(self._imported) < len(modules(self._package)):
            self._import(modules(self._package))

    def __getitem__(self, name: K) -> T:
        if name not in self._found:
            word = self._word(name)
            self._import(module for module, text in _texts(self._package).items() if word in text)
        return self._found[name]

    def __iter__(self) -> Iterator[K]:
        self._import_all()
        return iter(self._found)

    def __len__(self) -> int:
        self._import_all()
        return len(self._found)
