"""The parts of expressions, as columns evaluate them."""

from __future__ import annotations

from gatherum.plan.expressions import (
    ROOT,
    And,
    AnyElement,
    Call,
    Expression,
    Get,
    Lambda,
    MakeArray,
    MakeDocument,
    Matches,
    Not,
    Or,
    Variable,
)


def field_name(expression: Expression) -> str | None:
    """The name of the field that an expression is, where it is one of the document itself."""
    match expression:
        case Get(Variable(name), (single,)) if name == ROOT:
            return single
        case _:
            return None


def parts_of(expression: Expression) -> list[Expression | None]:
    """What a column expression evaluates first; None where an argument is left out."""
    match expression:
        case Call(_, arguments):
            return list(arguments)
        case MakeDocument(items):
            return [item for _, item in items]
        case MakeArray(items):
            return list(items)
        case Get(of, _) | Matches(of):
            return [of]
        case AnyElement(of, _, test):
            return [of, test]
        case And(parts) | Or(parts):
            return list(parts)
        case Not(part) | Lambda(_, part):
            return [part]
        case _:
            return []
