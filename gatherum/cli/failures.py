"""What becomes of errors: a message for people, and an exit code for scripts."""

from __future__ import annotations

import sys
from typing import Final

from gatherum.cli.terminal import say, styled
from gatherum.errors import DeadlineError, GatherumError, InternalError, SettingError

FAILED: Final = 1
USAGE: Final = 2
PARTIAL: Final = 3
TIMEOUT: Final = 124
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141


def exit_code_of(error: BaseException, debug: bool = False) -> int:
    """The exit code for an error, of which the user has been told when this returns; with its traceback in `debug`."""
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, BrokenPipeError) or isinstance(error.__cause__, BrokenPipeError):
        return CLOSED_PIPE
    if isinstance(error, KeyboardInterrupt):
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)            # a second Ctrl-C ends the process without a traceback
        say("interrupted")
        return INTERRUPTED
    say(f"{styled('error:', 'error', sys.stderr)} {_message(error)}{'' if debug else _where_reported(error)}")
    if debug:
        say(_traceback(error))
    return TIMEOUT if isinstance(error, DeadlineError) else USAGE if isinstance(error, SettingError) else FAILED


def _message(error: BaseException) -> str:
    if isinstance(error, GatherumError):
        return str(error).replace("lossy=True", "--lossy")
    if isinstance(error, MemoryError):
        return "there is no memory left: lower --memory-limit, so that more is written to disk"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    return (f"gatherum failed with {type(error).__name__}: {error}. This is a bug: please report it with the command "
            "and, if you can, a few rows of the input")


def _where_reported(error: BaseException) -> str:
    """Where the traceback lies that belongs into a report; nothing for an error that is no bug."""
    expected = isinstance(error, (GatherumError, MemoryError, OSError)) and not isinstance(error, InternalError)
    if expected:
        return ""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile("w", prefix="gatherum-error-", suffix=".txt", delete=False) as file:
            file.write(_traceback(error))
    except OSError:
        return " (--debug shows the traceback)"
    return f" (the traceback to report is in {file.name})"


def _traceback(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error))
