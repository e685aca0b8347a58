"""Numbers by which threads wait for each other in compiled code, without the interpreter.

A thread that waits in the interpreter is woken some 30 microseconds late, which is as long as
the step of a small batch takes. One that waits here sees a number change at once. Each number
is a place in an array of int64; it is read and written as a whole, and who sees it changed sees
all that was written to memory before. Only kernels call these; in plain Python there is `taken`
alone.
"""

from __future__ import annotations

import platform
import threading
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from vpp_gym.arrays import Ints
from vpp_gym.kernels import COMPILED

emitted: Any = intrinsic
"""`intrinsic` for the type checker: kernels call the function without its first argument."""
ONE_AT_A_TIME = threading.Lock()
"""Of threads that run as plain Python."""
INT32, INT64 = ir.IntType(32), ir.IntType(64)
YIELD = 1
"""The hint of an ARM processor that a thread only waits."""
PAUSES = {
    "x86_64": ("llvm.x86.sse2.pause", ()),
    "amd64": ("llvm.x86.sse2.pause", ()),
    "aarch64": ("llvm.aarch64.hint", (YIELD,)),
    "arm64": ("llvm.aarch64.hint", (YIELD,)),
}
"""What leaves the processor's units to its other thread for a moment, by machine."""


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Pointer to a place in an array: the first two arguments."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    at = [context.cast(builder, args[1], signature.args[1], types.intp)]
    return cgutils.get_item_pointer(
        context, builder, signature.args[0], array, at, wraparound=False, boundscheck=False
    )


@emitted
def seen(typing_context: Any, numbers: Any, place: Any) -> Any:
    """The number at a place of (n,) int64 numbers."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature, args), "acquire", 8)

    return types.int64(numbers, place), code


@emitted
def shown(typing_context: Any, numbers: Any, place: Any, number: Any) -> Any:
    """Write a number to a place; returns the one that was there."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at, value = _place(context, builder, signature, args), args[2]
        value = context.cast(builder, value, signature.args[2], types.int64)
        return builder.atomic_rmw("xchg", at, value, "acq_rel")

    return types.int64(numbers, place, number), code


@emitted
def swapped(typing_context: Any, numbers: Any, place: Any, before: Any, after: Any) -> Any:
    """Write a number to a place if another one is there; returns whether it was."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at, kinds = _place(context, builder, signature, args), signature.args
        old, new = (context.cast(builder, args[k], kinds[k], types.int64) for k in (2, 3))
        return builder.extract_value(builder.cmpxchg(at, old, new, "acq_rel", "acquire"), 1)

    return types.boolean(numbers, place, before, after), code


def _taken(typing_context: Any, numbers: Any, place: Any) -> Any:
    """The number at a place, which is one larger from then on: each thread gets another one."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = _place(context, builder, signature, args)
        return builder.atomic_rmw("add", at, INT64(1), "acq_rel")

    return types.int64(numbers, place), code


def _taken_in_turn(numbers: Ints, place: int) -> int:
    """The same in plain Python."""
    with ONE_AT_A_TIME:
        number = int(numbers[place])
        numbers[place] += 1
    return number


taken: Any = emitted(_taken) if COMPILED else _taken_in_turn


@emitted
def pause(typing_context: Any) -> Any:
    """Wait for some ten nanoseconds."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name, numbers = PAUSES.get(platform.machine().lower(), ("llvm.donothing", ()))
        kind = ir.FunctionType(ir.VoidType(), [INT32] * len(numbers))
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [INT32(number) for number in numbers])
        return context.get_dummy_value()

    return types.void(), code


@emitted
def address_of(typing_context: Any, array: Any, row: Any) -> Any:
    """Where a row of an array lies in memory."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        made = context.make_array(kind)(context, builder, args[0])
        at = [context.cast(builder, args[1], signature.args[1], types.intp)]
        at += [context.get_constant(types.intp, 0)] * (kind.ndim - 1)
        place = cgutils.get_item_pointer(
            context, builder, kind, made, at, wraparound=False, boundscheck=False
        )
        return builder.ptrtoint(place, INT64)

    return types.int64(array, row), code


@emitted
def rows_at(typing_context: Any, address: Any, rows: Any, like: Any) -> Any:
    """The table of so many rows at an address, of the kind and width of another table.

    Whoever owns the memory must keep it.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.return_type
        other = context.make_array(kind)(context, builder, args[2])
        table = context.make_array(kind)(context, builder)
        n_rows = context.cast(builder, args[1], signature.args[1], types.intp)
        shape = cgutils.unpack_tuple(builder, other.shape, kind.ndim)
        populate_array(
            table,
            data=builder.inttoptr(args[0], other.data.type),
            shape=[n_rows, *shape[1:]],
            strides=cgutils.unpack_tuple(builder, other.strides, kind.ndim),
            itemsize=other.itemsize,
            meminfo=None,
        )
        return table._getvalue()

    return like(types.int64, rows, like), code
