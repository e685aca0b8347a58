"""Runs with compiled plans are those of the policies themselves, bit for bit."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.envs.test_price_control import world
from vpp_gym.evaluation import ev as ev_world
from vpp_gym.evaluation import evaluate
from vpp_gym.evaluation.compiled import CompiledScheduler, compiled
from vpp_gym.kernels import BoundCalls, njit
from vpp_gym.params import DEFAULT, PLAIN
from vpp_gym.planning import planner
from vpp_gym.planning.kernel import plan_batch
from vpp_gym.planning.schedulers import plans_of
from vpp_gym.policies.baselines import LEARNED_NAMES, SITE_NAMES, baseline
from vpp_gym.policies.bidders import WaitAndSee
from vpp_gym.policies.climatology import Climatology, ClimatologyBidder
from vpp_gym.policies.forecasters import DayAheadAnchored, HourOfDayMean, Persistence
from vpp_gym.policies.learned import LearnedForecaster
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.scheduler import RollingScheduler, hazard_mpc, rolling_mpc
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.scenarios import SiteSource, SyntheticSource
from vpp_gym.simulation import Simulation

COMPILED = (
    "charge_on_arrival",
    "charge_on_arrival+expected_load",
    "rolling_mpc",
    "rolling_mpc_2h",
    "hazard_mpc_tariff",
    "hazard_mpc_price",
    "learned_mpc_price",
    "rolling_mpc_tariff+expected_load",
    "hazard_mpc_price+two_stage",
    "hazard_mpc_tariff+climatology",
    "hazard_mpc_tariff+wait_and_see",
    "learned_mpc_tariff+two_stage",
    "no_v2g",
    "algorithm_1_2h",
    "adaptive_mpc_price",
    "stochastic_mpc",
    "stochastic_mpc_price+expected_load",
    "algorithm_1_3h_anchored+expected_load",
)
NOT_COMPILED = (
    "charge_at_deadline",
    "tracking_mpc",
    "stochastic_learned_mpc",
)


class ByItself:
    """A policy that nothing stands in for."""

    def __init__(self, policy: Any) -> None:
        self.policy, self.name = policy, policy.name
        self.term_h, self.contract = policy.term_h, getattr(policy, "contract", None)
        self.privileged = policy.privileged
        self.asked = 0

    def predict(self, *args: Any) -> tuple[Any, Any]:
        self.asked += 1
        return self.policy.predict(*args)


def both(name: str, scenario: Any, params: Any = None, **span: int) -> tuple[Any, Any]:
    """Days and records of a policy, and of the same where nothing stands in for it."""
    alone = ByItself(baseline(name))
    runs = [
        evaluate(one, scenario, params, keep_records=True, **span)
        for one in (baseline(name), alone)
    ]
    assert alone.asked == len(runs[0].records)
    return runs[0], runs[1]


def alike(one: Any, other: Any) -> None:
    """Records and days, but for the time they took."""
    np.testing.assert_array_equal(one.records, other.records)
    timed = ["solve_ms_mean", "solve_ms_max"]
    assert one.days.drop(columns=timed).equals(other.days.drop(columns=timed))


def is_compiled(policy: Any, scenario: Any, params: Any = DEFAULT) -> bool:
    simulation = Simulation(scenario, params)
    simulation.reset()
    return compiled(policy, simulation, scenario.day) is not None


@pytest.mark.parametrize("name", COMPILED)
def test_a_run_with_compiled_plans_is_the_policys_own(name):
    scenario = world(days=3)
    assert is_compiled(baseline(name), scenario)
    alike(*both(name, scenario))


@pytest.mark.parametrize(
    ("dt_h", "params", "span"),
    [
        (1.0, PLAIN, {}),
        (1.0, DEFAULT, {"start_step": 24, "end_step": 60}),
        (0.25, DEFAULT.replace(guarantee=True), {"start_step": 37, "end_step": 250}),
        (0.25, DEFAULT.changed({"owner": {"early_departure_prob": 0.4}}), {"end_step": 192}),
        (0.25, DEFAULT.changed({"market": {"imbalance_lag_steps": 0}}), {"end_step": 192}),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "hazard_mpc_tariff+expected_load",
        "rolling_mpc_tariff",
        "algorithm_1_3h_anchored+expected_load",
        "algorithm_1_3h",
        "no_v2g",
        "charge_on_arrival",
        "stochastic_mpc",
    ],
)
def test_in_other_worlds_and_spans(name, dt_h, params, span):
    alike(*both(name, world(days=3, dt_h=dt_h), params, **span))


@pytest.mark.parametrize("name", ["hazard_mpc_tariff", "stochastic_mpc", "stochastic_mpc_price"])
def test_cars_that_taper(name):
    alike(*both(name, world(days=2, tapers=True)))


def test_a_stochastic_plan_with_more_days_than_are_remembered():
    alike(*both("stochastic_mpc_price", world(days=30)))


def test_where_compiled_code_finds_no_plan_the_policy_is_asked(monkeypatch):
    call = BoundCalls.__call__

    def fails(self: BoundCalls, kernel: Any, same: Any, *others: Any) -> None:
        if kernel is not plan_batch:
            call(self, kernel, same, *others)
            return
        failed.append(kernel)
        _, net_load_kwh, solved = others
        net_load_kwh[:] = np.nan
        solved[:] = False

    scenario, failed = world(days=2), []
    expected = evaluate(ByItself(baseline("hazard_mpc_tariff")), scenario, keep_records=True)
    monkeypatch.setattr(BoundCalls, "__call__", fails)
    found = evaluate("hazard_mpc_tariff", scenario, keep_records=True)
    assert failed
    np.testing.assert_array_equal(found.records, expected.records)


@pytest.mark.parametrize("name", NOT_COMPILED)
def test_other_policies_decide_themselves(name):
    assert not is_compiled(baseline(name), world(days=2))


def test_a_changed_forecast_or_class_is_not_taken_for_the_known_one():
    simulation = Simulation(world(days=2), DEFAULT)

    class Other(RollingScheduler):
        """One's own."""

    own = Other(name="own", forecaster=DayAheadAnchored(), term_h=0)
    assert expects(rolling_mpc(), simulation) == "anchored"
    assert expects(own, simulation) is None
    assert expects(hazard_mpc(0, HourOfDayMean()), simulation) == "by_period"
    climatology = HourOfDayMean(by_period_eur_per_kwh=np.zeros(96))
    assert expects(hazard_mpc(0, climatology), simulation) is None
    assert expects(hazard_mpc(0, Persistence()), simulation) is None
    net = LearnedForecaster().net
    changed = LearnedForecaster(net=net._replace(std=net.std * 1.01))
    assert expects(hazard_mpc(0, LearnedForecaster()), simulation) == "learned"
    assert expects(hazard_mpc(0, changed), simulation) is None
    assert expects(rolling_mpc(engine="cvxpy"), simulation) is None


