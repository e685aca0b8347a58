"""Names from outside, before they become paths, cells and Markdown."""

from __future__ import annotations

import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.names import cell_text, checked_name, markdown_text


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


def test_markdown_shows_a_text_as_it_is():
    text = "<img src=x onerror=y>|a\nb `c` [d](e) & *f*"
    shown = markdown_text(text)
    assert "\n" not in shown
    assert not [sign for k, sign in enumerate(shown) if sign in "<>|`[]&*" and shown[k - 1] != "\\"]
    assert markdown_text("hazard_mpc+two_stage") == "hazard_mpc+two_stage"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "  =1", "\r=1"])
def test_formulas_become_text(text):
    assert cell_text(text) == f"'{text}"
    assert cell_text(f"a{text}") == f"a{text}"
