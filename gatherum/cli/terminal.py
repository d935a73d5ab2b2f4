"""What can be shown where output goes: colours, and the width of lines."""

from __future__ import annotations

import os
import sys
from typing import IO, Any, Final

import click

_STYLES: Final = {"error": "31;1", "warning": "33;1", "bold": "1", "dim": "2"}


_CONTROLS: Final = {code: f"\\x{code:02x}" for code in [*range(0x20), *range(0x7f, 0xa0)]}


def printable(text: str) -> str:
    """The text with its control characters made visible: what comes from data must not steer the terminal."""
    return text.translate(_CONTROLS)


def coloured(stream: IO[Any]) -> bool:
    """Whether colours may be written: to a terminal that has them, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, stream: IO[Any]) -> str:
    """The text as an `error`, a `warning`, `bold` or `dim`, where the stream has colours."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if coloured(stream) else text


def say(text: str) -> None:
    """Tells the user something beside the output: on standard error."""
    click.echo(text, err=True)


def warn(text: str) -> None:
    """Tells the user of something that may be wrong."""
    say(f"{styled('warning:', 'warning', sys.stderr)} {text}")


def heading(text: str) -> str:
    """A line of the output that stands above others."""
    return styled(text, "bold", sys.stdout)
