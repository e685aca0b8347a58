"""What is changed, and what is left alone."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.operators import mutants


def changed(source: str, operator: str) -> set[str]:
    """Sources of all mutants of one kind."""
    found = {one.applied_to(source) for one in mutants(source) if one.operator == operator}
    assert all(ast.parse(text) for text in found)
    return found


@pytest.mark.parametrize(
    ("source", "operator", "expected"),
    [
        ("a < b", "comparison", {"(a <= b)", "(a >= b)"}),
        ("a == b", "comparison", {"(a != b)"}),
        ("a - (b + c)", "arithmetic", {"(a + (b + c))", "a - ((b - c))"}),
        ("a *= 2 if b else c", "arithmetic", {"a /= 2 if b else c"}),
        ("a or b and c", "and-or", {"(a and (b and c))", "a or (b or c)"}),
        ("x[0] + 2.5", "constant", {"x[(1)] + 2.5", "x[0] + (5.0)"}),
        ("f(a=True)", "constant", {"f(a=(False))"}),
        ("x > 1e-9", "constant", set()),
        (
            "np.minimum(a, max(b))",
            "min-max",
            {"(np.maximum(a, max(b)))", "np.minimum(a, (min(b)))"},
        ),
        ("x[t] = y[when]", "index", {"(x[t - 1]) = y[when]"}),
        ("-a if b else c", "branch", {"(c if b else -a)"}),
        ("-a if b else c", "sign", {"(a) if b else c"}),
    ],
)
def test_changes_of_an_expression(source, operator, expected):
    assert changed(source, operator) == expected


def test_a_statement_goes_where_its_names_stay_defined():
    source = "def f(x):\n    'Text.'\n    é = g(x)\n    x.a, x.b = 1, 2\n    h('ä'); return é\n"
    assert changed(source, "statement") == {
        source.replace("x.a, x.b = 1, 2", "pass"),
        source.replace("h('ä')", "pass"),
    }


def test_what_no_test_should_pin_is_left_alone():
    source = '@njit(nogil=True)\ndef f(x: A[0]) -> B[1]:\n    raise E(f"{x + 1}", 2 < 3)\n'
    assert changed(source, "statement") == {source[: source.index("raise")] + "pass\n"}
    assert len(mutants(source)) == 1


def test_a_change_knows_its_place():
    source = "class A:\n    def f(self):\n        return [g(x\n            + 1) for x in self]\n"
    one = next(one for one in mutants(source) if one.operator == "arithmetic")
    assert (one.function, one.line) == ("A.f", 3)
    assert one.applied_to(source) == source.replace("x\n            + 1", "(x - 1)")
