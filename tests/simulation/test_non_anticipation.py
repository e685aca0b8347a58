"""Nothing that happens after a step can be seen at or before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.steps import assert_same_bits
from tests.worlds import (
    COLUMNS,
    by_charger,
    examples,
    params,
    plain,
    random_bids,
    random_point,
    random_sessions,
    random_tapers,
    scenarios,
)
from vpp_gym.envs.day_ahead import DayAheadCore
from vpp_gym.envs.settings import DayAheadSettings
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario, Sessions
from vpp_gym.scenarios.source import FixedSource
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SEED = st.integers(0, 2**32 - 1)


def with_other_departures(
    scenario: Scenario, world: VPPParams, now: int, rng: np.random.Generator
) -> Sessions:
    """Who is still there leaves at another time, declared as before."""
    sessions, rest = scenario.sessions, (world.owner, scenario.dt_h, scenario.n_steps)
    other = replace(sessions, departure_draw=rng.random(len(sessions)))
    there, stays = (leaving_step(one, *rest) > now for one in (sessions, other))
    draw = np.where(there & stays, other.departure_draw, sessions.departure_draw)
    return replace(sessions, departure_draw=draw)


def another_future(scenario: Scenario, world: VPPParams, now: int, seed: int) -> Scenario:
    """The same world up to `now`, and all that is not known then replaced.

    Known are the day-ahead prices to the end of today, after the gate to the end of
    tomorrow; imbalance prices of settled steps, without a lag of this one too; and
    the sessions that have arrived, with when they left if they have.
    """
    rng, n = np.random.default_rng(seed), scenario.n_steps
    lag_steps = world.market.imbalance_lag_steps
    published = scenario.day <= scenario.day[now] + (
        scenario.period[now] > round(12 / scenario.dt_h)
    )
    settled = np.arange(n) < now + (1 - lag_steps)
    da, one, other = rng.normal(0.05, 0.1, (3, n))
    old = scenario.sessions.arrival_step <= now
    sessions = with_other_departures(scenario, world, now, rng)
    new = random_sessions(rng, 8, n, round(1 / scenario.dt_h))
    new |= random_tapers(rng, 8)
    new = {name: column[new["arrival_step"] > now] for name, column in new.items()}
    return Scenario.from_arrays(
        da_eur_per_kwh=np.where(published, scenario.da_eur_per_kwh, da),
        im_short_eur_per_kwh=np.where(
            settled, scenario.im_short_eur_per_kwh, np.maximum(one, other)
        ),
        im_long_eur_per_kwh=np.where(settled, scenario.im_long_eur_per_kwh, np.minimum(one, other)),
        sessions={
            name: np.concatenate([getattr(sessions, name)[old], new[name]]) for name in COLUMNS
        },
        start=scenario.start,
        dt_h=scenario.dt_h,
        timezone=scenario.timezone,
    )


@examples(30)
@given(st.data(), scenarios(), params(), SEED)
def test_snapshots_and_observations_know_no_future(data, scenario, world, seed):
    now = data.draw(st.integers(0, scenario.n_steps - 1))
    twins = scenario, another_future(scenario, world, now, seed)
    cores = [
        DayAheadCore(FixedSource(one), world, DayAheadSettings(control="per_ev")) for one in twins
    ]
    sims = [core.simulation for core in cores]
    for sim in sims:
        sim.reset()
    rng = np.random.default_rng(seed)
    for t in range(now + 1):
        one, other = (sim.snapshot() for sim in sims)
        assert_same_bits(one, other)
        assert cores[0].observe().tobytes() == cores[1].observe().tobytes()
        if t < now:
            loads = by_charger(one, random_point(rng, one.lo_kwh, one.hi_kwh))
            bids = random_bids(rng, one.bid_lo_kwh, one.bid_hi_kwh)
            decisions = Decisions(net_load_kwh=loads, bids_kwh=bids)
            records = [sim.step(decisions) for sim in sims]
            assert records[0].tobytes() == records[1].tobytes()


def test_tomorrows_prices_appear_after_the_gate():
    rng = np.random.default_rng(0)
    da = rng.normal(0.05, 0.02, 72)
    other = np.where(np.arange(72) < 48, da, da + 0.01)
    sims = [
        Simulation(Scenario.from_arrays(da_eur_per_kwh=price, im_eur_per_kwh=da))
        for price in (da, other)
    ]
    for sim in sims:
        sim.reset()
    differs = []
    for _ in range(48):
        one, two = (sim.snapshot().da_eur_per_kwh for sim in sims)
        differs.append(one.tobytes() != two.tobytes())
        for sim in sims:
            sim.step(Decisions(fleet_kwh=0.0))
    assert differs == [False] * 37 + [True] * 11


def test_the_forecast_is_not_padded_with_zeros():
    """One price at all times: whatever is known or expected is that price."""
    sim = Simulation(Scenario.from_arrays(da_eur_per_kwh=[0.05] * 72, im_eur_per_kwh=[0.05] * 72))
    sim.reset()
    for _ in range(72):
        np.testing.assert_allclose(sim.snapshot().da_eur_per_kwh, 0.05)
        sim.step(Decisions(fleet_kwh=0.0))


@pytest.mark.parametrize("lag_steps", [0, 1])
def test_the_present_imbalance_price_is_shown_only_without_a_lag(lag_steps):
    price = np.arange(48) / 100
    scenario = Scenario.from_arrays(da_eur_per_kwh=np.zeros(48), im_eur_per_kwh=price)
    sim = Simulation(scenario, {"market": {"imbalance_lag_steps": lag_steps}})
    sim.reset()
    for t in range(48):
        snapshot = sim.snapshot()
        expected = price[t] if lag_steps == 0 else None
        assert snapshot.im_short_now_eur_per_kwh == expected
        assert snapshot.im_long_now_eur_per_kwh == expected
        np.testing.assert_array_equal(snapshot.im_short_past_eur_per_kwh, price[:t])
        np.testing.assert_array_equal(snapshot.im_long_past_eur_per_kwh, price[:t])
        np.testing.assert_array_equal(snapshot.da_past_eur_per_kwh, np.zeros(t))
        sim.step(Decisions(fleet_kwh=0.0))


def test_history_reaches_back_four_weeks():
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=np.arange(40 * 24) / 1000, im_eur_per_kwh=[0.05] * 960
    )
    sim = Simulation(scenario)
    sim.reset(start_step=959)
    past = sim.snapshot().da_past_eur_per_kwh
    np.testing.assert_array_equal(past, np.arange(959 - 28 * 24, 959) / 1000)
    np.testing.assert_array_equal(sim.snapshot().period_past, np.arange(287, 959) % 24)


def test_a_snapshot_is_a_copy_that_nobody_can_write_to():
    sim = Simulation(scenario_with_a_car(), plain())
    sim.reset()
    before = sim.snapshot()
    kept = {
        name: value.copy() for name, value in vars(before).items() if isinstance(value, np.ndarray)
    }
    for name in kept:
        assert not getattr(before, name).flags.writeable, name
        for field in (
            sim.state.ev,
            sim.state.da_sold_kwh,
            sim.dataset.da_eur_per_kwh,
            sim.dataset.period,
        ):
            assert not np.shares_memory(getattr(before, name), field), name
    for _ in range(20):
        sim.step(Decisions(fleet_kwh=float(sim.hi_kwh.sum()), bids_kwh=np.ones(24)))
    for name, value in kept.items():
        np.testing.assert_array_equal(getattr(before, name), value, err_msg=name)


def scenario_with_a_car() -> Scenario:
    return Scenario.from_arrays(
        da_eur_per_kwh=[0.05] * 48,
        im_eur_per_kwh=[0.05] * 48,
        sessions={"arrival_step": [0], "departure_step": [30], "arrival_soc": [0.1]},
    )
