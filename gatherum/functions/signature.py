"""How an operator's arguments are written in a pipeline.

`positional("value", "places?")` takes an array of that many arguments (one alone needs no array); `variadic()` any
number; `named(Argument("date"), Argument("timezone", required=False))` a document. `either(a, b)` takes a document
with plain field names by `b` and everything else by `a`. The same signature makes the parser, the checks of the
number of arguments, and the reference. `codes` are MongoDB's error codes where it has others than the usual ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final, Literal

from gatherum.records import record

FIXED_COUNT = 16020
RANGED_COUNT = 28667
FAILED_TO_PARSE = 9


@record
class Codes:
    """MongoDB's error codes for arguments that do not fit: for a wrong number of them; for what is no document where
    one is wanted; for a name that is not known; and for one that is missing, by name where they differ."""

    count: int = FIXED_COUNT
    not_object: int = FAILED_TO_PARSE
    unknown: int = FAILED_TO_PARSE
    missing: int | Mapping[str, int] = FAILED_TO_PARSE

    def missing_code(self, name: str) -> int:
        """The code for the missing argument `name`."""
        return self.missing if isinstance(self.missing, int) else self.missing[name]


USUAL_CODES: Final = Codes()


@record
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


@record
class Signature:
    """`form` says how the arguments are written."""

    form: Literal["positional", "variadic", "named", "either"]
    arguments: tuple[Argument, ...] = ()
    minimum: int = 0
    maximum: int | None = None
    alternatives: tuple[Signature, ...] = field(default=())
    codes: Codes = field(default=USUAL_CODES, hash=False)

    @property
    def values(self) -> tuple[Argument, ...]:
        """The arguments that reach the function, in order: all but the names."""
        source = self.alternatives[-1].arguments if self.form == "either" else self.arguments
        return tuple(argument for argument in source if argument.kind != "name")


def positional(*names: str, code: int | None = None) -> Signature:
    """Arguments in an array, by position; a trailing `?` marks one that may be left out."""
    arguments = tuple(Argument(name.removesuffix("?"), required=not name.endswith("?")) for name in names)
    least = sum(argument.required for argument in arguments)
    usual = FIXED_COUNT if least == len(arguments) else RANGED_COUNT
    return Signature("positional", arguments, minimum=least, maximum=len(arguments), codes=Codes(count=code or usual))


def variadic(minimum: int = 0, code: int = FIXED_COUNT) -> Signature:
    """Any number of arguments in an array, or a single one without it."""
    return Signature("variadic", minimum=minimum, codes=Codes(count=code))


def named(*arguments: Argument | str, codes: Codes = USUAL_CODES) -> Signature:
    """Arguments in a document, by name; a plain string stands for a value, with `?` for one that may be left out."""
    made = tuple(a if isinstance(a, Argument) else Argument(a.removesuffix("?"), required=not a.endswith("?"))
                 for a in arguments)
    return Signature("named", made, codes=codes)


def either(first: Signature, document: Signature) -> Signature:
    """`document` where a document with plain field names is given, `first` otherwise; both with the same arguments."""
    return Signature("either", alternatives=(first, document))
