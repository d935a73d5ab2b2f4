"""Expressions as generated Python source, for batches of many rows: a comprehension without a call for each row.

Source says plain fields, constants, arithmetic on doubles, comparisons of numbers and strings, and what joins them.
Each piece checks the types of its values, and calls the closure or the operator's meaning for all others, so that the
results are exactly those of `compile_expression`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, Final

from gatherum.functions.registry import operators
from gatherum.plan.expressions import (
    ROOT,
    And,
    Call,
    Expression,
    Get,
    Literal,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
)
from gatherum.rows.expressions import compile_expression, compile_predicate
from gatherum.rows.scope import Scope
from gatherum.types.truth import truth
from gatherum.types.values import MISSING, Document, Value

OverRows = Callable[[list[Document]], list[Any]]
MOST_LEVELS: Final = 12
_ARITHMETIC: Final = {"$add": "{x} + {y} + 0.0", "$subtract": "{x} - {y}", "$multiply": "{x} * {y}"}
_COMPARISONS: Final = {"$eq": "==", "$ne": "!=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_PREDICATES: Final = {name: _COMPARISONS[name] for name in ("$eq", "$gt", "$gte", "$lt", "$lte")}


def source_of_values(expression: Expression, variables: Mapping[str, Value]) -> OverRows:
    """A function that gives the expression's value for each row."""
    return _adapting(variables, lambda writer: writer.compiled(f"[{writer.value(expression)} for row in rows]"))


def source_of_filter(predicate: Expression, variables: Mapping[str, Value]) -> OverRows:
    """A function that gives the rows for which the predicate is true."""
    return _adapting(variables, lambda writer: writer.compiled(f"[row for row in rows if {writer.test(predicate)}]"))


def source_of_documents(kept: Collection[str] | None, layout: list[str], computed: Sequence[tuple[str, Expression]],
                        variables: Mapping[str, Value], reshape: Callable[[Document], Document]) -> OverRows:
    """A function that gives a document for each row: the fields kept (None: all), then the computed ones.

    `layout` has the names of a typical row, in their order. Where fields are chosen and a row's names are others, and
    where a computed field is missing, `reshape` gives the document.
    """
    def write(writer: _Writer) -> OverRows:
        conditions, fields = [], ["**row"]
        if kept is not None:
            conditions, fields = ["[*row] == layout"], [f"{name!r}: row[{name!r}]" for name in layout if name in kept]
        for name, expression in computed:
            local = writer.local()
            conditions.append(f"({local} := {writer.value(expression)}) is not MISSING")
            fields.append(f"{name!r}: {local}")
        made = f"{{{', '.join(fields)}}} if {' and '.join(conditions or ['True'])} else reshape(row)"
        return writer.compiled(f"[{made} for row in rows]", layout=layout, reshape=reshape)
    return _adapting(variables, write)


def _adapting(variables: Mapping[str, Value], write: Callable[[_Writer], OverRows]) -> OverRows:
    """What is written for rows that have all the fields, until one has not: a subscript is quicker than a call."""
    written = write(_Writer(variables, complete=True))

    def over(rows: list[Document]) -> list[Any]:
        nonlocal written
        try:
            return written(rows)
        except KeyError:
            written = write(_Writer(variables, complete=False))
            return written(rows)
    return over


def _is_boolean(expression: Expression) -> bool:
    if isinstance(expression, Call):
        return expression.function in _COMPARISONS
    return isinstance(expression, And | Or | Not | Matches)


@lru_cache(256)
def _code(source: str) -> CodeType:
    """Compiling costs as much as running over some hundred rows, and the same pipelines come again."""
    return compile(source, "<generated>", "eval")


