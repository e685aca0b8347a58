"""Memory that a kernel will need soon is fetched while it works on something else.

The processor foresees by itself what lies in a row. The records of the cars that are connected
do not: each waits for its lines where a lot has more cars than the processor's caches hold.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from vpp_gym.kernels import COMPILED, LINE_BYTES

READ, KEEP, DATA = 0, 3, 1
"""What the processor is told: it is read, and stays in the nearest cache, and is no code."""


def _fetch(typing_context: Any, table: Any, row: Any, column: Any, line: Any) -> Any:
    """Fetch a line of memory of a record of a (B, N) table, and do not wait for it."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind, byte, number = signature.args[0], ir.IntType(8), ir.IntType(32)
        made = context.make_array(kind)(context, builder, args[0])
        at = [context.cast(builder, args[k], signature.args[k], types.intp) for k in (1, 2)]
        record = cgutils.get_item_pointer(
            context, builder, kind, made, at, wraparound=False, boundscheck=False
        )
        lines = context.cast(builder, args[3], signature.args[3], types.intp)
        first = builder.bitcast(record, byte.as_pointer())
        place = builder.gep(first, [builder.mul(lines, lines.type(LINE_BYTES))])
        asked = ir.FunctionType(ir.VoidType(), [first.type, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [first.type], asked)
        builder.call(function, [place, number(READ), number(KEEP), number(DATA)])
        return context.get_dummy_value()

    return types.void(table, row, column, line), code


def _nothing(table: Any, row: int, column: int, line: int) -> None:
    """In plain Python nothing is fetched."""


fetch: Any = intrinsic(_fetch) if COMPILED else _nothing
