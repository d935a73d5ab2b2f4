"""Operators whose error for a wrong number of arguments has a code of its own."""

from __future__ import annotations

from gatherum.errors import PipelineError
from gatherum.frontends.mongo.expressions import Form, Names, form, parse_arguments
from gatherum.functions.registry import operators
from gatherum.plan.expressions import Call, Expression
from gatherum.types.values import Value


def _counted(name: str, code: int) -> Form:
    def parse(argument: Value, names: Names) -> Expression:
        try:
            return Call(name, parse_arguments(operators()[name].signature, argument, names))
        except PipelineError as error:
            if error.places or error.code != 16020:
                raise
            raise PipelineError(error.message, code) from None
    return parse


if_null = form("$ifNull")(_counted("$ifNull", 1257300))
round_to_places = form("$round")(_counted("$round", 28667))
truncate = form("$trunc")(_counted("$trunc", 28667))
to_int = form("$toInt")(_counted("$toInt", 50723))
to_long = form("$toLong")(_counted("$toLong", 50723))
to_double = form("$toDouble")(_counted("$toDouble", 50723))
to_decimal = form("$toDecimal")(_counted("$toDecimal", 50723))
to_string = form("$toString")(_counted("$toString", 50723))
to_bool = form("$toBool")(_counted("$toBool", 50723))
to_date = form("$toDate")(_counted("$toDate", 50723))
