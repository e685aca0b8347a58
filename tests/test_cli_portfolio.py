"""`vpp-gym portfolio`: means of many runs, whose rows stay in a folder."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from vpp_gym.cli import app

FEW = ("--days", "1", "--workers", "0", "--scenario", "synthetic:validation")


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["portfolio", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


def test_means_by_policy_the_best_first(tmp_path):
    found = json.loads(run("no_v2g", "charge_on_arrival", *FEW, "--json"))
    assert set(found) == {"no_v2g", "charge_on_arrival"}
    profits = [row["profit_eur"] for row in found.values()]
    assert profits == sorted(profits, reverse=True)
    assert all(row["runs"] == row["days"] > 1 for row in found.values())
    assert all(0 < row["demand_satisfaction"] <= 1 for row in found.values())


def test_what_a_folder_has_is_not_made_again(tmp_path):
    out = tmp_path / "rows"
    assert "0 earlier runs" in " ".join(run("no_v2g", *FEW, "--out", out).split())
    assert "Rows of 0 new" in run("no_v2g", *FEW, "--out", out)
    changed = run("no_v2g", *FEW, "--out", out, "--set", "site.n_chargers=3", code=2)
    assert "take another folder" in changed


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("no_v2gs",), "use one of"),
        (("no_v2g", "--engine", "rays"), "did you mean ray"),
        (("no_v2g", "--workers", "-1"), "give 0 or more"),
        (("no_v2g", "--scenario", "synthetic:tests"), "did you mean synthetic:test"),
        (("no_v2g", "no_v2g"), "a name of its own"),
    ],
)
def test_bad_words_have_a_remedy(words, remedy):
    assert remedy in " ".join(run(*FEW, *words, code=2).split())
