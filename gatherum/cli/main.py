"""The entry point of the command `gatherum`."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from importlib import import_module
from typing import Any

import click

from gatherum import __version__
from gatherum.cli.failures import INTERRUPTED, exit_code_of
from gatherum.cli.standard_streams import prepare_streams
from gatherum.cli.without_pandas import do_without_pandas
from gatherum.definitions import modules

COMMANDS = "gatherum.cli.commands"


class Shell(click.Group):
    """The subcommands, each loaded when it is used, and what happens to their errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return [name.rpartition(".")[2] for name in modules(COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return import_module(f"{COMMANDS}.{cmd_name}").command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that the arguments name; a usage error where there is none of that name."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from gatherum.functions.registry import nearest

            known = self.list_commands(ctx)
            ctx.fail(f"there is no command {args[0]!r}{nearest(args[0], known)}; known: {', '.join(known)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the subcommand; whatever goes wrong becomes a message and an exit code."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
            return done
        except (click.ClickException, click.exceptions.Exit):
            raise
        except BaseException as error:
            code = exit_code_of(error, debug=bool(ctx.meta.get("debug")))
        return ctx.exit(code)


@click.group(cls=Shell, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="gatherum %(version)s")
def shell() -> None:
    """Runs MongoDB aggregation pipelines over files.

    \b
    gatherum run '[{$group: {_id: "$status", n: {$sum: 1}}}]' orders.ndjson
    gatherum schema orders.ndjson
    gatherum convert orders.ndjson -o orders.parquet

    Exit codes: 0 done; 1 the query failed; 2 wrong usage or setting; 3 done, but records of the input were skipped;
    124 out of time; 130 interrupted; 141 the output's reader has gone.
    """


def main() -> None:
    """Runs the command line of this process."""
    do_without_pandas()
    prepare_streams()
    try:
        shell(prog_name="gatherum")
    except KeyboardInterrupt:
        _leave()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _leave()
        raise
    except Exception as error:                                      # the help could not be written
        sys.exit(exit_code_of(error))


def _leave() -> None:
    """Ends an interrupted process at once: Python would first take its modules apart, while workers finish kernels."""
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
