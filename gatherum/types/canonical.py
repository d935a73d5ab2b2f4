"""The canonical hash: 64 bits that equal values share, whatever their type, encoding, engine or machine.

The hash of a value is that of a sequence of 64-bit words, beginning with the rank of its type. A number that is an
integer within 64 bits is that one word; another that a double holds exactly is the double's bits; any other decimal
is its digits and exponent. A string is its length and its UTF-8 bytes, eight to a little-endian word. Documents and
arrays are the hashes of their parts in order. The compiled kernels repeat these rules, and tests hold the two equal.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from gatherum.types.order import OrderKey, order_key
from gatherum.types.values import Value

HASH_VERSION: Final = 1
MASK: Final = 0xFFFFFFFFFFFFFFFF
MULTIPLIER: Final = 0x9E3779B97F4A7C15
FINAL_1: Final = 0xBF58476D1CE4E5B9
FINAL_2: Final = 0x94D049BB133111EB

KIND_INTEGER: Final = 1
KIND_DOUBLE: Final = 2
KIND_DECIMAL: Final = 3
KIND_NAN: Final = 4


def canonical_hash(value: Value) -> int:
    """The 64-bit hash of a value.

    >>> canonical_hash(1) == canonical_hash(1.0), canonical_hash(1) == canonical_hash("1")
    (True, False)
    """
    if type(value) is str:
        return hash_of_bytes(15, value.encode("utf-8", "surrogatepass"))
    return hash_of_key(order_key(value))


def canonical_hashes(values: Sequence[Value]) -> list[int]:
    """The hashes of many values.

    >>> canonical_hashes(["a", "b"]) == [canonical_hash("a"), canonical_hash("b")]
    True
    """
    if set(map(type, values)) != {str}:
        return list(map(canonical_hash, values))
    data = [value.encode("utf-8", "surrogatepass") for value in values]
    counts = [(len(each) + 7) // 8 for each in data]
    if len(set(counts)) == 1:
        return _side_by_side(data, counts[0])
    found = {count: iter(_side_by_side([each for each, own in zip(data, counts, strict=True) if own == count], count))
             for count in set(counts)}
    return [next(found[count]) for count in counts]


def _side_by_side(data: list[bytes], count: int) -> list[int]:
    """As `hash_of_bytes` of strings of `count` words. Each has 128 bits of one long integer, so that no product reaches
    the next: what is done for all costs little more than for one."""
    begun = {size: _begun(15, size).to_bytes(16, "little") for size in set(map(len, data))}
    mask = _long([b"\xff" * 8 + bytes(8)] * len(data))
    h = _long([begun[len(each)] for each in data])
    for start in range(0, count * 8, 8):
        h = (h ^ _long([each[start:start + 8].ljust(16, b"\0") for each in data])) * MULTIPLIER & mask
        h ^= h >> 29 & mask
    h = (h ^ h >> 30 & mask) * FINAL_1 & mask
    h = (h ^ h >> 27 & mask) * FINAL_2 & mask
    h ^= h >> 31 & mask
    return list(struct.unpack(f"<{2 * len(data)}Q", h.to_bytes(16 * len(data), "little"))[::2])


def _long(parts: list[bytes]) -> int:
    return int.from_bytes(b"".join(parts), "little")


def hash_of_key(key: OrderKey) -> int:
    """The canonical hash of the value whose `order_key` this is."""
    rank = key[0]
    if rank == 10:
        return _hash_of_number(key)
    if rank == 15:
        return hash_of_bytes(rank, key[1].encode("utf-8", "surrogatepass"))
    words = [rank & MASK]
    if rank == 20:
        for _, name, item in key[1]:
            words.append(hash_of_bytes(15, name.encode("utf-8", "surrogatepass")))
            words.append(hash_of_key(item))
    elif rank == 25:
        words += [hash_of_key(item) for item in key[1]]
    else:
        words += [_word(part) for part in key[1:]]
    return hash_of_words(words)


def hash_of_words(words: list[int]) -> int:
    """The hash of a sequence of words, each in 0 .. 2**64 - 1."""
    h = len(words)
    for word in words:
        h = ((h ^ word) * MULTIPLIER) & MASK
        h ^= h >> 29
    return finish(h)


def finish(h: int) -> int:
    """Spreads the entropy of `h` over all its bits; a bijection of 64-bit words."""
    h = ((h ^ (h >> 30)) * FINAL_1) & MASK
    h = ((h ^ (h >> 27)) * FINAL_2) & MASK
    return h ^ (h >> 31)


def hash_of_bytes(rank: int, data: bytes) -> int:
    """The hash of a string of bytes under a type's rank: rank, length, then words of eight bytes, padded with 0."""
    size = len(data)
    if size > 8:
        count = (size + 7) // 8
        words = _reader(count)(data.ljust(count * 8, b"\0"))
    else:
        words = (int.from_bytes(data, "little"),) if size else ()
    h = _begun(rank, size)
    for word in words:
        h = ((h ^ word) * MULTIPLIER) & MASK
        h ^= h >> 29
    return finish(h)


@lru_cache(1024)
def _begun(rank: int, size: int) -> int:
    """The hash after the first two words of a string of bytes, before its end."""
    h = 2 + (size + 7) // 8
    for word in (rank, size):
        h = ((h ^ word) * MULTIPLIER) & MASK
        h ^= h >> 29
    return h


@lru_cache(1024)
def _reader(count: int) -> Callable[[bytes], tuple[int, ...]]:
    return struct.Struct(f"<{count}Q").unpack


def _hash_of_number(key: OrderKey) -> int:
    if len(key) == 1:
        return hash_of_words([10, KIND_NAN, 0])
    number = key[1]
    try:
        whole = int(number)
        if whole == number and -(2**63) <= whole < 2**63:
            return hash_of_words([10, KIND_INTEGER, whole & MASK])
    except OverflowError:
        pass                                                                    # an infinity
    try:
        double = float(number)
        if double == number:
            return hash_of_words([10, KIND_DOUBLE, struct.unpack("<Q", struct.pack("<d", double))[0]])
    except OverflowError:
        pass
    sign, digits, exponent = number.normalize(_EXACT).as_tuple()
    text = f"{sign},{''.join(map(str, digits))},{exponent}"
    return hash_of_words([10, KIND_DECIMAL, hash_of_bytes(10, text.encode())])


def _word(part: Any) -> int:
    if isinstance(part, int):
        return part & MASK
    if isinstance(part, str):
        return hash_of_bytes(15, part.encode("utf-8", "surrogatepass"))
    if isinstance(part, bytes):
        return hash_of_bytes(30, part)
    return hash_of_key(part)


def _exact_context() -> Any:
    import decimal

    return decimal.Context(prec=40, Emax=999999, Emin=-999999)


_EXACT: Final = _exact_context()
