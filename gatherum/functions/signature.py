"""How an operator's arguments are written in a pipeline.

`positional("value", "places?")` takes an array of that many arguments (one alone needs no array); `variadic()` any
number; `named(Argument("date"), Argument("timezone", required=False))` a document. `either(a, b)` takes a document
with plain field names by `b` and everything else by `a`. The same signature makes the parser, the checks of the
number of arguments, and the reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument.

    kind `value` is any expression; `name` is a literal string that names a variable (`default` stands where it is
    left out); `body` is an expression in which the variables `binds` are known. A `{x}` within `binds` stands for the
    string given as the argument `x` of kind `name`.
    """

    name: str
    required: bool = True
    kind: Literal["value", "name", "body"] = "value"
    default: str = ""
    binds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """`form` says how the arguments are written; `error_code` is MongoDB's for arguments that do not fit."""

    form: Literal["positional", "variadic", "named", "either"]
    arguments: tuple[Argument, ...] = ()
    minimum: int = 0
    maximum: int | None = None
    alternatives: tuple[Signature, ...] = field(default=())

    @property
    def values(self) -> tuple[Argument, ...]:
        """The arguments that reach the function, in order: all but the names."""
        source = self.alternatives[-1].arguments if self.form == "either" else self.arguments
        return tuple(argument for argument in source if argument.kind != "name")


def positional(*names: str) -> Signature:
    """Arguments in an array, by position; a trailing `?` marks one that may be left out."""
    arguments = tuple(Argument(name.removesuffix("?"), required=not name.endswith("?")) for name in names)
    least = sum(argument.required for argument in arguments)
    return Signature("positional", arguments, minimum=least, maximum=len(arguments))


def variadic(minimum: int = 0) -> Signature:
    """Any number of arguments in an array, or a single one without it."""
    return Signature("variadic", minimum=minimum)


def named(*arguments: Argument | str) -> Signature:
    """Arguments in a document, by name; a plain string stands for a value, with `?` for one that may be left out."""
    made = tuple(a if isinstance(a, Argument) else Argument(a.removesuffix("?"), required=not a.endswith("?"))
                 for a in arguments)
    return Signature("named", made)


def either(first: Signature, document: Signature) -> Signature:
    """`document` where a document with plain field names is given, `first` otherwise; both with the same arguments."""
    return Signature("either", alternatives=(first, document))
