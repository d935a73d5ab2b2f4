"""Machine operations that numba does not offer: unaligned loads, bits of doubles, 128-bit integers in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_I64 = ir.IntType(64)
_I128 = ir.IntType(128)


def machine(typed: Callable[..., Any]) -> Any:
    """Makes a function of kernels from one that gives its signature and its code."""
    return intrinsic(typed)


@machine
def load_word(typing_context: Any, address: Any) -> Any:
    """The 8 bytes at an address as a little-endian word."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], _I64.as_pointer()), align=1)
    return types.uint64(types.int64), generate


def _item(bits: int, signed: bool = False) -> Callable[..., Any]:
    """The code of a load by base address and index, in the form that compilers turn into vector code."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
        item = builder.load(builder.gep(base, [arguments[1]]), align=1)
        return item if bits == 64 else builder.sext(item, _I64) if signed else builder.zext(item, _I64)
    return generate


@machine
def word_at(typing_context: Any, address: Any, index: Any) -> Any:
    """Item `index` of the 64-bit integers at an address."""
    return types.int64(types.int64, types.int64), _item(64)


@machine
def int_at(typing_context: Any, address: Any, index: Any) -> Any:
    """Item `index` of the signed 32-bit integers at an address."""
    return types.int64(types.int64, types.int64), _item(32, signed=True)


@machine
def byte_at(typing_context: Any, address: Any, index: Any) -> Any:
    """Item `index` of the bytes at an address."""
    return types.int64(types.int64, types.int64), _item(8)


@machine
def add_word(typing_context: Any, address: Any, slot: Any, term: Any) -> Any:
    """slots[slot] += term, where the slots are 64-bit integers at an address; gives the sum, which may wrap around."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.gep(builder.inttoptr(arguments[0], _I64.as_pointer()), [arguments[1]])
        total = builder.add(builder.load(place, align=8), arguments[2])
        builder.store(total, place, align=8)
        return total
    return types.int64(types.int64, types.int64, types.int64), generate


@machine
def prefetch(typing_context: Any, address: Any) -> Any:
    """Has the memory at an address brought near, if there is any."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        takes = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        fetch = cgutils.get_or_insert_function(builder.module, takes, "llvm.prefetch.p0")
        read, second_level, data = number(0), number(2), number(1)
        builder.call(fetch, [builder.inttoptr(arguments[0], pointer), read, second_level, data])
        return context.get_dummy_value()
    return types.void(types.int64), generate


@machine
def load_byte(typing_context: Any, address: Any) -> Any:
    """The byte at an address."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.zext(builder.load(builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())), _I64)
    return types.uint64(types.int64), generate


@machine
def double_bits(typing_context: Any, value: Any) -> Any:
    """The bits of a double."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], _I64)
    return types.int64(types.float64), generate


@machine
def bits_double(typing_context: Any, word: Any) -> Any:
    """The double of some bits."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())
    return types.float64(types.uint64), generate


@machine
def add_shifted(typing_context: Any, address: Any, slot: Any, mantissa: Any, shift: Any) -> Any:
    """slots[slot] += mantissa << shift, where the slots are 128-bit integers at an address."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.gep(builder.inttoptr(arguments[0], _I128.as_pointer()), [arguments[1]])
        term = builder.shl(builder.sext(arguments[2], _I128), builder.zext(arguments[3], _I128))
        builder.store(builder.add(builder.load(place, align=8), term), place, align=8)
        return context.get_dummy_value()
    return types.void(types.int64, types.int64, types.int64, types.int64), generate


@machine
def add_wide(typing_context: Any, address: Any, slot: Any, low: Any, high: Any) -> Any:
    """slots[slot] += high * 2**64 + low, where the slots are 128-bit integers at an address."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.gep(builder.inttoptr(arguments[0], _I128.as_pointer()), [arguments[1]])
        upper = builder.shl(builder.zext(arguments[3], _I128), ir.Constant(_I128, 64))
        term = builder.or_(builder.zext(arguments[2], _I128), upper)
        builder.store(builder.add(builder.load(place, align=8), term), place, align=8)
        return context.get_dummy_value()
    return types.void(types.int64, types.int64, types.uint64, types.int64), generate


@machine
def leading_zeros(typing_context: Any, word: Any) -> Any:
    """How many of a word's highest bits are zero."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))
    return types.uint64(types.uint64), generate


@machine
def copy_bytes(typing_context: Any, source: Any, target: Any, length: Any) -> Any:
    """Copies bytes between addresses; they must not overlap."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        copy = builder.module.declare_intrinsic("llvm.memcpy", [pointer, pointer, _I64])
        builder.call(copy, [builder.inttoptr(arguments[1], pointer), builder.inttoptr(arguments[0], pointer),
                            arguments[2], ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()
    return types.void(types.int64, types.int64, types.int64), generate


@machine
def add_square(typing_context: Any, address: Any, slot: Any, mantissa: Any, shift: Any) -> Any:
    """slots[slot] += (mantissa << shift)**2, where the slots are 256-bit integers at an address."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(256)
        place = builder.gep(builder.inttoptr(arguments[0], wide.as_pointer()), [arguments[1]])
        factor = builder.zext(arguments[2], _I128)
        twice = builder.shl(arguments[3], ir.Constant(_I64, 1))
        term = builder.shl(builder.zext(builder.mul(factor, factor), wide), builder.zext(twice, wide))
        builder.store(builder.add(builder.load(place, align=8), term), place, align=8)
        return context.get_dummy_value()
    return types.void(types.int64, types.int64, types.int64, types.int64), generate
