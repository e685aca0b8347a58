"""A simulator with a site against the same world in plain Python, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.group_oracle import Groups
from tests.simulation.site_oracle import SiteOracle
from tests.simulation.test_oracle import menu_of
from tests.sites import site_params, site_scenarios
from tests.worlds import examples, random_bids, random_point
from vpp_gym.markets.ledger import TERMS
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions


def assert_same_site(sim: Simulation, oracle: SiteOracle) -> None:
    """What is shown of battery, promises and limits."""
    snapshot = sim.snapshot()
    site, guarded = snapshot.site, oracle.params.guarantee and oracle.is_limited
    assert site is not None
    assert site.storage_kwh == pytest.approx(oracle.stored_kwh, abs=1e-9)
    least, most = oracle.storage_limits()
    assert site.storage_lo_kwh == pytest.approx(least, abs=1e-9)
    assert site.storage_hi_kwh == pytest.approx(most, abs=1e-9)
    for row, place in enumerate(snapshot.charger.tolist()):
        car = oracle.lot[place]
        assert car is not None
        assert snapshot.session[row] == car.session
        assert snapshot.energy_kwh[row] == pytest.approx(car.stored_kwh, abs=1e-9)
        promise = oracle.promises[car.session]
        assert site.promise_kwh[row] == pytest.approx(promise, abs=1e-5)
        oracle.promises[car.session] = float(site.promise_kwh[row])
        lo, hi = oracle.limits(car)
        assert snapshot.hi_kwh[row] == pytest.approx(hi, abs=1e-9)
        if not guarded:
            assert snapshot.lo_kwh[row] == pytest.approx(lo, abs=1e-9)
        else:
            assert lo - 1e-9 <= snapshot.lo_kwh[row] <= hi + 1e-9
    groups = oracle.reservations
    if groups is not None:
        groups.measure()
        for row, place in enumerate(snapshot.charger.tolist()):
            if guarded:
                assert snapshot.lo_kwh[row] == pytest.approx(groups.floors[place], abs=1e-7)
                groups.floors[place] = float(snapshot.lo_kwh[row])
        assert_same_groups(sim, oracle, groups.groups)
    elif guarded:
        must = np.maximum(snapshot.lo_kwh, 0.0).sum()
        assert must == pytest.approx(oracle.least_total_kwh(), abs=1e-5)
    for period in range(sim.periods):
        least, most = oracle.bids_allowed(period)
        assert snapshot.bid_lo_kwh[period] == pytest.approx(least, abs=1e-9)
        assert snapshot.bid_hi_kwh[period] == pytest.approx(most, abs=1e-9)
        load = oracle.expected_load_kwh(period)
        assert snapshot.expected_load_kwh[period] == pytest.approx(load, abs=1e-9)


def assert_same_groups(sim: Simulation, oracle: SiteOracle, groups: Groups) -> None:
    """The envelope of the fleet and of each group."""
    lo, hi = sim.lo_kwh[0].tolist(), sim.hi_kwh[0].tolist()
    least, most = groups.envelope(lo, hi)
    run, t = sim.state.run[0], oracle.t
    idle = float(run["fleet_idle_kwh"])
    building, sun = oracle.series("building_kwh", t), oracle.series("pv_kwh", t)
    gives, takes = oracle.storage_limits()
    free = oracle.limit_kwh("import", t) - oracle.kept_free_kwh - building + sun - gives
    given = -oracle.limit_kwh("export", t) - building - takes
    assert run["fleet_hi_kwh"] == pytest.approx(max(min(most, free), idle), abs=1e-9)
    assert run["fleet_lo_kwh"] == pytest.approx(min(max(least, given), idle), abs=1e-9)


@examples(25)
@given(
    data=st.data(),
    scenario=site_scenarios(tapers=False),
    world=site_params(battery={"taper": ()}),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_step_of_a_random_site_is_that_of_the_oracle(data, scenario, world, seed):
    """Promises to cars that taper have a test of their own, in `test_site`."""
    if scenario.site is None and not world.has_site:
        return
    rng = np.random.default_rng(seed)
    start = data.draw(st.integers(0, scenario.n_steps - 1))
    end = data.draw(st.integers(start + 1, scenario.n_steps))
    sim = Simulation(scenario, world)
    oracle = SiteOracle(scenario, world, menu_of(world), start, end)
    sim.reset(start_step=start, end_step=end)
    for _ in range(start, end):
        assert_same_site(sim, oracle)
        bids = random_bids(rng, *(limit[0] for limit in sim.bids_allowed_kwh))
        lo, hi = sim.lo_kwh[0].copy(), sim.hi_kwh[0].copy()
        loads = random_point(rng, lo, hi)
        site = sim.snapshot().site
        ends = np.array([site.storage_lo_kwh]), np.array([site.storage_hi_kwh])
        storage = float(random_point(rng, *ends)[0])
        sun = float(rng.choice([0.0, 0.5, 1.0, 1.0]) * site.pv_kwh[0])
        decisions = Decisions(net_load_kwh=loads, bids_kwh=bids, storage_kwh=storage, pv_kwh=sun)
        record = sim.step(decisions)[0]
        booked = oracle.site_step(loads.tolist(), bids.tolist(), lo.tolist(), storage, sun)
        off = np.abs(record - [booked.get(name, 0.0) for name in TERMS]) > 1e-8
        assert not off.any(), {
            name: (booked.get(name, 0.0), record[TERMS.index(name)])
            for name in np.array(TERMS)[off]
        }
    assert sim.done[0]
