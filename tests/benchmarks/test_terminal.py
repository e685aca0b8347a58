"""The table in terminals of different widths."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.terminal import folded, terminal_table
from vpp_gym.evaluation.tables import COLUMNS, whole

LONG = "ppo_synthetic_microgrid_volumes_rewards"
COLUMNS_SHOWN = {
    **{name: COLUMNS[name] for name in ("Rank", "Policy", "Profit EUR", "Score [95 %]")},
    "V2G kWh": lambda row: whole(row["v2g_kwh"]),
    "A heading of many words": lambda row: whole(row["v2g_kwh"]),
}


def row(rank: int, policy: str) -> dict:
    return {
        "rank": rank,
        "policy": policy,
        "privileged": policy == "hindsight",
        "profit_eur": -36_077.0,
        "score": -1267.2,
        "score_low": -2605.7,
        "score_high": -783.6,
        "v2g_kwh": 99_656.0,
    }


def printed(width: int) -> str:
    rows = [row(1, LONG), row(2, "article"), row(3, "hindsight")]
    console = Console(file=io.StringIO(), width=width)
    console.print(terminal_table(rows, COLUMNS_SHOWN, title="toy", width=width))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [68, 80, 100, 120, 200])
def test_nothing_is_cut_off(width):
    text = printed(width)
    assert "\u2026" not in text
    assert max(map(len, text.splitlines())) <= width
    for part in ("-36,077", "-1267.2 [-2605.7, -783.6]", "article", "hindsight †"):
        assert part in text
    for part in LONG.split("_"):
        assert part in text


def test_columns_at_the_end_go_first_and_come_back_with_room():
    assert "99,656" not in printed(68)
    assert printed(80).count("99,656") == 3
    assert "many" not in printed(80)
    assert printed(120).count("99,656") == 6
    assert LONG in printed(120)
    assert LONG not in printed(80)


@pytest.mark.parametrize("width", [8, 14, 20, 60])
def test_a_folded_name_is_the_name_in_pieces(width):
    lines = folded(LONG, width).split("\n")
    assert "".join(line.strip() for line in lines) == LONG
    words = max(len(part) for part in LONG.split("_")) + 3
    assert all(len(line) <= max(width, words) for line in lines)
    assert folded("stochastic_mpc+expected_load", 15) == "stochastic_mpc+\n  expected_load"