def expects(scheduler: Any, simulation: Simulation) -> str | None:
    """Which forecast the compiled planner of a scheduler has; None: there is no such planner."""
    plans = plans_of(scheduler, simulation)
    return None if plans is None else plans.expects


@pytest.mark.parametrize(
    ("policy", "is_known"),
    [
        (StochasticMPC(0, n_states=3), True),
        (StochasticMPC(0, departures="law"), False),
        (StochasticMPC(0, forecaster=DayAheadAnchored()), False),
    ],
)
def test_which_stochastic_plans_are_compiled(policy, is_known):
    assert is_compiled(policy, world(days=2)) == is_known


@pytest.mark.parametrize("departures", ["declared", "law", "learnt"])
@pytest.mark.parametrize("dt_h", [0.25, 1.0])
def test_means_by_period_and_what_is_expected_of_drivers(departures, dt_h):
    """With a day that has no past, and a past longer than is remembered at quarter hours."""
    scenario = world(days=30 if dt_h == 0.25 else 3, dt_h=dt_h)
    made = partial(hazard_mpc, 0, HourOfDayMean(), departures=departures)
    assert is_compiled(made(), scenario)
    alone = evaluate(ByItself(made()), scenario, keep_records=True)
    alike(evaluate(made(), scenario, keep_records=True), alone)


def test_where_no_plan_is_found_the_policy_knows_what_was_learnt(monkeypatch):
    scenario = world(days=3)
    expected = evaluate(ByItself(baseline("adaptive_mpc")), scenario, keep_records=True)
    monkeypatch.setattr(planner, "plan_batch", no_plan)
    found = evaluate("adaptive_mpc", scenario, keep_records=True)
    np.testing.assert_array_equal(found.records, expected.records)


@njit(nogil=True)
def no_plan(
    dataset: Any,
    rules: Any,
    state: Any,
    spec: Any,
    paths: Any,
    memory: Any,
    more_eur_per_kwh: Any,
    net_load_kwh: Any,
    solved: Any,
) -> None:
    """Finds no plan for anybody."""
    solved[:] = False


def test_a_site_is_planned_by_its_policies():
    source = SiteSource(SyntheticSource("test", 1, days=2))
    scenario = source.scenario(0)
    alike(*both("charge_on_arrival", scenario))
    for name in ("rolling_mpc", *SITE_NAMES):
        assert not is_compiled(baseline(name), scenario)


def test_hours_have_no_learned_forecast_and_say_so():
    scenario = world(days=2, dt_h=1.0)
    assert not is_compiled(baseline(LEARNED_NAMES[0]), scenario)
    with pytest.raises(ValueError, match="quarters of an hour"):
        evaluate(LEARNED_NAMES[0], scenario)


def test_bidders_that_are_known_are_spared_snapshots_between_gates():
    scenario, table = world(days=3), Climatology.from_scenarios([world(days=3)])

    class Other(WaitAndSee):
        """One's own, which may look at more."""

    asked_in = ((ClimatologyBidder(table), 3), (WaitAndSee(), 4), (Other(), 3 * 96 - 4))
    for bidder, steps in asked_in:
        simulation = Simulation(scenario, DEFAULT)
        simulation.reset()
        pair = compiled(Operator(rolling_mpc(), bidder), simulation, scenario.day)
        assert pair is not None
        decides, run = pair
        assert isinstance(decides, CompiledScheduler)
        asked, state = 0, None
        snapshot = simulation.snapshot

        def counted(number: int = 0, made: Any = snapshot) -> Any:
            nonlocal asked
            asked += 1
            return made(number)

        simulation.snapshot = counted
        for _ in range(scenario.n_steps):
            decision, state = decides.predict(run.observe(), state)
            run.act(decision)
        assert asked == steps


def test_privileged_bids_need_their_own_run():
    assert not is_compiled(Operator(rolling_mpc(), WaitAndSee(noisy_oracle=0.1)), world(days=2))


def test_the_world_of_evs_is_asked(monkeypatch):
    taken = []
    own = ev_world.EVWorld.compiled
    monkeypatch.setattr(
        ev_world.EVWorld, "compiled", lambda *args: taken.append(own(*args)) or taken[-1]
    )
    evaluate("rolling_mpc", world(days=2))
    assert isinstance(taken[0][0], CompiledScheduler)
