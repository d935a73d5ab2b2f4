"""Parses MongoDB's query language, the argument of $match, into the plan's expressions.

A query is a document. `{field: value}` compares for equality, or searches where the value is a regular expression;
`{field: {$operator: argument, ...}}` applies operators to a field; `$and`, `$or`, `$nor` and `$expr` stand in the
place of a field. All parts of a document must hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatherum.errors import PipelineError, UnsupportedError
from gatherum.frontends.mongo.expressions import NO_NAMES, REFERENCE_FIELDS, Names, parse_expression
from gatherum.frontends.mongo.query_regex import parse_regex
from gatherum.frontends.mongo.unknown import hint
from gatherum.functions.registry import predicates
from gatherum.plan.expressions import (
    ROOT,
    AnyElement,
    Expression,
    Lambda,
    Literal,
    Matches,
    Not,
    Or,
    Path,
    Variable,
    conjunction,
)
from gatherum.records import record
from gatherum.types.truth import truth
from gatherum.types.values import BsonType, Value, bson_type, type_name

BAD_VALUE = 2
ELEMENT = "element"
"""The variable that $elemMatch binds."""

_GEO_CODE = 5626500
_REFUSED = {"$where": BAD_VALUE, "$near": _GEO_CODE, "$nearSphere": _GEO_CODE, "$geoNear": _GEO_CODE}


@record
class _Place:
    """What the query's paths start from; `top` where that is the document itself, so that $expr may be used."""

    of: Expression
    names: Names
    top: bool


@record
class _Field:
    """A field that operators are applied to; an empty path is the value itself."""

    place: _Place
    path: Path

    def matches(self, predicate: str, argument: Value) -> Expression:
        predicates()[predicate].prepare(argument)
        return Matches(self.place.of, self.path, predicate, Literal(argument))


def parse_query(value: Value, names: Names = NO_NAMES) -> Expression:
    """The predicate that a query writes; `names` are the variables that $expr may use.

    >>> parse_query({"a.b": 1})
    Matches(of=Variable(name='ROOT'), path=('a', 'b'), predicate='$eq', argument=Literal(value=1))
    """
    if not isinstance(value, dict):
        raise PipelineError(f"a query must be an object, not {type_name(value)}", BAD_VALUE)
    return _parse_document(value, _Place(Variable(ROOT), names, True))


def _parse_document(query: Mapping[str, Value], place: _Place) -> Expression:
    parts = []
    for name, argument in query.items():
        try:
            part = _parse_entry(name, argument, place)
        except PipelineError as error:
            raise error.within(name or "''") from None
        if part is not None:
            parts.append(part)
    return conjunction(tuple(parts))


def _parse_entry(name: str, argument: Value, place: _Place) -> Expression | None:
    if not name.startswith("$"):
        return _parse_field(_Field(place, tuple(name.split("."))), argument)
    if name in _LOGICAL:
        return _LOGICAL[name](name, argument, place)
    if name in REFERENCE_FIELDS and not place.top:
        return _parse_field(_Field(place, (name,)), argument)
    if name in _known_for_fields():
        raise PipelineError(f"{name} applies to a field: write {{field: {{{name}: ...}}}}", BAD_VALUE)
    if name in _REFUSED:
        raise PipelineError(f"{name} is not allowed in $match", _REFUSED[name])
    raise UnsupportedError(f"unknown top level operator: {name}{hint(name, _LOGICAL)}", BAD_VALUE)


def _parse_field(field: _Field, argument: Value) -> Expression:
    if is_operator_document(argument):
        return _parse_operators(field, argument)
    if bson_type(argument) is BsonType.REGEX:
        return field.matches("$regex", argument)
    return field.matches("$eq", argument)


def is_operator_document(value: Value, *, partial_reference: bool = False) -> bool:
    """True for a document whose first name begins with `$`, unless it is a reference to another document (a DBRef),
    with `partial_reference` also one that lacks some of its fields."""
    if not isinstance(value, dict) or not next(iter(value), "").startswith("$"):
        return False
    if partial_reference:
        return not REFERENCE_FIELDS & value.keys()
    return not ("$ref" in value and "$id" in value)


def _parse_operators(field: _Field, operators: Mapping[str, Value]) -> Expression:
    parts = []
    for name, argument in operators.items():
        if name in _SYNTAX:
            part = _SYNTAX[name](field, argument, operators)
        elif name in predicates():
            part = field.matches(name, argument)
        else:
            raise _no_operator(name)
        if part is not None:
            parts.append(part)
    return conjunction(tuple(parts))


def _no_operator(name: str) -> PipelineError:
    """The error for a name that is no operator of fields."""
    if name in _LOGICAL:
        return PipelineError(f"{name} applies to whole documents: write {{{name}: ...}} around the field", BAD_VALUE)
    if not name.startswith("$"):
        return PipelineError(f"{name!r} is not an operator; a document of operators has no other fields", BAD_VALUE)
    if name in _REFUSED:
        return PipelineError(f"{name} is not allowed in $match", _REFUSED[name])
    return UnsupportedError(f"unknown operator: {name}{hint(name, _known_for_fields())}", BAD_VALUE)


def _known_for_fields() -> list[str]:
    return [*predicates(), *_SYNTAX]


def _and(name: str, argument: Value, place: _Place) -> Expression:
    """True where every query of an array holds. Queries that stand beside one another in a document must all hold
    anyway."""
    return conjunction(_queries(name, argument, place))


def _or(name: str, argument: Value, place: _Place) -> Expression:
    """True where at least one query of an array holds."""
    parts = _queries(name, argument, place)
    return parts[0] if len(parts) == 1 else Or(parts)