class _Writer:
    """Writes one comprehension; `names` holds what its source refers to. Where the rows are `complete`, a field that
    is not there is a KeyError."""

    def __init__(self, variables: Mapping[str, Value], *, complete: bool) -> None:
        self.complete = complete
        self.names: dict[str, Any] = {"MISSING": MISSING, "truth": truth}
        self.scope = Scope(variables)
        self.levels = 0
        self.locals = 0

    def compiled(self, source: str, **names: Any) -> OverRows:
        """The function of `rows` that the source is the result of."""
        self.names.update(names, frame=self.scope.frame())
        return eval(_code(f"lambda rows: {source}"), self.names)

    def value(self, expression: Expression) -> str:
        """Source for the expression's value."""
        self.levels += 1
        written = self._value(expression) if self.levels <= MOST_LEVELS else None
        self.levels -= 1
        return written or f"{self._constant(compile_expression(expression, self.scope))}(row, frame)"

    def test(self, expression: Expression) -> str:
        """Source that is true where the expression is: not false, 0, null or missing."""
        self.levels += 1
        written = self._test(expression) if self.levels <= MOST_LEVELS else None
        self.levels -= 1
        return written or f"{self._constant(compile_predicate(expression, self.scope))}(row, frame)"

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def local(self) -> str:
        """The name of one more local variable."""
        self.locals += 1
        return f"v{self.locals}"

    def _value(self, expression: Expression) -> str | None:
        match expression:
            case Literal(value):
                return self._constant(value)
            case Get(Variable(name), (single,)) if name == ROOT:
                return self._field(single)
            case MakeDocument(items) if 0 < len(items) == len(dict(items)):
                return self._document(expression, items)
            case Call("$cond", (Expression() as test, Expression() as then, Expression() as other)):
                return f"({self.value(then)} if {self.test(test)} else {self.value(other)})"
            case Call(function, (Expression() as a, Expression() as b)) if function in _ARITHMETIC:
                return self._arithmetic(_ARITHMETIC[function], function, a, b)
            case Call("$divide", (Expression() as a, Expression() as b)):
                return self._arithmetic("{x} / {y}", "$divide", a, b, " and {y}")
            case Call(function, (Expression() as a, Expression() as b)) if function in _COMPARISONS:
                return self._comparison(_COMPARISONS[function], function, a, b)
        return self._test(expression) if _is_boolean(expression) else None

    def _test(self, expression: Expression) -> str | None:
        match expression:
            case And(parts) if parts:
                return f"({' and '.join(map(self.test, parts))})"
            case Or(parts) if parts:
                return f"({' or '.join(map(self.test, parts))})"
            case Not(part):
                return f"(not {self.test(part)})"
            case Matches(Variable(name), (single,), predicate, Literal(value)) if name == ROOT:
                return self._matches(expression, single, predicate, value)
        if isinstance(expression, And | Or | Matches):
            return None
        written = self._value(expression)
        return written if written is None or _is_boolean(expression) else f"truth({written})"

    def _document(self, expression: MakeDocument, items: tuple[tuple[str, Expression], ...]) -> str:
        """A display of the fields; where one is missing, the closure is called."""
        names = [self.local() for _ in items]
        there = [f"({local} := {self.value(item)}) is not MISSING"
                 for local, (_, item) in zip(names, items, strict=True)]
        fields = [f"{name!r}: {local}" for local, (name, _) in zip(names, items, strict=True)]
        other = f"{self._constant(compile_expression(expression, self.scope))}(row, frame)"
        return f"({{{', '.join(fields)}}} if {' and '.join(there)} else {other})"

    def _arithmetic(self, template: str, function: str, a: Expression, b: Expression, guard: str = "") -> str:
        """On two doubles, or a double and an int, by Python's operator; for the rest the meaning is called."""
        x, y, first, second = self.local(), self.local(), self.local(), self.local()
        quick = template.format(x=x, y=y)
        check = (f"(({first} := type({x} := {self.value(a)})) is float or {first} is int)"
                 f" & (({second} := type({y} := {self.value(b)})) is float or {second} is int)"
                 f" and ({first} is float or {second} is float)")
        return f"({quick} if {check}{guard.format(y=y)} else {self._meaning(function)}({x}, {y}))"

    def _comparison(self, sign: str, function: str, a: Expression, b: Expression) -> str:
        """Of a string with a string, or of a number that is not NaN with one; for the rest the meaning is called."""
        x, y = self.local(), self.local()
        left, right = self.value(a), self.value(b)
        meaning = self._meaning(function)
        if isinstance(b, Literal) and _is_plain(b.value):
            kind = self.local()
            return (f"({x} {sign} {right} if {_same_kind(b.value, kind, x, left)} else {meaning}({x}, {right}))")
        check = f"(type({x} := {left}) is type({y} := {right}))"
        return f"({x} {sign} {y} if {check} and (type({x}) is str or type({x}) is int) else {meaning}({x}, {y}))"

    def _matches(self, expression: Matches, field: str, predicate: str, value: Value) -> str | None:
        """A predicate on one field; for values of other types, arrays among them, the closure is called."""
        x, kind = self.local(), self.local()
        field = self._field(field)
        other = f"{self._constant(compile_predicate(expression, self.scope))}(row, frame)"
        if predicate == "$in" and isinstance(value, list) and all(type(item) is str for item in value):
            return f"({x} in {self._constant(frozenset(value))} if type({x} := {field}) is str else {other})"
        if predicate not in _PREDICATES or not _is_plain(value):
            return None
        check = _same_kind(value, kind, x, field)
        return f"({x} {_PREDICATES[predicate]} {self._constant(value)} if {check} else {other})"

    def _field(self, name: str) -> str:
        return f"row[{name!r}]" if self.complete else f"row.get({name!r}, MISSING)"

    def _meaning(self, function: str) -> str:
        return self._constant(operators()[function].meaning)


def _is_plain(value: Value) -> bool:
    """Whether Python compares values with this one as BSON does, where their types are of the same kind."""
    return type(value) is str or type(value) is int or (type(value) is float and value == value)


def _same_kind(value: Value, kind: str, local: str, source: str) -> str:
    """Source that puts the value of `source` into a local, and is true where it may be compared with `value`."""
    if type(value) is str:
        return f"type({local} := {source}) is str"
    return f"({kind} := type({local} := {source})) is int or ({kind} is float and {local} == {local})"
