"""Names from outside, before they become paths, cells and Markdown."""

from __future__ import annotations

import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.names import cell_markdown, cell_text, checked_name


@pytest.mark.parametrize("name", ["ppo", "ppo_real-2", "a.b+c", "7", "Müller", "x" * 100])
def test_plain_names_pass(name):
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../up", "a/b", "a\\b", "-rf", "+1", "=1", "a b", "a\n", "a|b", "<b>", "a\0",
     "x" * 101, None, 7, "~", "C:", "a\u202eb"],
)  # fmt: skip
def test_other_names_are_refused(name):
    with pytest.raises(InvalidInputError, match="letters, digits"):
        checked_name(name, "policy")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<img src=x onerror=y>|a\nb", "\\<img src=x onerror=y>\\|a b"),
        ("`c` [d](e) ![f](g) &lt; &#60;", "\\`c\\` \\[d](e) !\\[f](g) \\&lt; \\&#60;"),
        ("</td><!-- x -->", "\\</td>\\<!-- x -->"),
        ("\\|", "\\\\\\|"),
        ("hazard_mpc+two_stage †", "hazard_mpc+two_stage †"),
        ("1.5 [0.5, 2.5]", "1.5 [0.5, 2.5]"),
        ("< 0.05", "< 0.05"),
    ],
)
def test_a_cell_shows_a_text_as_it_is(text, shown):
    assert cell_markdown(text) == shown


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "  =1", "\r=1"])
def test_formulas_become_text(text):
    assert cell_text(text) == f"'{text}"
    assert cell_text(f"a{text}") == f"a{text}"
