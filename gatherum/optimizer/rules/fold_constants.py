"""Constant expressions are evaluated once, here."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gatherum.errors import GatherumError, failing_in
from gatherum.functions.registry import operators
from gatherum.optimizer.context import Context
from gatherum.optimizer.rule import rule
from gatherum.optimizer.subplan import first_input, with_first_input, with_side_plans
from gatherum.plan.analysis import with_expressions
from gatherum.plan.expressions import (
    And,
    AnyElement,
    Call,
    Expression,
    Get,
    Lambda,
    Literal,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
)
from gatherum.plan.nodes import Facet, Node
from gatherum.records import record
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.truth import truth
from gatherum.types.values import Value, is_nullish

LARGEST: Final = 1000
"""Of a folded value no part has more items or characters: a larger one would only make the plan unwieldy."""


@rule("fold_constants")
def fold_constants(plan: Node, context: Context) -> Node | None:
    """Evaluates operators whose arguments are all constants, and takes the branches that constant conditions choose.

    A constant that is an error raises here, even if no row would have reached it: MongoDB does the same. Of $switch,
    as there, the cases behind one that is always true and the values of cases that are never true are not looked at.
    In the other plans of lookups and unions, which may never run, such a constant is left as it is.
    """
    folded = _folded(plan, _Folding(strict=True))
    return None if folded is plan else folded


def _folded(plan: Node, folding: _Folding) -> Node:
    def side(other: Node) -> Node:
        return _folded(other, folding if isinstance(node, Facet) else _Folding(strict=False))

    chain = [plan]
    while (below := first_input(chain[-1])) is not None:
        chain.append(below)
    made: Node | None = None
    for node in reversed(chain):
        with failing_in(node):
            folded = with_expressions(node, folding.fold)
        changed = with_side_plans(folded, side)
        made = changed if made is None else with_first_input(changed, made)
    return made or plan


@record
class _Folding:
    """Folds expressions; an error of a constant raises if `strict`, else it stays an expression."""

    strict: bool

    def fold(self, expression: Expression) -> Expression:
        """The expression with constant parts folded; documents and arrays that leave it are made for each row."""
        match expression:
            case MakeDocument() | MakeArray() | Lambda():
                return expression.rebuild(self.fold)
            case _:
                return self._inside(expression)

    def _inside(self, expression: Expression) -> Expression:
        """The same within an expression, where documents and arrays may be constants too."""
        match expression:
            case Call("$switch", arguments):
                return self._switch(expression, arguments)
            case Literal() | Variable():
                return expression
            case Lambda():
                return expression.rebuild(self.fold)
            case _:
                return self._simplified(expression.rebuild(self._inside))

    def _simplified(self, expression: Expression) -> Expression:
        match expression:
            case And(parts):
                return _joined(expression, parts, neutral=True)
            case Or(parts):
                return _joined(expression, parts, neutral=False)
            case Call("$cond", (Literal(test), then, otherwise)):
                return (then if truth(test) else otherwise) or expression
            case Call("$ifNull", alternatives):
                return _if_null(expression, alternatives)
            case Call(function, arguments) if operators()[function].deterministic:
                constant = all(item is None or isinstance(item, Literal) for item in arguments)
            case MakeDocument() | MakeArray() | Not() | Get() | Matches(Literal()):
                constant = all(isinstance(part, Literal) for part in expression.children())
            case AnyElement(Literal(), _, Lambda(_, Literal())):
                constant = True
            case _:
                return expression
        return self._evaluated(expression) if constant else expression

    def _evaluated(self, expression: Expression) -> Expression:
        """The value as a literal; the expression itself where that is large, or where it cannot be had."""
        try:
            value = compile_expression(expression, Scope())({}, [])
        except GatherumError:
            if self.strict:
                raise
            return expression
        except Exception:
            return expression                                   # what a user's function raises, rows may never reach
        return Literal(value) if _is_small(value) else expression

    def _switch(self, expression: Call, arguments: tuple[Expression | None, ...]) -> Expression:
        """The default is folded first; a case that is always true ends the branches and becomes the default."""
        *parts, last = arguments
        default = last and self._inside(last)
        left: list[Expression] = []
        for case, then in zip(parts[::2], parts[1::2], strict=True):
            assert case is not None and then is not None
            test = self._inside(case)
            if not isinstance(test, Literal):
                left += (test, self._inside(then))
            elif truth(test.value):
                default = self._inside(then)
                break
        if not left and default is not None:
            return default
        made = (*left, default)
        same = len(made) == len(arguments) and all(a is b for a, b in zip(made, arguments, strict=True))
        return expression if same else replace(expression, arguments=made)


def _joined(expression: And | Or, parts: tuple[Expression, ...], neutral: bool) -> Expression:
    """A conjunction (`neutral` true) or disjunction (false) without constants, or the constant that decides it."""
    left = tuple(part for part in parts if not isinstance(part, Literal))
    if any(isinstance(part, Literal) and truth(part.value) is not neutral for part in parts):
        return Literal(not neutral)
    if not left:
        return Literal(neutral)
    if len(left) == 1 and isinstance(left[0], And | Or | Not | Matches | AnyElement):
        return left[0]                                      # true or false by itself
    return expression if len(left) == len(parts) else replace(expression, parts=left)


def _if_null(expression: Call, alternatives: tuple[Expression | None, ...]) -> Expression:
    """Without the constants that are null, and without what stands behind a constant that is not."""
    *candidates, default = [part for part in alternatives if part is not None]
    left: list[Expression] = []
    for part in candidates:
        if isinstance(part, Literal):
            if is_nullish(part.value):
                continue
            default = part
            break
        left.append(part)
    if not left:
        return default
    return expression if len(left) == len(candidates) else replace(expression, arguments=(*left, default))


def _is_small(value: Value) -> bool:
    if isinstance(value, dict):
        return len(value) <= LARGEST and all(map(_is_small, value.values()))
    if isinstance(value, list):
        return len(value) <= LARGEST and all(map(_is_small, value))
    return not isinstance(value, str | bytes) or len(value) <= LARGEST
