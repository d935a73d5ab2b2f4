"""Parses MongoDB's expression language into the plan's expressions, and checks everything that needs no data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from gatherum.definitions import Definitions
from gatherum.errors import PipelineError, UnsupportedError
from gatherum.frontends.mongo.unknown import hint
from gatherum.functions.registry import nearest, nearest_of_few, operators, predicates
from gatherum.functions.signature import Argument, Signature
from gatherum.plan.expressions import ROOT, Call, Expression, Get, Lambda, Literal, MakeArray, MakeDocument, Variable
from gatherum.records import record
from gatherum.types.values import MISSING, Value, is_string, type_name

SYSTEM_VARIABLES = {"ROOT": Variable(ROOT), "REMOVE": Literal(MISSING), "NOW": Variable("NOW")}
MOST_PATH_NAMES = 200
REFERENCE_FIELDS = frozenset({"$ref", "$id", "$db"})
"""The fields of a reference to another document (a DBRef): the only names of a path that may begin with `$`."""


@record
class Names:
    """The variables that an expression may use: those bound around it, by name, and what $$CURRENT stands for."""

    bound: frozenset[str] = frozenset()
    current: Expression = field(default_factory=lambda: Variable(ROOT))

    def bind(self, *names: str) -> Names:
        """With more variables bound; CURRENT among them changes what field paths start from."""
        current = Variable("CURRENT") if "CURRENT" in names else self.current
        return replace(self, bound=self.bound | set(names), current=current)


NO_NAMES = Names()
Parse = Callable[[Value, Names], Expression]


@record
class Form:
    """The parser of operators whose syntax no `Signature` describes."""

    names: tuple[str, ...]
    parse: Parse

    @property
    def documentation(self) -> str:
        """The parser's docstring."""
        return self.parse.__doc__ or ""


def form(*names: str) -> Callable[[Parse], Form]:
    """Defines the syntax of operators by its parser."""
    return lambda parse: Form(names, parse)


def _form_names(value: Any, module: str) -> Iterable[str]:
    return value.names if isinstance(value, Form) else ()


_FORMS: Definitions[str, Form] = Definitions("gatherum.frontends.mongo.forms", _form_names)


def forms() -> Mapping[str, Form]:
    """The operators with a syntax of their own, by name, found in `forms/`."""
    return _FORMS


def parse_expression(value: Value, names: Names = NO_NAMES) -> Expression:
    """The expression that a BSON value writes.

    >>> parse_expression("$a.b")
    Get(of=Variable(name='ROOT'), path=('a', 'b'))
    """
    if is_string(value) and value.startswith("$"):
        return parse_path(value, names)
    if isinstance(value, dict):
        return _parse_document(value, names)
    if isinstance(value, list | tuple):
        return MakeArray(tuple([parse_expression(item, names) for item in value]))
    return Literal(value)


def parse_path(text: str, names: Names) -> Expression:
    """A field path such as `$a.b`, or a variable such as `$$v.a`."""
    if text == "$":
        raise PipelineError("'$' by itself is not a field path: write '$name', or {$literal: '$'}", 16872)
    if not text.startswith("$$"):
        return Get(names.current, split_path(text[1:]))
    name, dot, rest = text[2:].partition(".")
    base = parse_variable(name, names)
    if dot and not rest:
        raise PipelineError(f"FieldPath must not end with a '.': {text!r}", 40353)
    return Get(base, split_path(rest)) if rest else base


def parse_variable(name: str, names: Names) -> Expression:
    """The variable `$$name`; PipelineError where it is not bound."""
    _check_characters(name)
    if name == "CURRENT":
        return names.current
    if name in names.bound:
        return Variable(name)
    if name in SYSTEM_VARIABLES:
        return SYSTEM_VARIABLES[name]
    raise PipelineError(f"use of undefined variable: {name}{nearest(name, [*names.bound, *SYSTEM_VARIABLES])}", 17276)


def split_path(text: str) -> tuple[str, ...]:
    """The names of a dotted path; PipelineError where it has empty names, a leading `$` or a null byte, or too many."""
    parts = tuple(text.split("."))
    if text == "":
        raise PipelineError("FieldPath cannot be constructed with empty string", 40352)
    if text.endswith("."):
        raise PipelineError(f"FieldPath must not end with a '.': {text!r}", 40353)
    if len(parts) > MOST_PATH_NAMES:
        raise PipelineError(f"FieldPath is too long: it has {len(parts)} names; at most {MOST_PATH_NAMES} are possible",
                            15)
    for part in parts:
        check_field_name(part)
    return parts


