"""Whether bytes are text: kernels copy them into strings as they are."""

from __future__ import annotations


def is_utf8(block: bytes) -> bool:
    """Whether all of a block is UTF-8."""
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
