"""Who gains and who loses from an offer, on a few days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import wear
from benchmarks.wear import NONE, OFFERS, STEPS_H, WEARS, Outcome, contract_of, params_of, play
from vpp_gym.evaluation import evaluate
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.scenarios.synthetic import SyntheticSource


@pytest.fixture(scope="module")
def scenario():
    return SyntheticSource("validation", days=6, dt_h=1.0).scenario(0)


@pytest.mark.parametrize("name", ["menu 3 h", "tariff", "price"])
def test_owners_of_all_types_are_paid_what_the_ledger_says(scenario, name):
    found = play(name, 0.02, scenario, None)
    contract = contract_of(name, 0.02)
    days = evaluate(rolling_mpc(None, contract=contract), scenario, params_of(0.02)).days
    assert found.paid_eur.sum() == pytest.approx(-days["payoff_eur"].sum())
    assert found.wear_eur.sum() == pytest.approx(days["wear_eur"].sum())
    value_eur = days["profit_eur"].sum() - days["position_eur"].sum()
    assert found.value_eur == pytest.approx(value_eur)
    assert found.contracts == days["contracts"].sum() > 0


def test_the_tariff_rises_with_the_wear():
    rates = [contract_of("tariff", one)["control_based"]["tariff_eur_per_kwh"] for one in (1, 3)]
    assert rates[1] == pytest.approx(3 * rates[0])


def test_the_table_says_who_loses():
    without = Outcome(100.0, np.zeros(5), np.zeros(5), 0.0, 0.0)
    paid = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    losing = replace(without, value_eur=107.0, paid_eur=paid, wear_eur=np.array([0, 0, 3, 5, 9.0]))
    outcomes = {task: without if task.offer == NONE else losing for task in wear.tasks(2)}
    table = wear.rows(outcomes)
    assert len(table) == len(STEPS_H) * len(WEARS) * (len(OFFERS) - 1)
    row = table[0]
    assert (row["vpp_eur"], row["owners_eur"], row["together_eur"]) == (7.0, -2.0, 5.0)
    assert row["losing_types"] == "1.25, 1.5"
    assert row["losers_%"] == pytest.approx(40)
    assert row["worlds_with_a_gain"] == "2 of 2"


def test_the_table_is_written_by_one_command(tmp_path, monkeypatch):
    made = Outcome(1.0, np.zeros(5), np.zeros(5), 0.0, 0.0)
    monkeypatch.setattr(wear, "make", lambda task: made)
    wear.main(worlds=1, jobs=0, out=tmp_path)
    page = (tmp_path / "wear.md").read_text()
    assert "Made by `python -m benchmarks.wear --worlds 1`" in page
    assert (tmp_path / "wear.csv").read_text().startswith("step_h,wear,offer,vpp_eur")