def _nor(name: str, argument: Value, place: _Place) -> Expression:
    """True where no query of an array holds."""
    return Not(_or(name, argument, place))


def _queries(name: str, argument: Value, place: _Place) -> tuple[Expression, ...]:
    if not isinstance(argument, list | tuple):
        raise PipelineError(f"{name} argument must be an array, not {type_name(argument)}", BAD_VALUE)
    if not argument:
        raise PipelineError(f"{name} argument must be a nonempty array", BAD_VALUE)
    for item in argument:
        if not isinstance(item, dict):
            raise PipelineError(f"{name} argument's entries must be objects, not {type_name(item)}", BAD_VALUE)
    return tuple(_parse_document(item, place) for item in argument)


def _expr(name: str, argument: Value, place: _Place) -> Expression:
    """True where an expression is: not false, 0, null or missing. Not within $elemMatch."""
    if not place.top:
        raise PipelineError("$expr can only be applied to the top-level document", BAD_VALUE)
    return parse_expression(argument, place.names)


def _comment(name: str, argument: Value, place: _Place) -> None:
    """A comment for people. It may be of any type, and every document matches."""


_LOGICAL: dict[str, Callable[[str, Value, _Place], Expression | None]] = {
    "$and": _and, "$or": _or, "$nor": _nor, "$expr": _expr, "$comment": _comment,
}


def _not(field: _Field, argument: Value, operators: Mapping[str, Value]) -> Expression:
    """True where the operators of a document do not all hold, or where a regular expression is not found. That may be
    so because the field is not there."""
    if bson_type(argument) is BsonType.REGEX:
        return Not(field.matches("$regex", argument))
    if not isinstance(argument, dict):
        raise PipelineError(f"$not needs a regular expression or an object, not {type_name(argument)}", BAD_VALUE)
    if not argument:
        raise PipelineError("$not cannot be empty", BAD_VALUE)
    return Not(_parse_operators(field, argument))


def _in(name: str) -> Callable[[_Field, Value, Mapping[str, Value]], Expression]:
    def parse(field: _Field, argument: Value, operators: Mapping[str, Value]) -> Expression:
        if isinstance(argument, list | tuple) and any(map(is_operator_document, argument)):
            raise PipelineError(f"cannot nest $ under {name}: it takes values", BAD_VALUE)
        return field.matches(name, argument)
    return parse


def _all(field: _Field, argument: Value, operators: Mapping[str, Value]) -> Expression:
    """True where the field is, or holds, every value of an array, or has an element for every $elemMatch in it; never
    for an array of nothing."""
    if not isinstance(argument, list | tuple):
        raise PipelineError(f"$all needs an array, not {type_name(argument)}", BAD_VALUE)
    if not argument:
        return Or(())
    inner = [isinstance(item, dict) and next(iter(item), "") == "$elemMatch" for item in argument]
    if inner[0] and not all(inner):
        raise PipelineError("$all takes either $elemMatch objects only, or values only", BAD_VALUE)
    if inner[0]:
        return conjunction(tuple(_elem_match(field, item["$elemMatch"], item) for item in argument))
    if any(map(is_operator_document, argument)):
        raise PipelineError("no $ expressions in $all: it takes values, or $elemMatch objects only", BAD_VALUE)
    return conjunction(tuple(_parse_field(field, item) for item in argument))


def _elem_match(field: _Field, argument: Value, operators: Mapping[str, Value]) -> Expression:
    """True for an array with an element for which a document holds. Its operators are applied to the element itself;
    a query is asked of elements that are documents or arrays."""
    if not isinstance(argument, dict):
        raise PipelineError(f"$elemMatch needs an object, not {type_name(argument)}", BAD_VALUE)
    place = _Place(Variable(ELEMENT), field.place.names, False)
    first = next(iter(argument), "")
    if is_operator_document(argument, partial_reference=True) and first not in _LOGICAL:
        body = _parse_operators(_Field(place, ()), argument)
    else:
        is_document = _Field(place, ()).matches("$type", ["object", "array"])
        body = conjunction((is_document, _parse_document(argument, place)))
    return AnyElement(field.place.of, field.path, Lambda((ELEMENT,), body))


def _exists(field: _Field, argument: Value, operators: Mapping[str, Value]) -> Expression:
    there = field.matches("$exists", True)
    return there if truth(argument) else Not(there)


def _regex(field: _Field, argument: Value, operators: Mapping[str, Value]) -> Expression:
    return field.matches("$regex", parse_regex(operators))


def _options(field: _Field, argument: Value, operators: Mapping[str, Value]) -> None:
    """The options of the `$regex` beside it. A string of letters: `i` (case does not matter), `m` (`^` and `$` stand at
    every line), `s` (a dot is a line break too), `x` (blanks and comments do not count) and `u` (of no effect)."""
    if "$regex" not in operators:
        raise PipelineError("$options needs a $regex", BAD_VALUE)


_SYNTAX: dict[str, Callable[[_Field, Value, Mapping[str, Value]], Expression | None]] = {
    "$not": _not, "$in": _in("$in"), "$nin": _in("$nin"), "$all": _all, "$elemMatch": _elem_match,
    "$exists": _exists, "$regex": _regex, "$options": _options,
}


@record
class Syntax:
    """An operator that only shapes a query, and is no predicate of values."""

    name: str
    usage: str
    documentation: str


def query_syntax() -> list[Syntax]:
    """The operators of queries beside the `predicates`."""
    whole = [Syntax(name, f"{{{name}: ...}}", parse.__doc__ or "") for name, parse in _LOGICAL.items()]
    return whole + [Syntax(name, f"{{field: {{{name}: ...}}}}", parse.__doc__ or "")
                    for name, parse in _SYNTAX.items() if name not in predicates()]