def check_field_name(part: str) -> None:
    """PipelineError where one name of a path cannot be one."""
    if not part:
        raise PipelineError("FieldPath field names may not be empty strings", 15998)
    if part.startswith("$") and part not in REFERENCE_FIELDS:
        raise PipelineError(f"FieldPath field names may not start with '$': {part!r}", 16410)
    if "\0" in part:
        raise PipelineError("FieldPath field names may not contain null bytes", 16411)


def check_variable_name(name: Value) -> str:
    """The name, if a user's variable may be called so."""
    if not is_string(name):
        raise PipelineError(f"a variable's name must be a string, not {type_name(name)}")
    _check_characters(name)
    if "A" <= name[0] <= "Z" and name != "CURRENT":
        raise PipelineError(f"'{name}' starts with an invalid character for a user variable name: use a small letter")
    return name


def _check_characters(name: str) -> None:
    """PipelineError where no variable can have the name."""
    if not name:
        raise PipelineError("empty variable names are not allowed")
    if not (name[0].isalpha() or name[0] > "\x7f"):
        raise PipelineError(f"'{name}' starts with an invalid character for a variable name")
    for character in name:
        if not (character.isalnum() or character == "_" or character > "\x7f"):
            raise PipelineError(f"'{name}' contains an invalid character for a variable name: '{character}'")


def _parse_document(value: Mapping[str, Value], names: Names) -> Expression:
    first = next(iter(value), "")
    if first.startswith("$"):
        if len(value) != 1:
            raise PipelineError("an object representing an expression must have exactly one field; this one has "
                                f"{', '.join(value)}", 15983)
        return parse_operator(first, value[first], names)
    items = []
    for name, item in value.items():
        if name.startswith("$"):
            raise PipelineError(f"{name} is not allowed in this context: an operator stands alone in its object", 16410)
        if "." in name:
            raise PipelineError(f"FieldPath field names may not contain '.': {name!r}. Consider using $getField or "
                                "$setField", 16412)
        check_field_name(name)
        try:
            items.append((name, parse_expression(item, names)))
        except PipelineError as error:
            raise error.within(name) from None
    return MakeDocument(tuple(items))


def parse_operator(name: str, argument: Value, names: Names) -> Expression:
    """One operator with its argument."""
    own = forms().get(name)
    try:
        if own is not None:
            return own.parse(argument, names)
        if (found := operators().get(name)) is not None:
            return Call(name, parse_arguments(found.signature, argument, names))
    except PipelineError as error:
        raise error.within(name) from None
    if name in predicates():
        raise PipelineError(f"{name} is an operator of queries, not of expressions", 168)
    raise UnsupportedError(f"unrecognized expression '{name}'{hint(name, [*operators(), *forms()])}", 168)


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
        plural = "" if takes == "1" else "s"
        raise PipelineError(f"takes {takes} argument{plural}; {len(items)} were passed in", signature.codes.count)
    given = tuple([parse_expression(item, names) for item in items])
    return given + (None,) * ((most or 0) - len(given))


def _named(signature: Signature, argument: Value, names: Names) -> tuple[Expression | None, ...]:
    if not isinstance(argument, dict):
        raise PipelineError(f"takes an object as its argument, not {type_name(argument)}", signature.codes.not_object)
    known = {a.name: a for a in signature.arguments}
    for name in argument:
        if name not in known:
            raise PipelineError(f"found an unknown argument: {name}{nearest_of_few(name, known)}",
                                signature.codes.unknown)
    for name, wanted in known.items():
        if wanted.required and name not in argument and not wanted.default:
            raise PipelineError(f"the argument '{name}' is missing", signature.codes.missing_code(name))
    chosen = {a.name: check_variable_name(argument.get(a.name, a.default))
              for a in signature.arguments if a.kind == "name"}
    return tuple([_named_argument(wanted, argument, names, chosen) for wanted in signature.values])


def _named_argument(wanted: Argument, argument: Mapping[str, Value], names: Names,
                    chosen: Mapping[str, str]) -> Expression | None:
    if wanted.name not in argument:
        return None
    value: Any = argument[wanted.name]
    try:
        if wanted.kind == "body":
            bound = tuple(name.format(**chosen) for name in wanted.binds)
            return Lambda(bound, parse_expression(value, names.bind(*bound)))
        return parse_expression(value, names)
    except PipelineError as error:
        raise error.within(wanted.name) from None
