"""A table of mean spreads, bet at the bid limit, on the published boards.

On the operations board a bet is nothing; on the market board it earns no more than the cars could
back that are there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.leaderboard import RESULTS
from benchmarks.results import read
from vpp_gym.evaluation.metrics import NO_CONTROL
from vpp_gym.params import DEFAULT
from vpp_gym.policies.climatology import MONTHS, month_of
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation

BETS = "+climatology"
WORLD = 0


@pytest.mark.parametrize("suite", ["embedded", "real"])
def test_a_table_alone_is_not_in_the_upper_half_of_operations(suite):
    rows = read(RESULTS / f"{suite}.json")["boards"]["operations"]
    names = [row["policy"] for row in rows if not row["privileged"]]
    assert not any(name.endswith(BETS) for name in names)
    rank = 1 + names.index(NO_CONTROL)  # it dispatches where the table alone bids
    assert rank > len(names) / 2


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    one: Scenario = SyntheticSource("test", WORLD + 1, dt_h=0.25).scenario(WORLD)
    return one


@pytest.fixture(scope="module")
def connected_kwh(scenario) -> np.ndarray:
    """(2, T) kWh that the cars connected in each step could take, and give had all a contract."""
    sim = Simulation(scenario, DEFAULT)
    sim.reset()
    power = np.zeros((2, scenario.n_steps))
    for step in range(scenario.n_steps):
        snapshot = sim.snapshot()
        power[:, step] = snapshot.charge_kw.sum(), snapshot.discharge_kw.sum()
        sim.advance(sim.hi_kwh, checked=True)
    return power * scenario.dt_h


@pytest.fixture(scope="module")
def gained_eur() -> dict[str, float]:
    """What the table earned in one year of the published board, by dispatcher."""
    weeks = pd.read_csv(RESULTS / "embedded_weeks.csv")
    of_year = weeks[weeks["world"] == WORLD].groupby("policy")["position_eur"].sum()
    return {
        name.removesuffix(BETS): of_year[name] - of_year[name.removesuffix(BETS)]
        for name in of_year.index
        if name.endswith(BETS)
    }


def best_table_eur(scenario: Scenario, energy_kwh: np.ndarray, gain_eur: np.ndarray) -> np.ndarray:
    """(12 * 96,) what all of the energy would have earned in each month and quarter."""
    cell = month_of(scenario.clock) * scenario.periods_per_day + scenario.period
    size = MONTHS * scenario.periods_per_day
    return np.bincount(cell, weights=energy_kwh * gain_eur, minlength=size)


def test_a_table_earns_no_more_than_the_best_one_with_the_cars_that_were_there(
    scenario, connected_kwh, gained_eur
):
    """The best table of this very year buys what the cars could take, or sells what they could
    give, in each month and quarter; at the better of two prices, where there are two.
    """
    takes, gives = connected_kwh
    bought = best_table_eur(
        scenario, takes, scenario.im_short_eur_per_kwh - scenario.da_eur_per_kwh
    )
    sold = best_table_eur(scenario, gives, scenario.da_eur_per_kwh - scenario.im_long_eur_per_kwh)
    without_contracts = np.maximum(bought, 0).sum()
    with_contracts = np.maximum(np.maximum(bought, sold), 0).sum()
    print({"buys": without_contracts, "buys or sells": with_contracts, **gained_eur})  # noqa: T201
    assert 0 < gained_eur[NO_CONTROL] < without_contracts
    assert len(gained_eur) > 1
    assert all(0 < gained < with_contracts for gained in gained_eur.values())
