"""Plans of a step in memory that is made once, and the prices that a batch carries on."""

from __future__ import annotations

import numpy as np
import pytest

from tests.envs.test_api import busy_world
from vpp_gym.params import as_params
from vpp_gym.planning.kernel import plan_batch, sort_dearest, step_memory
from vpp_gym.planning.past import half_spread_at, past_of
from vpp_gym.planning.planner import BuiltInPlanner
from vpp_gym.simulation import Simulation
from vpp_gym.solvers.stay import dearest_first

TRUE_TO_THEIR_WORD = {"owner": {"early_departure_prob": 0.0}}


def test_steps_are_sorted_the_same_whatever_was_sorted_before():
    rng, memory = np.random.default_rng(0), step_memory(2, 40, 0, False)
    at = 0
    for _ in range(300):
        at += int(rng.choice([-50, 0, 1, 1, 1, 3, 60]))
        buy = rng.integers(-3, 4, int(rng.integers(1, 41))) * 0.1  # many equal prices
        sort_dearest(at, buy, memory)
        np.testing.assert_array_equal(memory.order[: len(buy)], dearest_first(buy))


def simulation_at(params, starts):
    """Runs of one world of 34 days, longer than what is remembered."""
    simulation = Simulation([busy_world(96 * 34, 0.25)], as_params(params), n_envs=len(starts))
    simulation.reset(start_step=list(starts))
    return simulation


@pytest.mark.parametrize("params", [{}, TRUE_TO_THEIR_WORD])
@pytest.mark.parametrize("planner", ["hazard_mpc", "learned_mpc"])
def test_a_batch_plans_as_each_run_by_itself_begun_anew(planner, params):
    """What was planned and expected before leaves no trace."""
    starts = (96 * 30, 5, 96 * 29 + 40)
    simulation = simulation_at(params, starts)
    kept = BuiltInPlanner(planner, simulation, simulation.params)
    planned = 0
    for _ in range(60):
        as_planned = np.zeros((len(starts), 2))
        loads = kept.net_load_kwh(simulation, as_planned)
        fresh = BuiltInPlanner(planner, simulation, simulation.params)
        np.testing.assert_array_equal(loads, fresh.net_load_kwh(simulation, as_planned))
        for name in ("da", "short", "long"):
            one, other = (getattr(each.paths, name)[:, :96] for each in (kept, fresh))
            np.testing.assert_array_equal(one, other)
        planned += int((loads != 0.0).sum())
        simulation.advance(loads, checked=True)
    assert planned


def test_an_ev_without_a_choice_needs_no_plan():
    simulation = simulation_at({}, (96 * 30,))
    planner = BuiltInPlanner("hazard_mpc", simulation, simulation.params)
    for _ in range(40):
        simulation.advance(planner.net_load_kwh(simulation, np.zeros((1, 2))), checked=True)
    planner.expect(simulation)
    simulation.state.ev["lo_kwh"] = simulation.state.ev["hi_kwh"]
    for path in (planner.paths.short, planner.paths.long):
        path[:] = np.nan  # no plan can be made with these
    loads, solved = np.zeros((1, simulation.n_chargers)), np.zeros(1, np.bool_)
    memory = step_memory(simulation.n_chargers, planner.paths.da.shape[1], 0, True)
    world = simulation.dataset, simulation.rules, simulation.state
    plan_batch(*world, planner.spec, planner.paths, memory, np.zeros((1, 2)), loads, solved)
    here = simulation.state.occupied
    assert here.any()
    assert solved.all()
    np.testing.assert_array_equal(loads[here], simulation.state.ev["hi_kwh"][here])


def test_the_mean_spread_of_any_past_is_numpys_to_the_bit():
    dataset = simulation_at({}, (0,)).dataset
    past = past_of(dataset)
    steps = dataset.steps
    short = steps["short_eur_per_kwh"]
    half = short - 0.5 * (short + steps["long_eur_per_kwh"])
    for t in (1, 7, 80, 88, 300, 2000, *range(96 * 28, 96 * 34, 13), 2689, 2688):
        since = max(0, t - 96 * 28)
        assert half_spread_at(since, t, past) == half[since:t].mean()
    assert half_spread_at(5, 5, past) == 0.0
