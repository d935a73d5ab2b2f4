"""Finds definitions in the modules of a package, and imports no more of them than are asked for.

A definition is named in its module's text, so a name is looked for there first, and only the modules that mention it
are imported. Whoever wants all of them has all modules imported.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

Defines = Callable[[Any, str], Iterable[K]]
"""Takes something that a module holds, and the module's name; gives the names that it defines, none where it is no
definition."""


@cache
def module_texts(package: str) -> Mapping[str, str]:
    """The source of every module of a package, by the module's name, in the order of the names."""
    found = importlib.import_module(package)
    texts = {}
    for info in sorted(pkgutil.iter_modules(found.__path__), key=lambda info: info.name):
        path = Path(found.__path__[0]) / f"{info.name}.py"
        texts[f"{package}.{info.name}"] = path.read_text(encoding="utf-8") if path.exists() else ""
    return texts


def members(package: str) -> Iterator[tuple[str, Any]]:
    """Everything that the modules of a package hold, with the module's name."""
    for name in module_texts(package):
        for value in list(vars(importlib.import_module(name)).values()):
            yield name, value


class Definitions(Mapping[K, T], Generic[K, T]):
    """The definitions of a package by name. `word` says how a name is written in a module's text."""

    def __init__(self, package: str, defines: Defines[K], word: Callable[[K], str] = lambda name: f'"{name}"') -> None:
        self._package = package
        self._defines = defines
        self._word = word
        self._found: dict[K, T] = {}
        self._imported: set[str] = set()

    def _import(self, modules: Iterable[str]) -> None:
        for module in modules:
            if module not in self._imported:
                for value in list(vars(importlib.import_module(module)).values()):
                    for name in self._defines(value, module):
                        self._found[name] = value
                self._imported.add(module)

    def _import_all(self) -> None:
        texts = module_texts(self._package)
        if len(self._imported) < len(texts):
            self._import(texts)

    def __getitem__(self, name: K) -> T:
        if name not in self._found:
            word = re.compile(rf"(?<!\w){re.escape(self._word(name))}(?!\w)")
            self._import(module for module, text in module_texts(self._package).items() if word.search(text))
        return self._found[name]

    def __iter__(self) -> Iterator[K]:
        self._import_all()
        return iter(self._found)

    def __len__(self) -> int:
        self._import_all()
        return len(self._found)
