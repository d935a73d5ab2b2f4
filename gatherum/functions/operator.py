"""What an expression operator is.

An operator is defined once, by decorating its meaning:

    @operator("$abs", positional("number"), null="null", examples=[({"$abs": -3}, 3)])
    def absolute(number):
        \"\"\"The absolute value of a number.\"\"\"

A *strict* operator gets the values of all its arguments; an argument that was left out takes the default of the
Python function. A *special form* (`@special_form`) gets its arguments as evaluators, None for one left out, and
returns an evaluator: it decides what is evaluated, when, and with which variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from gatherum.functions.signature import Signature
from gatherum.records import record
from gatherum.types.values import Document, Value

Frame = list[Value]
Evaluator = Callable[[Document, Frame], Value]
"""Takes the root document and the frame that holds the variables' values; gives a value or `MISSING`."""


@record
class Body:
    """An argument of kind `body`: `evaluate` reads its variables from the frame at `slots`, in the order of `binds`."""

    slots: tuple[int, ...]
    evaluate: Evaluator


NullRule = Literal["null", "handles"]


@record
class Operator:
    """One expression operator.

    `null` says what a null or missing argument does: `null` makes the result null whatever the others are (but for
    the errors they raise), `handles` leaves it to the meaning. `raises` says whether values of some type are errors.
    An operator that is not `deterministic` is never folded, moved or shared. `strict` tells the two kinds apart.
    `of_type`: nothing of the arguments counts but their types and the lengths of arrays, so that of a document no
    field need be known.
    """

    name: str
    signature: Signature
    meaning: Callable[..., Any]
    strict: bool
    null: NullRule
    raises: bool
    deterministic: bool
    examples: tuple[tuple[Any, Value], ...]
    aliases: tuple[str, ...] = ()
    of_type: bool = False

    @property
    def documentation(self) -> str:
        """The meaning's docstring."""
        return self.meaning.__doc__ or ""


def operator(name: str, signature: Signature, *, null: NullRule = "handles", raises: bool = True,
             deterministic: bool = True, of_type: bool = False, examples: Sequence[tuple[Any, Value]] = (),
             aliases: Sequence[str] = ()) -> Callable[[Callable[..., Value]], Operator]:
    """Defines a strict operator; `examples` pairs an expression with its value over an empty document."""
    def define(meaning: Callable[..., Value]) -> Operator:
        return Operator(name, signature, meaning, True, null, raises, deterministic, tuple(examples), tuple(aliases),
                        of_type)
    return define


def special_form(name: str, signature: Signature, *, raises: bool = False, deterministic: bool = True,
                 examples: Sequence[tuple[Any, Value]] = (),
                 aliases: Sequence[str] = ()) -> Callable[[Callable[..., Evaluator]], Operator]:
    """Defines a special form: the decorated function makes an evaluator of its arguments' evaluators."""
    def define(meaning: Callable[..., Evaluator]) -> Operator:
        return Operator(name, signature, meaning, False, "handles", raises, deterministic, tuple(examples),
                        tuple(aliases))
    return define
