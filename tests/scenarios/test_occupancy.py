"""Cars at once and cars turned away, against the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.markets.ledger import COLUMN
from vpp_gym.params import DEFAULT
from vpp_gym.scenarios.occupancy import occupancy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions


def idle_turned_away(scenario: Scenario, params) -> int:
    simulation = Simulation(scenario, params)
    simulation.reset()
    nothing = Decisions(net_load_kwh=np.zeros(params.site.n_chargers))
    records = [simulation.step(nothing)[0] for _ in range(scenario.n_steps)]
    return int(np.sum(records, axis=0)[COLUMN.turned_away])


@pytest.mark.parametrize("n_chargers", [1, 3, 8, 14])
def test_cars_turned_away_are_those_of_the_simulator(n_chargers):
    scenario = SyntheticSource("train", days=14, dt_h=1.0).scenario(0)
    params = DEFAULT.replace(site={"n_chargers": n_chargers}, guarantee=False)
    found = occupancy(scenario, params)
    assert found.turned_away == idle_turned_away(scenario, params) > 0
    assert found.cars == len(scenario.sessions)


def test_as_many_chargers_as_cars_at_once_turn_nobody_away():
    scenario = SyntheticSource("train", days=14).scenario(1)
    most = occupancy(scenario, DEFAULT).most
    enough = DEFAULT.replace(site={"n_chargers": most})
    short = DEFAULT.replace(site={"n_chargers": most - 1})
    assert occupancy(scenario, enough).turned_away == 0
    assert occupancy(scenario, short).turned_away > 0


def test_two_cars_one_charger_by_hand():
    """The second comes when the first leaves, the third while the second is there."""
    sessions = {"arrival_step": [0, 2, 3], "departure_step": [2, 4, 5], "arrival_soc": [0.5] * 3}
    world = Scenario.from_arrays(
        da_eur_per_kwh=np.full(24, 0.05), im_eur_per_kwh=np.full(24, 0.05), sessions=sessions
    )
    found = occupancy(world, _certain(1))
    assert (found.most_declared, found.most, found.turned_away) == (2, 2, 1)


def _certain(n_chargers: int):
    owner = {"early_departure_prob": 0, "late_departure_prob": 0}
    return DEFAULT.replace(site={"n_chargers": n_chargers}, owner=owner)
