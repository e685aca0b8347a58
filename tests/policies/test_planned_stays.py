"""Stays planned in compiled code are those of the solvers, bit for bit; and the best bids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.policies.test_hindsight import OFFERS, STANDBY, TAPER, UNCERTAIN, world
from tests.simulation.test_guarantee import random_tapers
from vpp_gym.params import DEFAULT, PLAIN
from vpp_gym.planning.stays import plan_arrivals
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.hindsight import Hindsight, _best_bids_kwh
from vpp_gym.policies.planned_stays import PlannedStays
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation


class BySolvers(PlannedStays):
    """Has every stay planned as if compiled code had found no plan."""

    asked = 0

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        call = self._call

        def fails(kernel: Any, same: tuple[Any, ...]) -> None:
            call(kernel, same)
            if kernel is plan_arrivals:
                self._lose_plans()

        self._call = fails

    def _lose_plans(self) -> None:
        state = self._simulation.state
        new = state.occupied[0] & (state.ev["arrival"][0] == state.run["position"][0])
        self._followed.plans[new, :-1] = np.nan
        self._followed.solved[0] = not new.any()

    def _plan_by_solvers(self) -> None:
        self.asked += 1
        super()._plan_by_solvers()


def planned(
    kind: type[PlannedStays], scenario: Scenario, params: Any, start: int, end: int
) -> tuple[list[np.ndarray], PlannedStays]:
    """Loads of every step of a run."""
    simulation = Simulation(scenario, params)
    simulation.reset(0, start, end)
    stays = kind(simulation, end)
    return [stays.advance() for _ in range(end - start)], stays


def alike(scenario: Scenario, params: Any, start: int = 0, end: int | None = None) -> None:
    span = start, scenario.n_steps if end is None else end
    found, by_kernel = planned(PlannedStays, scenario, params, *span)
    expected, by_solvers = planned(BySolvers, scenario, params, *span)
    assert [one.tobytes() for one in found] == [one.tobytes() for one in expected]
    assert by_kernel.repair_kwh == by_solvers.repair_kwh
    assert by_solvers.asked > 0
    assert any(one.any() for one in found)


@pytest.mark.parametrize("taper", [(), TAPER])
@pytest.mark.parametrize("guarantee", [False, True])
@pytest.mark.parametrize("offer", [*OFFERS, None])
def test_compiled_plans_are_those_of_the_solvers(offer, guarantee, taper):
    params = UNCERTAIN.replace(guarantee=guarantee, battery={"taper": taper})
    params = with_offer(Hindsight(None, contract=OFFERS.get(offer)), params)
    for seed, end in ((0, None), (1, 65)):
        alike(world(seed, days=4, per_day=16), params, end=end)


@pytest.mark.parametrize("guarantee", [False, True])
@pytest.mark.parametrize(
    "changes",
    [
        {"site": STANDBY},
        {"site": {"n_chargers": 2, "charge_eff": 1.0, "discharge_eff": 1.0}},
        {"market": {"imbalance_pricing": "dual"}},
        {"driver": {"shortfall_eur_per_kwh": 0.01, "retail_eur_per_kwh": 0.0}},
    ],
)
def test_in_other_worlds(changes, guarantee):
    params = PLAIN.replace(**changes, guarantee=guarantee)
    alike(world(3, days=3, per_day=16), params, start=5)


@pytest.mark.parametrize("dt_h", [0.25, 1 / 12])
@pytest.mark.parametrize("guarantee", [False, True])
def test_in_short_steps_where_some_cars_taper(dt_h, guarantee):
    year = SyntheticSource("train", 1, dt_h=dt_h, days=2).scenario(0)
    tapers = random_tapers(np.random.default_rng(0), len(year.sessions))
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=year.da_eur_per_kwh,
        im_short_eur_per_kwh=year.im_short_eur_per_kwh,
        im_long_eur_per_kwh=year.im_long_eur_per_kwh,
        sessions={**vars(year.sessions), **tapers},
        dt_h=dt_h,
    )
    hybrid = Hindsight(None, contract=OFFERS["hybrid"])
    alike(scenario, with_offer(hybrid, DEFAULT.replace(guarantee=guarantee)))


def test_a_run_without_cars_has_nothing_to_plan():
    sessions = {"arrival_step": [10], "departure_step": [20], "arrival_soc": [0.5]}
    prices = {"da_eur_per_kwh": np.full(24, 0.1), "im_eur_per_kwh": np.full(24, 0.1)}
    scenario = Scenario.from_arrays(**prices, sessions=sessions)
    loads, stays = planned(PlannedStays, scenario, PLAIN, 0, 10)
    assert [len(one) for one in loads] == [0] * 10
    assert stays.repair_kwh == 0.0


@pytest.mark.parametrize(
    ("da", "best"),
    [
        (0.05, -40.0),  # below the long price: buy all that may be bought, and be long
        (0.35, 30.0),  # above the short price: sell all that may be sold, and be short
        (0.20, -7.0),  # between them cover the load
    ],
)
def test_best_bids_are_bounds_or_the_load(da, best):
    prices = (np.array([one, one]) for one in (da, 0.30, 0.10))
    load, least, most = np.array([7.0, 50.0]), np.full(2, -40.0), np.full(2, 30.0)
    covered = -40.0 if da < 0.3 else 30.0
    np.testing.assert_array_equal(_best_bids_kwh(*prices, load, least, most), [best, covered])
