"""The learning curve of plain SB3: what it compares, and what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.plain_sb3 import IDLE, ON_ARRIVAL, Kept, Weeks, draw, gain, statement, write
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.ledger import PROFIT
from vpp_gym.scenarios.synthetic import SyntheticSource


@pytest.fixture(scope="module")
def weeks():
    return Weeks(SyntheticSource("validation", n_scenarios=2, days=16))


def test_gains_in_rewards_are_gains_in_profit(weeks):
    assert len(weeks) == 4
    reference = weeks.always(ON_ARRIVAL)
    row = gain(weeks.always(IDLE), reference)
    assert row["gain_eur"] < -1.0
    assert row["gain_low_eur"] < row["gain_eur"] < row["gain_high_eur"]
    assert row["reward_gain_eur"] == pytest.approx(row["gain_eur"], abs=1e-9)
    assert row["largest_difference_eur"] < 1e-9
    assert row["served_percent"] < row["on_arrival_percent"] <= 100.0


def test_charging_on_arrival_is_the_rule_of_that_name():
    """Through days that both see from an empty lot."""
    source = SyntheticSource("validation", n_scenarios=1, days=8)
    played = Weeks(source).always(ON_ARRIVAL)
    rule = "charge_on_arrival+expected_load"
    days = evaluate(rule, source.scenario(0), start_step=48, end_step=48 + 7 * 96).days
    assert played.profit_eur == pytest.approx(days[PROFIT].sum(), abs=1e-6)


def curve(seed, gains, year=None):
    rows = [
        {
            "seed": seed,
            "steps": 100 * k,
            "span": "weeks",
            "gain_eur": eur,
            "gain_low_eur": eur - 1.0,
            "gain_high_eur": eur + 1.0,
            "reward_gain_eur": eur,
            "largest_difference_eur": 1e-12,
            "served_percent": 97.0,
            "on_arrival_percent": 99.0,
            "wall_s": float(k),
        }
        for k, eur in enumerate(gains)
    ]
    if year is not None:
        rows.append({**rows[-1], "span": "year 0", "gain_eur": year, "gain_low_eur": year - 5.0})
    return rows


def test_the_statement_says_who_is_ahead_and_since_when():
    table = pd.DataFrame([*curve(0, [-9, 2, 1.5], year=3.0), *curve(1, [-9, -1, 0.5], year=-2.0)])
    said = statement(table)
    assert "After 200 steps 2 of 2 seeds earn more" in said
    assert "1 of them with a 95 % interval above zero; all of them are ahead from 200 steps" in said
    assert "+0.5 to +1.5 EUR a week" in said
    assert "-2.0 to +3.0 EUR a week, 0 of 2 with an interval above zero" in said
    behind = statement(pd.DataFrame([*curve(0, [-9, 2, -1]), *curve(1, [-9, 2, 3])]))
    assert "1 of 2 seeds" in behind
    assert "ahead from" not in behind


def test_every_seed_has_its_line():
    table = pd.DataFrame([*curve(0, [-9, 2]), *curve(1, [-9, 3])])
    (axes,) = draw(table, {"gain_eur": -9.0}).axes
    drawn = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_marker() == "o"]
    assert [line.get_ydata()[-1] for line in drawn] == [2, 3]
    assert np.isfinite(axes.get_ylim()).all()


def test_seeds_of_other_code_do_not_stand_in_one_table(tmp_path):
    seeds = [Kept(code, [1, 1, 0], []) for code in ("a", "b")]
    with pytest.raises(InvalidInputError, match="other code"):
        write(seeds, tmp_path, tmp_path)
