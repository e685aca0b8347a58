"""Compiled kernels give what they always gave, bit for bit what plain Python gives."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import trajectories
from tests.kernels.programs import compiled, python
from tests.kernels.written import kernel_options, with_kernels
from vpp_gym.kernels import COMPILED, bind, by_field, njit, records, sums, total


@pytest.mark.parametrize("name", trajectories.RUNS)
def test_runs_add_up_to_what_they_always_did(name: str):
    kept = trajectories.reference()
    kept = kept[kept["run"] == name]
    assert len(kept) > 10
    terms = trajectories.terms(name)
    for row in kept.itertuples():
        values = terms[row.term]
        assert values.sum() == pytest.approx(row.sum, rel=1e-9, abs=1e-6), row.term
        weighted = values @ np.arange(1.0, len(values) + 1.0)
        assert weighted == pytest.approx(row.weighted, rel=1e-9, abs=1e-4), row.term


@compiled
@pytest.mark.slow
def test_plain_python_gives_the_same_bits():
    words = ("-m", "tests.trajectories", "--digests")
    assert json.loads(python(*words, NUMBA_DISABLE_JIT="1")) == trajectories.digests()


@pytest.mark.parametrize("n", [0, 3, 7, 8, 12, 21])
def test_sums_are_rounded_as_numpy_rounds_them(n):
    table = np.random.default_rng(n).normal(size=(50, 25)) * 10.0 ** np.arange(-12, 13)
    result = np.empty(50)
    sums(table, n, result)
    np.testing.assert_array_equal(result, table[:, :n].sum(axis=1))


def test_total_adds_from_the_first_to_the_last():
    values = np.random.default_rng(0).normal(size=1000)
    one_by_one = 0.0
    for value in values.tolist():
        one_by_one += value
    assert total(values) == one_by_one != values.sum()
    assert total(values[:0]) == 0.0


def test_a_bound_kernel_does_what_the_kernel_does():
    values = np.arange(5.0)
    bound = bind(total, values)
    assert bound(values) == bound(np.ones(5)) + 5.0 == total(values)
    assert (bound is total) != COMPILED


def test_records_are_read_by_field():
    dtype = np.dtype([("energy_kwh", np.float64), ("session", np.int64)])
    table = records((2, 3), dtype)
    assert table.shape == (2, 3)
    assert not table["energy_kwh"].any()
    wrapped = by_field(np.ones(1, dtype=dtype))
    assert add_fields(wrapped[0]) == 2.0
    assert wrapped["session"][0] == 3


@njit
def add_fields(record: Any) -> float:
    result = record.energy_kwh + record.session
    record.session = 3
    return result


ROUNDED_OTHERWISE = {
    *("sum", "mean", "prod", "std", "var", "dot", "trapezoid"),
    *("exp", "expm1", "log", "log1p", "power", "hypot", "sin", "cos", "tan", "tanh", "arctan2"),
}
"""Methods and functions of NumPy that round differently where Numba compiles them."""


def test_kernels_use_nothing_that_plain_python_does_otherwise():
    for module, tree in with_kernels():
        for node in ast.walk(tree):
            if kernel_options(node) is not None:
                found = list(done_otherwise(node))
                assert not found, f"{module}.{node.name}: {found}"


def done_otherwise(kernel: ast.AST) -> Iterator[str]:
    """Whole numbers are exact either way, but which are whole is not in the source.

    A field may have the name of a method, as long as it is not called.
    """
    called = {node.func for node in ast.walk(kernel) if isinstance(node, ast.Call)}
    for node in ast.walk(kernel):
        if isinstance(node, ast.Attribute) and node.attr in ROUNDED_OTHERWISE:
            owner = ast.unparse(node.value)
            if owner == "np" or (owner != "math" and node in called):
                yield ast.unparse(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.MatMult):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("sort"):
            stable = any(ast.unparse(word) == "kind='mergesort'" for word in node.keywords)
            yield from () if stable else (ast.unparse(node),)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("x.sum()", 1),
        ("(x - net.mean) / net.std", 0),
        ("reduced(np.sum, x)", 1),
        ("np.exp(x) + math.exp(x)", 1),
        ("x**2 @ y", 2),
        ("np.argsort(x)", 1),
        ("np.argsort(x, kind='mergesort')", 0),
    ],
)
def test_what_is_done_otherwise_is_recognised(code: str, found: int):
    assert len(list(done_otherwise(ast.parse(code)))) == found
