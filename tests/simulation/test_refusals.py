"""Bad input is refused with field, value and remedy, and nothing has moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.worlds import one_car, plain, plain_world
from vpp_gym import kernels
from vpp_gym.errors import InvalidInputError
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.transition import transition
from vpp_gym.views import Decisions

NAN = float("nan")
DISPATCH = np.array([5.0, 0.0, 0.0])
WORLD = plain_world(48, sessions=one_car(0, 40, 0.2))


@pytest.fixture
def sim() -> Simulation:
    """Under way, at the gate of the first day, with one EV at the first of three chargers."""
    sim = Simulation(WORLD, plain(site={"n_chargers": 3}))
    sim.reset()
    for _ in range(12):
        sim.step(Decisions(net_load_kwh=[1.0, 0.0, 0.0]))
    return sim


def frozen(sim: Simulation) -> dict[str, bytes]:
    return {name: part.tobytes() for name, part in sim.state._asdict().items()}


def changed(charger: int, value: float) -> np.ndarray:
    dispatch = DISPATCH.copy()
    dispatch[charger] = value
    return dispatch


@pytest.mark.parametrize(
    ("decisions", "field"),
    [
        (Decisions(), "decisions"),
        (Decisions(net_load_kwh=DISPATCH, fleet_kwh=5.0), "decisions"),
        (Decisions(net_load_kwh=[5.0, 0.0]), "net_load_kwh"),
        (Decisions(net_load_kwh=5.0), "net_load_kwh"),
        (Decisions(net_load_kwh=["much", 0.0, 0.0]), "net_load_kwh"),
        (Decisions(net_load_kwh=[[5.0], [0.0, 1.0]]), "net_load_kwh"),
        (Decisions(net_load_kwh=changed(0, NAN)), "net_load_kwh[0, 0]"),
        (Decisions(net_load_kwh=changed(0, 11.1)), "net_load_kwh[0, 0]"),
        (Decisions(net_load_kwh=changed(0, -0.1)), "net_load_kwh[0, 0]"),
        (Decisions(net_load_kwh=changed(0, np.inf)), "net_load_kwh[0, 0]"),
        (Decisions(net_load_kwh=changed(2, 0.1)), "net_load_kwh[0, 2]"),
        (Decisions(fleet_kwh=11.1), "fleet_kwh"),
        (Decisions(fleet_kwh=-0.1), "fleet_kwh"),
        (Decisions(fleet_kwh=NAN), "fleet_kwh"),
        (Decisions(fleet_kwh="much"), "fleet_kwh"),
        (Decisions(fleet_kwh=1.0, bids_kwh=np.zeros(23)), "bids_kwh"),
        (Decisions(fleet_kwh=1.0, bids_kwh=3.0), "bids_kwh"),
        (Decisions(fleet_kwh=1.0, bids_kwh=["all"] * 24), "bids_kwh"),
        (Decisions(fleet_kwh=1.0, bids_kwh=[0.0] * 23 + [33.1]), "bids_kwh[0, 23]"),
        (Decisions(fleet_kwh=1.0, bids_kwh=[0.0] * 23 + [NAN]), "bids_kwh[0, 23]"),
        ([], "decisions"),
        (None, "decisions"),
        ({"fleet_kwh": 1.0}, "decisions"),
        ([1.0], "decisions"),
        ([Decisions(fleet_kwh=1.0)] * 2, "decisions"),
    ],
)
def test_bad_decisions(sim, decisions, field):
    before = frozen(sim)
    with pytest.raises(InvalidInputError) as refused:
        sim.step(decisions)
    assert refused.value.field == field
    assert refused.value.remedy
    assert frozen(sim) == before


def test_what_stays_within_the_limits_is_taken(sim):
    sim.step(Decisions(net_load_kwh=changed(0, 11.0), bids_kwh=[33.0] * 24))
    np.testing.assert_array_equal(sim.state.da_sold_kwh[0, 1], np.full(24, 33.0))


def test_decisions_are_not_written_to(sim):
    dispatch, bids = changed(0, 11.0 + 5e-7), np.full(24, 33.0)
    kept = dispatch.copy(), bids.copy()
    sim.step(Decisions(net_load_kwh=dispatch, bids_kwh=bids))
    np.testing.assert_array_equal(dispatch, kept[0])
    np.testing.assert_array_equal(bids, kept[1])
    bids[:] = 1.0
    assert sim.state.da_sold_kwh[0, 1, 0] == 33.0


@pytest.mark.skipif(not kernels.COMPILED, reason="NUMBA_DISABLE_JIT is set")
def test_arrays_that_are_read_only_compile_nothing_anew(sim):
    sim.step(Decisions(net_load_kwh=DISPATCH, bids_kwh=np.zeros(24)))
    known = len(transition.signatures)
    dispatch, bids = DISPATCH[None].copy(), np.zeros((1, 24))
    for array in (dispatch, bids):
        array.setflags(write=False)
    sim.advance(dispatch)
    sim.advance(dispatch, bids)
    sim.step(Decisions(net_load_kwh=dispatch[0]))
    assert len(transition.signatures) == known


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"scenario_index": 1}, "scenario_index"),
        ({"scenario_index": -1}, "scenario_index"),
        ({"start_step": 48}, "start_step, end_step"),
        ({"start_step": -1}, "start_step, end_step"),
        ({"end_step": 49}, "start_step, end_step"),
        ({"start_step": 5, "end_step": 5}, "start_step, end_step"),
        ({"start_step": 1.5}, "start_step"),
        ({"end_step": NAN}, "end_step"),
        ({"end_step": np.inf}, "end_step"),
        ({"start_step": "soon"}, "start_step"),
        ({"scenario_index": 0.5}, "scenario_index"),
        ({"start_step": [1, 2]}, "start_step"),
        ({"runs": 1}, "runs"),
        ({"runs": [-1]}, "runs"),
        ({"runs": [0, 0]}, "runs"),
        ({"runs": 0.5}, "runs"),
        ({"runs": [True]}, "runs"),
    ],
)
def test_bad_places(sim, place, field):
    before = frozen(sim)
    with pytest.raises(InvalidInputError) as refused:
        sim.reset(**place)
    assert refused.value.field == field
    assert frozen(sim) == before


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"scenario_index": [0, 1]}, "scenario_index"),
        ({"scenario_index": [-1, 0]}, "scenario_index"),
        ({"start_step": [0, 48]}, "start_step, end_step"),
        ({"start_step": [-1, 0]}, "start_step, end_step"),
        ({"end_step": [49, 48]}, "start_step, end_step"),
        ({"start_step": 5, "end_step": [6, 5]}, "start_step, end_step"),
        ({"start_step": [1.0, 1.5]}, "start_step"),
        ({"runs": [0, 2]}, "runs"),
    ],
)
def test_one_bad_place_of_two_is_refused(place, field):
    batch = Simulation(WORLD, n_envs=2)
    batch.reset()
    before = frozen(batch)
    with pytest.raises(InvalidInputError) as refused:
        batch.reset(**place)
    assert refused.value.field == field
    assert frozen(batch) == before


def test_nothing_happens_before_a_reset():
    sim = Simulation(WORLD)
    for forgotten in (
        lambda: sim.step(Decisions(fleet_kwh=0.0)),
        lambda: sim.advance(np.zeros((1, sim.n_chargers))),
        sim.snapshot,
    ):
        with pytest.raises(InvalidInputError, match="reset"):
            forgotten()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"scenarios": []}, "scenarios"),
        ({"scenarios": [WORLD, plain_world(96, dt_h=0.25)]}, "scenarios"),
        ({"scenarios": "synthetic"}, "scenarios"),
        ({"params": {"sites": {}}}, "params.sites"),
        ({"params": {"site": {"chargers": 3}}}, "params.site.chargers"),
        ({"params": {"site": {"n_chargers": 0}}}, "params.site.n_chargers"),
        ({"params": {"site": {"charge_eff": 1.1}}}, "params.site.charge_eff"),
        (
            {"params": {"market": {"imbalance_pricing": "triple"}}},
            "params.market.imbalance_pricing",
        ),
        ({"params": {"disaggregation": "fair"}}, "params.disaggregation"),
        ({"params": {"contract": {"type_prob": (1.0,)}}}, "params"),
        ({"params": {"contract": {"type_prob": (0.5, 0.6)}}}, "params.contract"),
        ({"params": {"contract": {"type_prob": ()}}}, "params.contract"),
        ({"params": {"contract": {"families": ("fixed_term", "fixed_term")}}}, "params.contract"),
        ({"params": {"contract": {"families": ("barter",)}}}, "params.contract.families.0"),
        ({"params": {"contract": {"owner_types": (1.0,)}}}, "params.contract.owner_types"),
        ({"params": {"contract": {"term_h": -1}}}, "params.contract.term_h"),
        ({"params": {"contract": {"delay_h": 0.5}}}, "params.contract.delay_h"),
        ({"params": {"contract": {"kappa_eur": NAN}}}, "params.contract.kappa_eur"),
        ({"params": {"contract": {"saturation_kwh": 0}}}, "params.contract.saturation_kwh"),
        ({"params": {"contract": {"payoff_rule": "half"}}}, "params.contract.payoff_rule"),
        (
            {"params": {"contract": {"price_based": {"markup": 0.9}}}},
            "params.contract.price_based.markup",
        ),
        (
            {"params": {"contract": {"price_based": {"margin": 1.1}}}},
            "params.contract.price_based.margin",
        ),
        (
            {"params": {"contract": {"volume_based": {"energy_kwh": 0}}}},
            "params.contract.volume_based.energy_kwh",
        ),
        (
            {"params": {"contract": {"volume_based": {"delay_h": -1}}}},
            "params.contract.volume_based.delay_h",
        ),
        (
            {"params": {"contract": {"control_based": {"keep_soc": 1.01}}}},
            "params.contract.control_based.keep_soc",
        ),
        (
            {"params": {"contract": {"control_based": {"tariff_eur_per_kwh": NAN}}}},
            "params.contract.control_based.tariff_eur_per_kwh",
        ),
        ({"params": {"owner": {"types": (2.0, 1.0), "type_prob": (0.5, 0.5)}}}, "params.owner"),
        ({"params": {"owner": {"types": (0.0, 1.0), "type_prob": (0.5, 0.5)}}}, "params.owner"),
        ({"params": {"owner": {"types": (1.0, 1.0), "type_prob": (0.5, 0.5)}}}, "params.owner"),
        ({"params": {"owner": {"types": (), "type_prob": ()}}}, "params.owner"),
        (
            {"params": {"owner": {"types": (1.0, NAN), "type_prob": (0.5, 0.5)}}},
            "params.owner.types.1",
        ),
        ({"params": {"owner": {"type_prob": (0.3,) * 5}}}, "params.owner"),
        ({"params": {"owner": {"type_prob": (-0.2, 0.6, 0.2, 0.2, 0.2)}}}, "params.owner"),
        ({"params": {"owner": {"wear_eur_per_kwh": -0.01}}}, "params.owner.wear_eur_per_kwh"),
        ({"params": {"owner": {"wear_eur_per_kwh": NAN}}}, "params.owner.wear_eur_per_kwh"),
        ({"params": {"owner": {"participation": 1.1}}}, "params.owner.participation"),
        ({"params": {"owner": {"participation_memory": -1}}}, "params.owner.participation_memory"),
        ({"params": {"owner": {"early_departure_prob": 2}}}, "params.owner.early_departure_prob"),
        ({"params": {"owner": {"early_departure_prob": 0.6}}}, "params.owner"),
        ({"params": {"owner": {"late_departure_prob": -0.1}}}, "params.owner.late_departure_prob"),
        ({"params": {"owner": {"late_mean_h": 0}}}, "params.owner.late_mean_h"),
        ({"params": {"owner": {"early_exponent": 0}}}, "params.owner.early_exponent"),
        ({"params": {"market": {"bid_limit": "cars"}}}, "params.market.bid_limit"),
        (
            {"params": {"driver": {"shortfall_da_factor": -1}}},
            "params.driver.shortfall_da_factor",
        ),
        ({"params": {"preset": "paper_2024"}}, "params.preset"),
        ({"params": {"preset": ["plain"]}}, "params.preset"),
        ({"params": {"preset": "plain", "site": {"chargers": 3}}}, "params.site.chargers"),
        ({"params": "paper_2024"}, "params"),
        ({"params": 5}, "params"),
        ({"n_envs": 0}, "n_envs"),
        ({"n_envs": 1.5}, "n_envs"),
    ],
)
def test_bad_worlds(arguments, field):
    with pytest.raises(InvalidInputError) as refused:
        Simulation(**{"scenarios": WORLD, **arguments})
    assert refused.value.field == field
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("start", "hours", "day"),
    [
        ("2019-03-30", 72, "2019-03-31"),
        ("2019-03-30", 47, "2019-03-31"),  # the last day of the scenario
        ("2019-10-26", 72, "2019-10-27"),
        ("2019-10-25", 73, "2019-10-27"),
    ],
)
def test_a_gate_in_the_hour_that_the_clock_skips_or_repeats_is_refused(start, hours, day):
    world = plain_world(hours, start=start, timezone="Europe/Amsterdam")
    with pytest.raises(InvalidInputError, match=f"on {day} the clock changes") as refused:
        Simulation(world, {"market": {"gate_closure_h": 2}})
    assert refused.value.field == "params.market.gate_closure_h"
    Simulation(world, {"market": {"gate_closure_h": 3}})
    Simulation(plain_world(72, start=start), {"market": {"gate_closure_h": 2}})


def test_sessions_out_of_order_are_refused():
    """A table is sorted when a scenario is made of it; rows taken from one may not be."""
    sessions = {"arrival_step": [1, 5, 9], "departure_step": [20] * 3, "arrival_soc": [0.5] * 3}
    world = plain_world(48, sessions=sessions)
    Simulation(replace(world, sessions=world.sessions.take(np.array([0, 2]))))
    with pytest.raises(InvalidInputError) as refused:
        Simulation(replace(world, sessions=world.sessions.take(np.array([2, 0, 1]))))
    assert refused.value.field == "sessions.arrival_step[1]"


def test_worlds_of_another_time_step_cannot_be_exchanged(sim):
    with pytest.raises(InvalidInputError, match="dt_h"):
        sim.load(plain_world(96, dt_h=0.25))
    assert sim.scenarios == [WORLD]
    sim.step(Decisions(net_load_kwh=DISPATCH))


def test_other_worlds_need_a_reset(sim):
    sim.load(plain_world(24))
    with pytest.raises(InvalidInputError, match="reset"):
        sim.step(Decisions(fleet_kwh=0.0))
    sim.reset()
    sim.step(Decisions(fleet_kwh=0.0))


def test_other_scenarios_are_like_those_before(sim):
    behind = {"building_kwh": np.zeros(48)}
    for other in (
        plain_world(48, dt_h=0.5),
        plain_world(48, site=behind),
    ):
        before = sim.scenarios
        with pytest.raises(InvalidInputError) as refused:
            sim.load(other)
        assert refused.value.field == "scenarios"
        assert refused.value.remedy
        assert sim.scenarios == before


def test_other_scenarios_may_bring_more_drivers_but_no_longer_days(sim):
    car = one_car(0, 40, 0.2)
    sim.load(plain_world(48, sessions=car | {"driver": [7]}))
    assert sim.state.known.shape[1] > 0
    long_day = plain_world(48, sessions=car, start="2024-10-26 00:00", timezone="Europe/Amsterdam")
    with pytest.raises(InvalidInputError) as refused:
        sim.load(long_day)
    assert refused.value.field == "scenarios"


def test_a_fleet_of_sites_has_no_joint_snapshot():
    sites = Simulation(plain_world(48, site={"building_kwh": np.zeros(48)}), plain(), n_envs=2)
    sites.reset()
    with pytest.raises(InvalidInputError) as refused:
        sites.joint_snapshot()
    assert refused.value.field == "runs"


def test_a_car_with_a_taper_of_its_own_ends_with_a_full_battery():
    world = plain_world(48, sessions=one_car(0, 40, 0.2, taper_soc=0.8, taper_share=0.5))
    with pytest.raises(InvalidInputError) as refused:
        Simulation(world, plain(battery={"max_soc": 1.1}))
    assert refused.value.field == "params.battery.max_soc"
