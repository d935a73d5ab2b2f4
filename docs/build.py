"""Generates the reference from the definitions: `python docs/build.py` writes it, `--check` fails where it is stale."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

from gatherum.frontends.mongo.query import query_syntax
from gatherum.frontends.mongo.stage import stages
from gatherum.functions.registry import aggregates, operators, predicates
from gatherum.functions.signature import Signature
from gatherum.kernels.columns.depth import DEEPEST
from gatherum.kernels.columns.types import ARROW_RULES
from gatherum.runtime.settings import documented
from gatherum.types.extended_json import encode
from gatherum.types.values import MISSING, TYPE_NAMES, Value

REFERENCE = Path(__file__).parent / "reference"


def shown(value: Value) -> str:
    """A value as people write it."""
    return "*missing*" if value is MISSING else f"`{orjson.dumps(encode(value, 'relaxed')).decode()}`"


def prose(text: str) -> str:
    """A docstring without its indentation."""
    return inspect.cleandoc(text)


def arguments(signature: Signature) -> str:
    """How the arguments are written, in one line."""
    if signature.form == "either":
        return " or ".join(arguments(alternative) for alternative in signature.alternatives)
    if signature.form == "variadic":
        least = f", at least {signature.minimum}" if signature.minimum else ""
        return f"any number of expressions in an array{least}"
    names = ", ".join(f"{a.name}{'' if a.required else ' (optional)'}" for a in signature.arguments)
    return f"a document with {names}" if signature.form == "named" else f"in an array: {names}" \
        if signature.maximum != 1 else names


def operators_page() -> Iterator[str]:
    """The expression operators."""
    yield "# Expression operators\n"
    for name, operator in sorted(operators().items()):
        yield f"## `{name}`\n\n{prose(operator.documentation)}\n\nArguments: {arguments(operator.signature)}.\n"
        for expression, value in operator.examples:
            yield f"- {shown(expression)} is {shown(value)}"
        yield ""


def aggregates_page() -> Iterator[str]:
    """The aggregate functions."""
    yield "# Aggregate functions\n\nFor `$group`, `$bucket` and `$bucketAuto`.\n"
    for name, aggregate in sorted(aggregates().items()):
        yield f"## `{name}`\n\n{prose(aggregate.__doc__ or '')}\n"
        for values, answer in aggregate.examples:
            yield f"- of {shown(values)}: {shown(answer)}"
        yield ""


def predicates_page() -> Iterator[str]:
    """The query operators."""
    yield "# Query operators\n\nFor `$match` and `find`. `{field: value}` asks for equality.\n"
    for each in sorted(query_syntax(), key=lambda syntax: syntax.name):
        yield f"## `{each.name}`\n\n{prose(each.documentation)}\n\nWritten `{each.usage}`.\n"
    for name, predicate in sorted(predicates().items()):
        yield f"## `{name}`\n\n{prose(predicate.documentation)}\n"
        for value, argument, matches in predicate.examples:
            yield f"- {shown(value)} {'matches' if matches else 'does not match'} `{name}`: {shown(argument)}"
        yield ""


def stages_page() -> Iterator[str]:
    """The stages."""
    yield "# Stages\n"
    for name, stage in sorted(stages().items()):
        yield f"## `{name}`\n\n{prose(stage.documentation)}\n"
        for documents, argument, output in stage.examples:
            yield f"- {shown({name: argument})} makes of {shown(documents)}: {shown(output)}"
        yield ""


def settings_page() -> Iterator[str]:
    """The settings."""
    yield "# Settings\n\nEvery setting is a keyword of `connect`, `aggregate` and every query, and an environment " \
          "variable; the keyword wins.\n\n| setting | variable | default | meaning |\n|---|---|---|---|"
    for each in documented():
        yield f"| `{each.name}` | `{each.variable}` | {each.default} | {each.text} |"


def types_page() -> Iterator[str]:
    """The types."""
    yield "# Arrow types and BSON types\n\n| Arrow type | in a column | in documents | what no document holds |\n" \
          "|---|---|---|---|"
    for rule in ARROW_RULES:
        kept = "the same" if rule.column is None else f"`{rule.column}`"
        bson = "none" if rule.bson is None else TYPE_NAMES[rule.bson]
        if rule.arrow == "dictionary":
            kept, bson = "codes of strings; other values plainly", "that of its values"
        if rule.arrow == "run_end_encoded":
            kept, bson = "the values, each in its row", "that of its values"
        yield f"| `{rule.arrow}` | {kept} | {bson} | {rule.loss} |"
    yield "\nValues of several types in one column, or both null and missing ones, make a column of the extension " \
          "type `gatherum.variant`; in files it is `gatherum.bson`, one BSON document a value, as " \
          f"is a column that is nested deeper than {DEEPEST} levels.\n\n" \
          "What no document holds is an error (`LossError`) that names the column, wherever a stage computes with " \
          "the column or it becomes part of a document; nothing is cut or rounded. Columns that are only passed on, " \
          "in the columnar engine, keep their type: `to_arrow`, `to_polars` and files get them as they are. " \
          "Columns that a query does not need are not looked at. Values of types that are not in the table, such as " \
          "unions, are in no document."


def index_page() -> Iterator[str]:
    """The pages, with what each has a heading for."""
    yield "# Reference\n\nGenerated from the definitions. In the shell, `gatherum functions NAME` shows one entry.\n"
    for name, page in PAGES.items():
        if page is not index_page:
            lines = "\n".join(page()).splitlines()
            title = lines[0].removeprefix("# ")
            entries = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
            linked = ", ".join(f"[{entry}]({name}#{anchor(entry)})" for entry in entries)
            yield f"- [{title}]({name}){f': {linked}' if linked else ''}"


def anchor(heading: str) -> str:
    """The address of a heading within its page, as GitHub makes it."""
    return "".join(letter for letter in heading.lower() if letter.isalnum() or letter in "-_ ").replace(" ", "-")


PAGES = {"README.md": index_page, "stages.md": stages_page, "operators.md": operators_page,
         "aggregates.md": aggregates_page, "predicates.md": predicates_page, "settings.md": settings_page,
         "types.md": types_page}


def main(check: bool) -> int:
    """Writes the pages, or says which are stale."""
    stale = sorted(path.name for path in REFERENCE.glob("*") if path.name not in PAGES)
    for name, page in PAGES.items():
        text = "\n".join(page()).rstrip() + "\n"
        path = REFERENCE / name
        if check:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            REFERENCE.mkdir(exist_ok=True)
            path.write_text(text)
    if stale:
        print(f"stale: {', '.join(stale)}; run python docs/build.py, and delete pages that it does not write",
              file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
