from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.metrics import NO_CONTROL, SUMMED_UP
from vpp_gym.ledger import Ledger, Part, Term
from vpp_gym.markets.ledger import LEDGER
from vpp_gym.plots import leaderboard
from vpp_gym.plots.leaderboard import draw_leaderboard, gain_parts_eur, save_figure


@pytest.fixture
def table():
    return pd.DataFrame(
        dict.fromkeys(LEDGER.split, 0.0)
        | {
            "policy": ["charge_on_arrival", "hindsight", "mpc", "ppo", "careless"],
            "kind": ["rule", "hindsight", "optimiser", "learned", "learned"],
            "score": [0.0, 100.0, 40.0, 45.0, 60.0],
            "score_low": [0.0, 100.0, 35.0, 30.0, 50.0],
            "score_high": [0.0, 100.0, 44.0, 55.0, 66.0],
            "flexibility_score": [0.0, 100.0, 70.0, 71.0, 80.0],
            "position_eur": [10.0, 90.0, 10.0, 30.0, 10.0],
            "load_value_eur": [-200.0, -150.0, -170.0, -160.0, -140.0],
            "payoff_eur": [0.0, -4.0, -2.0, 0.0, 0.0],
            "retail_eur": [300.0, 300.0, 300.0, 300.0, 290.0],
            "shortfall_eur": [0.0, 0.0, 0.0, 0.0, -10.0],
            "demand_satisfaction": [1.0, 1.0, 1.0, 1.0, 0.9],
        }
    ).assign(profit_eur=lambda rows: rows[list(LEDGER.split)].sum(axis=1))


def test_it_reads_what_the_leaderboard_writes():
    assert set(LEDGER.split) <= set(SUMMED_UP)
    assert inspect.signature(draw_leaderboard).parameters["no_control"].default == NO_CONTROL


def test_the_parts_add_up_to_the_gain(table):
    parts = gain_parts_eur(table)
    np.testing.assert_allclose(parts.sum(axis=1), table["profit_eur"] - table["profit_eur"][0])
    names = ["flexibility", "position", "contracts", "drivers"]
    assert parts.loc[1, names].tolist() == [50.0, 80.0, -4.0, 0.0]
    assert parts.loc[4, names].tolist() == [60.0, 0.0, 0.0, -20.0]


def with_parts(n: int) -> Ledger:
    """The ledger with so many more parts, each of one term."""
    parts = [Part(f"part_{k}", f"fee {k}", "a fee") for k in range(n)]
    fees = [
        Term(f"fee_{k}_eur", "EUR", "money", part.name, "a fee") for k, part in enumerate(parts)
    ]
    return Ledger((*fees, *LEDGER.terms), (*LEDGER.parts, *parts))


def test_a_part_that_the_ledger_gains_is_drawn_in_a_colour_of_its_own(table, monkeypatch):
    monkeypatch.setattr(leaderboard, "LEDGER", with_parts(2))
    table = table.assign(fee_0_eur=-5.0, fee_1_eur=[0.0, 0.0, -1.0, 0.0, 0.0])
    table["profit_eur"] += table["fee_0_eur"] + table["fee_1_eur"]
    assert gain_parts_eur(table)["fee 1"].tolist() == [0.0, 0.0, -1.0, 0.0, 0.0]
    bars = draw_leaderboard(table).axes[1].containers
    colors = [bar.patches[0].get_facecolor() for bar in bars]
    assert len(set(colors)) == len(colors) == len(LEDGER.parts) + 2


def test_more_parts_than_colours_are_refused(table, monkeypatch):
    monkeypatch.setattr(leaderboard, "LEDGER", with_parts(5))
    with pytest.raises(InvalidInputError, match="add colours"):
        draw_leaderboard(table.assign(**{f"fee_{k}_eur": 0.0 for k in range(5)}))


def test_the_best_stands_on_top(table):
    axes = draw_leaderboard(table).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    expected = ["hindsight", "careless", "ppo", "mpc", "charge_on_arrival"]
    assert names == expected
    low, high = axes.get_ylim()
    assert low > high


def test_scores_and_intervals_are_where_they_belong(table):
    lines = draw_leaderboard(table).axes[0].lines
    drawn = [line.get_xdata() for line in lines if len(line.get_xdata()) == 2]
    assert any(np.array_equal(ends, [30.0, 55.0]) for ends in drawn)


def test_bars_reach_from_the_losses_to_the_gains(table):
    axes = draw_leaderboard(table).axes[1]
    on_top = [bar for bar in axes.patches if abs(bar.get_y() + bar.get_height() / 2) < 1e-9]
    ends = [end for bar in on_top for end in (bar.get_x(), bar.get_x() + bar.get_width())]
    assert (min(ends), max(ends)) == (-4.0, 130.0)


def test_a_bet_won_in_hindsight_is_cut_and_its_gain_written(table):
    table.loc[1, ["position_eur", "profit_eur"]] += 15_000.0
    axes = draw_leaderboard(table).axes[1]
    assert axes.get_xlim()[1] < 500
    assert [text.get_text() for text in axes.texts] == ["15,126 \u25b8"]


def test_a_hopeless_score_does_not_squeeze_the_others(table):
    table.loc[3, ["score", "score_low", "score_high"]] = -4_000.0
    axes = draw_leaderboard(table).axes[0]
    assert axes.get_xlim()[0] == -100.0
    assert "\u22124000.0" in [text.get_text() for text in axes.texts]


def test_unknown_scores_and_intervals_are_left_out(table):
    table.loc[2, ["score", "score_low", "score_high"]] = np.nan
    figure = draw_leaderboard(table.drop(columns=["flexibility_score", "demand_satisfaction"]))
    assert "n/a" in [text.get_text() for text in figure.axes[0].texts]


def test_the_no_control_policy_alone_can_be_drawn(table):
    assert len(draw_leaderboard(table.iloc[:1]).axes) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda rows: rows.drop(columns="score_low"), "table"),
        (lambda rows: rows.iloc[:0], "table"),
        (lambda rows: rows.assign(kind="magic"), "table.kind"),
        (lambda rows: rows.iloc[1:], "no_control"),
    ],
)
def test_a_table_that_cannot_be_drawn_is_refused(table, change, field):
    with pytest.raises(InvalidInputError) as refusal:
        draw_leaderboard(change(table))
    assert refusal.value.field == field


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_saved_figure_has_the_same_bytes_each_time(table, tmp_path, ending):
    paths = [save_figure(draw_leaderboard(table), tmp_path / f"new/{i}.{ending}") for i in "ab"]
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert len(first) > 5_000


def test_another_ending_is_refused(table, tmp_path):
    with pytest.raises(InvalidInputError, match=r"\.png or \.svg"):
        save_figure(draw_leaderboard(table), tmp_path / "figure.gif")
