"""Columnar forms of expression operators, found by the operator's name in the modules of `kernels/functions`.

A *form* takes its arguments as columns or constants and gives the column of results, or None where it does not serve
these types: then the operator's meaning fills the column, value by value. A form never raises for a value: where one
may be an error it returns None, and the meaning raises it.

    @form("$add")
    def add(arguments, rows):
        ...

At least one argument of a form is a column. Variant columns need not be served: where a form leaves them, it is asked
again for the rows of each type among them; dictionaries are replaced by their words.

A *lazy form* serves a special form: it gets its arguments as expressions to evaluate, over all rows of a selection or
some of them, and so decides what is evaluated. It may evaluate more than the meaning would: an error makes the meaning
do it all again, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gatherum.definitions import Definitions
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.types.values import Value

if TYPE_CHECKING:
    from gatherum.kernels.evaluate import ColumnExpression
    from gatherum.kernels.selection import Selection


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value in every row."""

    value: Value
    _made: list[Column] = field(default_factory=list, compare=False, repr=False)

    def column(self, rows: int) -> Column:
        """The value, repeated; the longest such column is kept for the next batch."""
        found = self._made[0] if self._made else None
        if found is None or len(found) < rows:
            found = _repeated(column_of([self.value]), rows)
            self._made[:] = [found]
        return found if len(found) == rows else found.slice(0, rows)


def _repeated(column: Column, rows: int) -> Column:
    """The one row of a column, so many times."""
    kind = column.array.type
    if pa.types.is_null(kind):
        return Column(pa.nulls(rows), column.missing)
    if pa.types.is_primitive(kind) and not column.array.null_count:
        return Column(pa.repeat(column.array[0], rows), column.missing)
    return column.take(np.zeros(rows, np.int64))


Operand = Column | Constant


@dataclass(frozen=True, slots=True)
class Form:
    """A columnar form of the operators `names`."""

    names: tuple[str, ...]
    apply: Callable[[Sequence[Operand | None], int], Operand | None]


@dataclass(frozen=True, slots=True)
class LazyForm:
    """A columnar form of special forms: `apply` gets the arguments' expressions (None: left out) and the rows."""

    names: tuple[str, ...]
    apply: Callable[[Sequence[ColumnExpression | None], Selection], Operand | None]


@dataclass(frozen=True, slots=True)
class PredicateForm:
    """A columnar form of query predicates: `apply` gets a typed column that is no dictionary, and the argument.

    It gives a mask, which does not count in invalid slots, or None where it does not serve this type. Lists are seen
    whole: their items are asked for apart, where the predicate looks at them.
    """

    names: tuple[str, ...]
    apply: Callable[[Column, Value], np.ndarray | None]


def form(*names: str) -> Callable[[Callable[[Sequence[Any], int], Operand | None]], Form]:
    """Defines the columnar form of operators."""
    return lambda apply: Form(names, apply)


def lazy_form(*names: str) -> Callable[[Callable[..., Operand | None]], LazyForm]:
    """Defines the columnar form of special forms."""
    return lambda apply: LazyForm(names, apply)


def predicate_form(*names: str) -> Callable[[Callable[[Column, Value], np.ndarray | None]], PredicateForm]:
    """Defines the columnar form of query predicates."""
    return lambda apply: PredicateForm(names, apply)


def _found(kind: type) -> Definitions[str, Any]:
    def names(value: Any, module: str) -> Iterable[str]:
        return value.names if isinstance(value, kind) else ()
    return Definitions("gatherum.kernels.functions", names)


_FORMS: Definitions[str, Form] = _found(Form)
_LAZY_FORMS: Definitions[str, LazyForm] = _found(LazyForm)
_PREDICATE_FORMS: Definitions[str, PredicateForm] = _found(PredicateForm)


def forms() -> Mapping[str, Form]:
    """Forms of strict operators by name."""
    return _FORMS


def lazy_forms() -> Mapping[str, LazyForm]:
    """Forms of special forms by name."""
    return _LAZY_FORMS


def predicate_forms() -> Mapping[str, PredicateForm]:
    """Forms of predicates by name."""
    return _PREDICATE_FORMS
