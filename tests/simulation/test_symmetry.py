"""Changes of the world that must change nothing, or only what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import (
    COLUMNS,
    by_charger,
    examples,
    params,
    plain,
    random_bids,
    random_point,
    random_sessions,
    scenarios,
)
from vpp_gym.markets.ledger import TERMS
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SEED = st.integers(0, 2**32 - 1)
ROOM = {"n_chargers": 50, "charger_kw": None}


def with_sessions(scenario: Scenario, order: np.ndarray) -> Scenario:
    """The same world, its sessions listed in another order."""
    return Scenario.from_arrays(
        da_eur_per_kwh=scenario.da_eur_per_kwh,
        im_short_eur_per_kwh=scenario.im_short_eur_per_kwh,
        im_long_eur_per_kwh=scenario.im_long_eur_per_kwh,
        sessions={name: getattr(scenario.sessions, name)[order] for name in COLUMNS},
        start=scenario.start,
        dt_h=scenario.dt_h,
        timezone=scenario.timezone,
    )


def crowded(scenario: Scenario, seed: int) -> Scenario:
    """Few moments of arrival, so that many sessions share a step."""
    rng = np.random.default_rng(seed)
    columns = random_sessions(rng, 20, scenario.n_steps, round(1 / scenario.dt_h))
    stay = columns["departure_step"] - columns["arrival_step"]
    columns["arrival_step"] = columns["arrival_step"] // 12 * 12
    columns["departure_step"] = columns["arrival_step"] + stay
    return Scenario.from_arrays(
        da_eur_per_kwh=scenario.da_eur_per_kwh,
        im_short_eur_per_kwh=scenario.im_short_eur_per_kwh,
        im_long_eur_per_kwh=scenario.im_long_eur_per_kwh,
        sessions=columns,
        dt_h=scenario.dt_h,
    )


@examples(20)
@given(scenarios(), params(owner={"participation_memory": 0}), SEED, st.booleans())
def test_who_stands_at_which_charger_does_not_matter(scenario, world, seed, fleet):
    """But for what is said of contracts that end in one step: word goes round in some order."""
    scenario, world = crowded(scenario, seed), world.replace(site=ROOM)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(scenario.sessions))
    order = order[np.argsort(scenario.sessions.arrival_step[order], kind="stable")]
    one, other = Simulation(scenario, world), Simulation(with_sessions(scenario, order), world)
    for sim in (one, other):
        sim.reset()
    while not one.done[0]:
        a, b = one.snapshot(), other.snapshot()
        at = np.argsort(a.session)
        same = np.argsort(order[b.session])
        for name in ("energy_kwh", "lo_kwh", "hi_kwh", "laxity_h", "contract_kwh", "payoff_eur"):
            np.testing.assert_allclose(
                getattr(a, name)[at], getattr(b, name)[same], rtol=0, atol=1e-9, err_msg=name
            )
        if fleet:
            amount = float(random_point(rng, a.lo_kwh.sum(), a.hi_kwh.sum()))
            decisions = Decisions(fleet_kwh=amount), Decisions(fleet_kwh=amount)
        else:
            share = rng.random(len(at))
            loads_a, loads_b = np.empty((2, len(at)))
            loads_a[at] = (a.lo_kwh + share[np.argsort(at)] * (a.hi_kwh - a.lo_kwh))[at]
            loads_b[same] = loads_a[at]
            decisions = (
                Decisions(net_load_kwh=by_charger(a, loads_a)),
                Decisions(net_load_kwh=by_charger(b, loads_b)),
            )
        records = one.step(decisions[0])[0], other.step(decisions[1])[0]
        np.testing.assert_allclose(records[0], records[1], rtol=0, atol=1e-9)


def in_parts(scenario: Scenario, parts: int) -> Scenario:
    """The same world of hours, every hour told in so many steps."""
    sessions = {name: getattr(scenario.sessions, name) for name in COLUMNS}
    for name in ("arrival_step", "departure_step"):
        sessions[name] = parts * sessions[name]
    return Scenario.from_arrays(
        da_eur_per_kwh=np.repeat(scenario.da_eur_per_kwh, parts),
        im_short_eur_per_kwh=np.repeat(scenario.im_short_eur_per_kwh, parts),
        im_long_eur_per_kwh=np.repeat(scenario.im_long_eur_per_kwh, parts),
        sessions=sessions,
        start=scenario.start,
        timezone=scenario.timezone,
        dt_h=1 / parts,
    )


TO_THE_MINUTE = {"early_departure_prob": 0.0, "late_departure_prob": 0.0}


@examples(30)
@given(
    scenarios(dt_h=1.0, tapers=False),
    params(owner=TO_THE_MINUTE, battery={"taper": ()}),
    SEED,
    st.sampled_from([2, 4, 12]),
)
def test_an_hour_in_shorter_steps_changes_nothing(scenario, world, seed, parts):
    """But for who leaves early or late, which may happen at any step.

    A car that tapers cannot keep one power through an hour.
    """
    rng = np.random.default_rng(seed)
    hourly, quarterly = Simulation(scenario, world), Simulation(in_parts(scenario, parts), world)
    for sim in (hourly, quarterly):
        sim.reset()
    while not hourly.done[0]:
        now, quarter = hourly.snapshot(), quarterly.snapshot()
        np.testing.assert_allclose(quarter.energy_kwh, now.energy_kwh, rtol=0, atol=1e-9)
        np.testing.assert_allclose(quarter.contract_kwh, now.contract_kwh, rtol=0, atol=1e-9)
        loads = by_charger(now, random_point(rng, now.lo_kwh, now.hi_kwh))
        bids = random_bids(rng, now.bid_lo_kwh, now.bid_hi_kwh)
        record = hourly.step(Decisions(net_load_kwh=loads, bids_kwh=bids))[0]
        part = Decisions(net_load_kwh=loads / parts, bids_kwh=np.repeat(bids / parts, parts))
        quarters = sum(quarterly.step(part)[0] for _ in range(parts))
        np.testing.assert_allclose(quarters, record, rtol=0, atol=1e-6)
    assert quarterly.done[0]


@examples(15)
@given(scenarios(n_steps=48, dt_h=1.0), scenarios(n_steps=48, dt_h=1.0), params(), SEED)
def test_each_run_of_a_batch_is_a_run_of_its_own(one, other, world, seed):
    """Bit for bit, in any place of any scenario, after it has ended too."""
    rng = np.random.default_rng(seed)
    index, start = rng.integers(0, 2, 4), rng.integers(0, 40, 4)
    end = start + rng.integers(1, 9, 4)
    batch = Simulation([one, other], world, n_envs=4)
    batch.reset(index, start, end)
    alone = [Simulation((one, other)[k], world) for k in index]
    for sim, first, last in zip(alone, start, end, strict=True):
        sim.reset(start_step=first, end_step=last)
    for _ in range(9):
        loads = random_point(rng, batch.lo_kwh, batch.hi_kwh)
        bids = random_bids(rng, *batch.bids_allowed_kwh)
        record = batch.advance(loads, bids)
        for b, sim in enumerate(alone):
            np.testing.assert_array_equal(
                record[b], sim.advance(loads[b : b + 1], bids[b : b + 1])[0]
            )
            assert_same_snapshot(batch.snapshot(b), sim.snapshot())


def assert_same_snapshot(one, other):
    for name in vars(one).keys() - {"n_slots"}:  # a batch has room for the longest days of all
        value = getattr(one, name)
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


def test_a_reset_of_some_runs_leaves_the_others_alone():
    scenario = Scenario.from_arrays(da_eur_per_kwh=[0.05] * 48, im_eur_per_kwh=[0.05] * 48)
    sim = Simulation(scenario, plain(), n_envs=3)
    sim.reset()
    for _ in range(5):
        sim.advance(np.zeros((3, 25)))
    sim.reset(start_step=[7, 9], end_step=[20, 21], runs=[2, 0])
    assert [sim.snapshot(b).step for b in range(3)] == [0, 5, 0]
    np.testing.assert_array_equal(sim.state.run["position"], [9, 5, 7])
    np.testing.assert_array_equal(sim.state.run["end"], [21, 48, 20])


def test_a_run_that_has_ended_shows_the_penalty_of_its_own_prices():
    """And not of the scenario that lies behind its own."""
    cheap, dear = (
        Scenario.from_arrays(da_eur_per_kwh=[price] * 24, im_eur_per_kwh=[price] * 24)
        for price in (0.08, 0.4)
    )
    sim = Simulation([cheap, dear], plain(driver={"shortfall_da_factor": 10}), n_envs=2)
    sim.reset([0, 1])
    for _ in range(24):
        sim.advance(np.zeros((2, sim.n_chargers)))
        shown = [sim.snapshot(run).shortfall_eur_per_kwh for run in range(2)]
        assert shown == pytest.approx([0.8, 4.0])


def test_the_same_decisions_lead_to_the_same_records():
    scenario = scenarios_example()
    records = []
    for _ in range(2):
        rng, sim = np.random.default_rng(3), Simulation(scenario, plain())
        sim.reset()
        rows = [
            sim.advance(random_point(rng, sim.lo_kwh, sim.hi_kwh)) for _ in range(scenario.n_steps)
        ]
        records.append(np.array(rows))
    np.testing.assert_array_equal(*records)
    assert records[0][..., TERMS.index("discharge_kwh")].sum() > 0


def scenarios_example() -> Scenario:
    rng = np.random.default_rng(0)
    da = rng.normal(0.05, 0.1, 72)
    return Scenario.from_arrays(
        da_eur_per_kwh=da,
        im_eur_per_kwh=da,
        sessions=random_sessions(rng, 40, 72, 1),
    )


def test_a_second_reset_starts_afresh():
    sim = Simulation(scenarios_example(), plain())
    sim.reset()
    first = sim.snapshot()
    for _ in range(30):
        sim.step(Decisions(fleet_kwh=float(sim.hi_kwh.sum()), bids_kwh=np.ones(24)))
    assert sim.accepted.sum() > 0
    sim.reset()
    assert_same_snapshot(sim.snapshot(), first)
    assert sim.accepted.sum() == pytest.approx(sum(first.contract_steps > 0))
