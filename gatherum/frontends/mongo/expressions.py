"""Parses MongoDB's expression language into the plan's expressions, and checks everything that needs no data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from gatherum.errors import PipelineError, UnsupportedError
from gatherum.functions.registry import members, nearest, operators
from gatherum.functions.signature import Argument, Signature
from gatherum.plan.expressions import ROOT, Call, Expression, Get, Lambda, Literal, MakeArray, MakeDocument, Variable
from gatherum.types.values import MISSING, Value, type_name

SYSTEM_VARIABLES = {"ROOT": Variable(ROOT), "REMOVE": Literal(MISSING), "NOW": Variable("NOW"),
                    "DESCEND": Literal("descend"), "PRUNE": Literal("prune"), "KEEP": Literal("keep")}


@dataclass(frozen=True, slots=True)
class Names:
    """The variables that an expression may use: those bound around it, by name, and what $$CURRENT stands for."""

    bound: frozenset[str] = frozenset()
    current: Expression = Variable(ROOT)

    def bind(self, *names: str) -> Names:
        """With more variables bound; CURRENT among them changes what field paths start from."""
        current = Variable("CURRENT") if "CURRENT" in names else self.current
        return replace(self, bound=self.bound | set(names), current=current)


Form = Callable[[Value, Names], Expression]


@cache
def forms() -> Mapping[str, Form]:
    """The operators with a syntax of their own, by name: `FORMS` of each module below `forms/`."""
    found: dict[str, Form] = {}
    for _, value in members("gatherum.frontends.mongo.forms"):
        if isinstance(value, _Form):
            found.update(dict.fromkeys(value.names, value.parse))
    return found


@dataclass(frozen=True, slots=True)
class _Form:
    names: tuple[str, ...]
    parse: Form


def form(*names: str) -> Callable[[Form], _Form]:
    """Marks the parser of an operator whose syntax no `Signature` describes."""
    return lambda parse: _Form(names, parse)


def parse_expression(value: Value, names: Names = Names()) -> Expression:  # noqa: B008
    """The expression that a BSON value writes.

    >>> parse_expression("$a.b")
    Get(of=Variable(name='ROOT'), path=('a', 'b'))
    """
    if isinstance(value, str) and value.startswith("$"):
        return parse_path(value, names)
    if isinstance(value, dict):
        return _parse_document(value, names)
    if isinstance(value, list | tuple):
        return MakeArray(tuple(parse_expression(item, names) for item in value))
    return Literal(value)


def parse_path(text: str, names: Names) -> Expression:
    """A field path such as `$a.b`, or a variable such as `$$v.a`."""
    if not text.startswith("$$"):
        return Get(names.current, split_path(text[1:]))
    name, *rest = text[2:].split(".")
    base = parse_variable(name, names)
    return Get(base, split_path(".".join(rest))) if rest else base


def parse_variable(name: str, names: Names) -> Expression:
    """The variable `$$name`; PipelineError where it is not bound."""
    if not name:
        raise PipelineError("empty variable names are not allowed", 16869)
    if name == "CURRENT":
        return names.current
    if name in names.bound:
        return Variable(name)
    if name in SYSTEM_VARIABLES:
        return SYSTEM_VARIABLES[name]
    raise PipelineError(f"use of undefined variable: {name}{nearest(name, [*names.bound, *SYSTEM_VARIABLES])}", 17276)


def split_path(text: str) -> tuple[str, ...]:
    """The names of a dotted path; PipelineError where it has empty names, a leading `$` or a null byte."""
    parts = tuple(text.split("."))
    if text == "":
        raise PipelineError("FieldPath cannot be constructed with empty string", 40352)
    if text.endswith("."):
        raise PipelineError(f"FieldPath must not end with a '.': {text!r}", 40353)
    for part in parts:
        check_field_name(part)
    return parts


def check_field_name(part: str) -> None:
    """PipelineError where one name of a path cannot be one."""
    if not part:
        raise PipelineError("FieldPath field names may not be empty strings", 15998)
    if part.startswith("$"):
        raise PipelineError(f"FieldPath field names may not start with '$': {part!r}", 16410)
    if "\0" in part:
        raise PipelineError("FieldPath field names may not contain null bytes", 16411)


def check_variable_name(name: Value) -> str:
    """The name, if a user's variable may be called so."""
    if not isinstance(name, str):
        raise PipelineError(f"a variable's name must be a string, not {type_name(name)}", 16866)
    if not name:
        raise PipelineError("empty variable names are not allowed", 16866)
    if name != "CURRENT":
        if not ("a" <= name[0] <= "z" or ord(name[0]) > 127):
            raise PipelineError(f"'{name}' starts with an invalid character for a user variable name", 16867)
        for character in name:
            if not (character.isascii() and (character.isalnum() or character == "_") or ord(character) > 127):
                raise PipelineError(f"'{name}' contains an invalid character for a variable name: "
                                    f"'{character}'", 16868)
    return name


