"""A guarantee serves every target that can be reached, whatever is decided and however cars charge.

pytest tests/simulation/test_guarantee.py --hypothesis-profile=search    10,000 worlds
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.oracle import Oracle
from tests.sites import random_groups, site_params, site_scenarios
from tests.worlds import TAPERS, examples, params, plain, random_point, random_tapers, scenarios
from vpp_gym.kernels import COMPILED
from vpp_gym.markets.ledger import TERMS
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival
from vpp_gym.policies.scheduler import hazard_mpc, rolling_mpc
from vpp_gym.policies.site_mpc import SiteScheduler
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions


def out_of_reach_kwh(sim, oracle):
    """What the cars that came in this step cannot get even at full power."""
    missing = 0.0
    state = sim.state
    for place in np.flatnonzero(state.occupied[0] & (state.ev["arrival"][0] == oracle.t)):
        session = int(state.ev["session"][0, place])
        row = {name: float(col[session]) for name, col in vars(oracle.scenario.sessions).items()}
        car = oracle._car(session, row, int(place))
        end_kwh = oracle.charged(car, car.stored_kwh, car.departure - car.arrival)
        missing += max(car.target_kwh - end_kwh, 0.0)
    return missing


def unserved_kwh(scenario, world, decide):
    """Unserved in a run, and what nobody could have served."""
    sim, oracle = Simulation(scenario, world), Oracle(scenario, world, [])
    sim.reset()
    unserved, lost = 0.0, 0.0
    while not sim.done[0]:
        lost += out_of_reach_kwh(sim, oracle)
        unserved += sim.step(decide(sim))[0][TERMS.index("unserved_kwh")]
        oracle.t += 1
    return unserved, lost


def any_within(rng, empty):
    def decide(sim):
        lo, hi = sim.lo_kwh[0], sim.hi_kwh[0]
        return Decisions(net_load_kwh=lo.copy() if empty else random_point(rng, lo, hi))

    return decide


@examples(500)
@given(data=st.data(), scenario=scenarios(), seed=st.integers(0, 2**32 - 1), empty=st.booleans())
def test_what_is_within_reach_is_served(data, scenario, seed, empty):
    world = data.draw(params(guarantee=True))
    world = world.replace(owner={"early_departure_prob": 0.0})
    decide = any_within(np.random.default_rng(seed), empty)
    unserved, lost = unserved_kwh(scenario, world, decide)
    assert unserved <= lost + 1e-6
    if world.owner.late_departure_prob == 0:  # who is late gets more than was asked for
        assert unserved == pytest.approx(lost, abs=1e-6)


@examples(15)
@given(
    data=st.data(),
    scenario=site_scenarios(),
    seed=st.integers(0, 2**32 - 1),
    empty=st.booleans(),
)
def test_what_is_within_reach_and_promised_is_served_in_groups(data, scenario, seed, empty):
    """With tapers, limits of the connection and of groups, a building, sun and a battery."""
    assert_promises_served(scenario, data.draw(site_params(guarantee=True)), seed, empty)


def assert_promises_served(scenario, world, seed, empty):
    """At a site with random groups, but what was out of reach on arrival."""
    rng = np.random.default_rng(seed)
    groups = random_groups(rng, world.site.n_chargers)
    world = world.replace(owner={"early_departure_prob": 0.0}, connection={"groups": groups})
    sim, oracle = Simulation(scenario, world), Oracle(scenario, world, [])
    sim.reset()
    missed, lost, decide = 0.0, 0.0, any_within(rng, empty)
    while not sim.done[0]:
        lost += out_of_reach_kwh(sim, oracle)
        booked = sim.step(decide(sim))[0]
        missed += booked[TERMS.index("unserved_kwh")] - booked[TERMS.index("limited_kwh")]
        oracle.t += 1
    assert missed <= lost + 1e-6


def tapered_year(days, dt_h, seed=0):
    """Synthetic days with cars of which half taper in their own ways."""
    scenario = SyntheticSource("test", days=days, dt_h=dt_h, seed=seed).scenario(0)
    rng = np.random.default_rng(seed)
    sessions = {**vars(scenario.sessions), **random_tapers(rng, len(scenario.sessions))}
    return Scenario.from_arrays(
        da_eur_per_kwh=scenario.da_eur_per_kwh,
        im_short_eur_per_kwh=scenario.im_short_eur_per_kwh,
        im_long_eur_per_kwh=scenario.im_long_eur_per_kwh,
        sessions=sessions,
        start=scenario.start,
        dt_h=dt_h,
    )


POLICIES = {
    "charge_on_arrival": ChargeOnArrival,
    "charge_at_deadline": ChargeAtDeadline,
    "rolling_mpc": rolling_mpc,
    "rolling_mpc_3h": lambda: rolling_mpc(3),
    "hazard_mpc": hazard_mpc,
    "stochastic_mpc": StochasticMPC,
    "stochastic_mpc_3h": lambda: StochasticMPC(3),
    "site_mpc": lambda: SiteScheduler(term_h=3),
    "hindsight": lambda: Hindsight(3),
}


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
@pytest.mark.parametrize("name", POLICIES)
def test_planners_serve_it_without_a_guarantee(name, dt_h):
    if "mpc" in name and (dt_h < 1.0 or "stochastic" in name) and not COMPILED:
        pytest.skip("takes a minute in plain Python, in solvers that are not measured here")
    policy, scenario = POLICIES[name](), tapered_year(7 if dt_h == 1.0 else 3, dt_h)
    dear = {"shortfall_eur_per_kwh": 100}  # so that who knows the prices serves it, too
    world = plain(battery={"taper": TAPERS[1]}, guarantee=False, driver=dear)
    world = with_offer(policy, world)
    if policy.privileged:
        policy.reveal(scenario, world, 0, scenario.n_steps)
    state = None

    def decide(sim):
        nonlocal state
        decisions, state = policy.predict(sim.snapshot(), state)
        return decisions

    unserved, lost = unserved_kwh(scenario, world, decide)
    assert unserved == pytest.approx(lost, abs=1e-5)
    assert getattr(policy, "repair_kwh", 0.0) < 1e-5
    assert lost > 1.0
