"""What the shell says of stages, aggregates, operators and predicates: read from their definitions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Final

from gatherum.frontends.mongo.expressions import forms
from gatherum.frontends.mongo.query import query_syntax
from gatherum.frontends.mongo.stage import Stage, stages
from gatherum.functions.aggregate import Aggregate
from gatherum.functions.operator import Operator
from gatherum.functions.predicate import Predicate
from gatherum.functions.registry import aggregates, operators, predicates
from gatherum.functions.signature import Argument, Signature
from gatherum.plan.render import value_text
from gatherum.records import record

KINDS: Final = ("stage", "aggregate", "operator", "predicate")
_SENTENCE: Final = re.compile(r"(.+?\.)(?:\s|$)", re.DOTALL)


@record
class Entry:
    """One definition: what kind it is, how it is written, and its examples, a line each."""

    kind: str
    name: str
    documentation: str
    usage: tuple[str, ...]
    examples: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The first sentence of the documentation, on one line."""
        text = " ".join(self.documentation.partition("\n\n")[0].split())
        found = _SENTENCE.match(text)
        return (found[1] if found else text).removesuffix(".")


def entries() -> list[Entry]:
    """Everything that a pipeline may name, kind by kind, in the order of names."""
    found = [*(_stage(name, stage) for name, stage in stages().items()),
             *(_aggregate(aggregate) for aggregate in aggregates().values()), *_operators(),
             *(_predicate(predicate) for predicate in predicates().values()),
             *(_entry("predicate", each.name, each.documentation, [each.usage], []) for each in query_syntax())]
    return sorted(found, key=lambda entry: (KINDS.index(entry.kind), entry.name))


def _entry(kind: str, name: str, documentation: str | None, usage: Iterable[str], examples: Iterable[str]) -> Entry:
    return Entry(kind, name, inspect.cleandoc(documentation or ""), tuple(usage), tuple(examples))


def _stage(name: str, stage: Stage) -> Entry:
    examples = [f"{{{name}: {value_text(argument)}}} makes {value_text(given)} into {value_text(made)}"
                for given, argument, made in stage.examples]
    return _entry("stage", name, stage.documentation, [f"{{{name}: ...}}"], examples)


def _aggregate(aggregate: type[Aggregate]) -> Entry:
    argument = "{}" if aggregate.accepts_nothing else "<expression>"
    examples = [f"of {value_text(values)} is {value_text(answer)}" for values, answer in aggregate.examples]
    note = f"\n\nApproximate: {aggregate.approximate}." if aggregate.approximate else ""
    return _entry("aggregate", aggregate.name, inspect.cleandoc(aggregate.__doc__ or "") + note,
                  [] if aggregate.internal else [f"{{{aggregate.name}: {argument}}}"], examples)


def _operators() -> Iterator[Entry]:
    """Those of the registry, and those that are only a syntax."""
    for name, operator in operators().items():
        yield _operator(name, operator)
    for name, form in forms().items():
        if name not in operators():
            yield _entry("operator", name, form.documentation, [f"{{{name}: ...}}"], [])


def _operator(name: str, operator: Operator) -> Entry:
    examples = [f"{value_text(expression)} is {value_text(value)}" for expression, value in operator.examples]
    form = forms().get(name)
    usage = [f"{{{name}: ...}}: {_paragraph(form.documentation)}"] if form else \
        [f"{{{name}: {text}}}" for text in arguments(operator.signature)]
    return _entry("operator", name, operator.documentation, usage, examples)


def _predicate(predicate: Predicate) -> Entry:
    examples = [f"{{field: {{{predicate.name}: {value_text(argument)}}}}} {'matches' if holds else 'does not match'} "
                f"{value_text(value)}" for value, argument, holds in predicate.examples]
    return _entry("predicate", predicate.name, predicate.documentation,
                  [f"{{field: {{{predicate.name}: <value>}}}}"], examples)


def _paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())


def arguments(signature: Signature) -> list[str]:
    """How the arguments may be written; a `?` marks one that may be left out.

    >>> from gatherum.functions.signature import named, positional
    >>> arguments(positional("number", "place?")), arguments(named("date", "timezone?"))
    (['[<number>, <place>?]'], ['{date: <...>, timezone: <...>?}'])
    """
    if signature.form == "either":
        return [text for alternative in signature.alternatives for text in arguments(alternative)]
    if signature.form == "variadic":
        return ["[<value>, ...]"]
    if signature.form == "named":
        return [f"{{{', '.join(f'{each.name}: <...>{_optional(each)}' for each in signature.arguments)}}}"]
    names = [f"<{each.name}>{_optional(each)}" for each in signature.arguments]
    return names if len(names) == 1 else [f"[{', '.join(names)}]"]


def _optional(argument: Argument) -> str:
    return "" if argument.required and not argument.default else "?"


def find(name: str, known: list[Entry]) -> list[Entry]:
    """The definitions of a name, with or without its `$`."""
    wanted = name if name.startswith("$") else f"${name}"
    return [entry for entry in known if entry.name.lower() == wanted.lower()]
