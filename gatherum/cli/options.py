"""The options that subcommands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, TypeVar

import click

from gatherum.runtime.settings import documented

F = TypeVar("F", bound=Callable[..., Any])

SETTINGS: Final = ("memory_limit", "disk_limit", "temp_directory", "threads", "engine", "on_bad", "csv_empty",
                   "progress")
OTHER_NAMES: Final = {"jsonl": "ndjson"}
INPUT_FORMATS: Final = "ndjson, json, bson, csv, tsv, parquet, arrow, ..."


def _all(options: Iterable[Callable[[F], F]]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""
    def decorate(command: F) -> F:
        for option in reversed([*options]):
            command = option(command)
        return command
    return decorate


def _remember_debug(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta["debug"] = value


debug_option = click.option("--debug", is_flag=True, expose_value=False, callback=_remember_debug, is_eager=True,
                            help="Show the traceback of an error.")

def _known_format(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    from gatherum.functions.registry import nearest
    from gatherum.sources.files import formats

    name = OTHER_NAMES.get(value, value)
    if name not in formats():
        known = sorted([*formats(), *OTHER_NAMES])
        raise click.UsageError(f"there is no format {value!r} to read{nearest(value, known)}; known: "
                               f"{', '.join(known)}")
    return name


input_format_option = click.option(
    "--input-format", metavar="FORMAT", callback=_known_format,
    help=f"The format of the sources, where their names do not tell: {INPUT_FORMATS}")


def setting_options(*names: str) -> Callable[[F], F]:
    """An option for each of these settings, by default for the common ones. The command gets those that are given
    as `settings`, a dict."""
    chosen = names or SETTINGS
    options = [_setting_option(each.name, f"{each.text} Default: {each.default}.")
               for each in documented() if each.name in chosen]

    def decorate(command: F) -> F:
        return _all(options)(_gathering(command, chosen))
    return decorate


def _setting_option(name: str, text: str) -> Callable[[F], F]:
    return click.option(f"--{name.replace('_', '-')}", name, metavar="VALUE", help=text)


def _gathering(command: Callable[..., Any], names: Iterable[str]) -> Any:
    @wraps(command)
    def run(**given: Any) -> Any:
        settings = {name: given.pop(name) for name in names}
        return command(settings={name: value for name, value in settings.items() if value is not None}, **given)
    return run


pipeline_options = _all([
    click.argument("words", nargs=-1, metavar="PIPELINE SOURCE..."),
    click.option("-f", "--file", "pipeline_file", metavar="FILE", type=click.File("rb"),
                 help="Read the pipeline from a file; every argument is then a source."),
    click.option("--let", "let", metavar="NAME=VALUE", multiple=True,
                 help="Define the variable $$NAME for the pipeline. VALUE is written as in a pipeline."),
    click.option("--collection", "collections", metavar="NAME=PATH", multiple=True,
                 help="A further collection, for $lookup and $unionWith."),
    input_format_option,
])
"""What says which pipeline runs over which sources."""

output_options = _all([
    click.option("--format", "output_format", metavar="FORMAT", help="table, json, jsonl, csv, tsv, parquet, arrow or "
                 "bson. Default: by the suffix of the output file, else table on a terminal and jsonl elsewhere."),
    click.option("-o", "--output", metavar="FILE", help="Write to a file."),
    click.option("--canonical", is_flag=True, help="Write json and jsonl as canonical Extended JSON, in which every "
                 "value keeps its type; the relaxed kind does not tell a long of 32 bits from an int."),
    click.option("--lossy", is_flag=True, help="Write what the format cannot hold as it can, rather than refuse."),
])
"""What says how rows are written, and where."""