def _parse_document(value: Mapping[str, Value], names: Names) -> Expression:
    first = next(iter(value), "")
    if first.startswith("$"):
        if len(value) != 1:
            raise PipelineError("an object representing an expression must have exactly one field; this one has "
                                f"{', '.join(value)}", 15983)
        return parse_operator(first, value[first], names)
    return MakeDocument(parse_fields(value, names))


def parse_fields(value: Mapping[str, Value], names: Names) -> tuple[tuple[str, Expression], ...]:
    """The fields of a document of expressions."""
    items = []
    for name, item in value.items():
        if name.startswith("$"):
            raise PipelineError(f"{name} is not allowed in this context: an operator must be alone in its object", 16410)
        if "." in name:
            raise PipelineError(f"FieldPath field names may not contain '.': {name!r}. Consider using $getField or "
                                "$setField", 16412)
        if "\0" in name:
            raise PipelineError("FieldPath field names may not contain null bytes", 16411)
        items.append((name, _within(name, lambda item=item: parse_expression(item, names))))
    return tuple(items)


def _within(place: str, parse: Callable[[], Expression]) -> Expression:
    try:
        return parse()
    except PipelineError as error:
        raise error.within(place) from None


def parse_operator(name: str, argument: Value, names: Names) -> Expression:
    """One operator with its argument."""
    own = forms().get(name)
    if own is not None:
        return _within(name, lambda: own(argument, names))
    found = operators().get(name)
    if found is None:
        known = [*operators(), *forms()]
        raise UnsupportedError(f"unrecognized expression '{name}'{nearest(name, known)}", 168)
    return _within(name, lambda: Call(name, parse_arguments(found.signature, argument, names)))


def parse_arguments(signature: Signature, argument: Value, names: Names) -> tuple[Expression | None, ...]:
    """The arguments of a call, in the signature's order; None for one that was left out."""
    if signature.form == "either":
        plain, document = signature.alternatives
        by_name = isinstance(argument, dict) and not next(iter(argument), "").startswith("$")
        if by_name:
            return parse_arguments(document, argument, names)
        given = parse_arguments(plain, argument, names)
        return given + (None,) * (len(document.values) - len(given))
    if signature.form == "named":
        return _named(signature, argument, names)
    items = list(argument) if isinstance(argument, list | tuple) else [argument]
    most = signature.maximum
    if len(items) < signature.minimum or (most is not None and len(items) > most):
        takes = str(most) if most == signature.minimum else f"at least {signature.minimum}" if most is None else \
            f"{signature.minimum} to {most}"
        raise PipelineError(f"takes {takes} arguments; {len(items)} were passed in", 16020)
    given = tuple(parse_expression(item, names) for item in items)
    return given + (None,) * ((most or 0) - len(given))


def _named(signature: Signature, argument: Value, names: Names) -> tuple[Expression | None, ...]:
    if not isinstance(argument, dict):
        raise PipelineError(f"takes an object as its argument, not {type_name(argument)}", 9)
    known = {a.name: a for a in signature.arguments}
    for name in argument:
        if name not in known:
            raise PipelineError(f"found an unknown argument: {name}{nearest(name, known)}", 9)
    for name, wanted in known.items():
        if wanted.required and name not in argument and not wanted.default:
            raise PipelineError(f"the argument '{name}' is missing", 9)
    chosen = {a.name: check_variable_name(argument.get(a.name, a.default))
              for a in signature.arguments if a.kind == "name"}
    return tuple(_named_argument(wanted, argument, names, chosen) for wanted in signature.values)


def _named_argument(wanted: Argument, argument: Mapping[str, Value], names: Names,
                    chosen: Mapping[str, str]) -> Expression | None:
    if wanted.name not in argument:
        return None
    value: Any = argument[wanted.name]
    if wanted.kind == "body":
        bound = tuple(name.format(**chosen) for name in wanted.binds)
        return Lambda(bound, _within(wanted.name, lambda: parse_expression(value, names.bind(*bound))))
    return _within(wanted.name, lambda: parse_expression(value, names))
