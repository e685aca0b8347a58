"""Runs of a batch: one by itself, and what need not be said for every run."""

from __future__ import annotations

import numpy as np
import pytest

from tests.memory import assert_shown_alike
from tests.worlds import one_car, plain, plain_world
from vpp_gym.contracts.families import designed_offers, offer_labels
from vpp_gym.contracts.offer import offers
from vpp_gym.params import as_params
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

WORLD = plain_world(48, sessions=one_car(2, 30, 0.2))


def batch() -> Simulation:
    sim = Simulation(WORLD, plain(site={"n_chargers": 2}), n_envs=3)
    sim.reset(start_step=np.array([0, 1, 2]))
    return sim


def test_a_run_by_itself_is_the_run_of_the_batch():
    together, one_by_one = batch(), batch()
    for _ in range(10):
        fleet_kwh = together.state.run["fleet_hi_kwh"].copy()
        records = together.advance(together.hand_out(fleet_kwh))
        for run in range(3):
            alone = one_by_one.alone(run)
            assert alone.n_envs == 1
            record = alone.step(Decisions(fleet_kwh=float(fleet_kwh[run])))
            np.testing.assert_array_equal(record[0], records[run])
    for part, again in zip(together.state, one_by_one.state, strict=True):
        np.testing.assert_array_equal(part, again)


def test_a_scenario_behind_others_is_run_as_if_by_itself():
    other = plain_world(30, sessions=one_car(5, 20, 0.5))
    behind, alone = Simulation([other, WORLD], plain()), Simulation(WORLD, plain())
    behind.reset(scenario_index=1)
    alone.reset()
    for _ in range(48):
        assert_shown_alike(behind.snapshot(), alone.snapshot())
        highest = Decisions(fleet_kwh=float(alone.state.run["fleet_hi_kwh"][0]))
        np.testing.assert_array_equal(behind.step(highest), alone.step(highest))


def test_what_the_batch_itself_hands_out_need_not_be_checked():
    one, other = batch(), batch()
    for _ in range(5):
        dispatch = one.hand_out(one.state.run["fleet_hi_kwh"])
        np.testing.assert_array_equal(one.advance(dispatch), other.advance(dispatch, checked=True))


def test_who_gives_no_schedule_sells_nothing():
    sim = batch()
    for _ in range(12):
        sim.step([Decisions(fleet_kwh=0.0)] * 3)
    bids = Decisions(fleet_kwh=0.0, bids_kwh=[1.0] * 24)
    sim.step([bids, Decisions(fleet_kwh=0.0), bids])
    assert sim.state.da_sold_kwh[:, 1].sum(axis=1).tolist() == [24.0, 0.0, 0.0]


def test_the_envelope_of_a_fleet_is_the_sum_over_its_cars():
    """One car may be discharged, one must be charged, one need not be yet."""
    sessions = {
        "arrival_step": [0, 0, 1],
        "departure_step": [30, 6, 40],
        "arrival_soc": [0.9, 0.2, 0.3],
    }
    world = plain(guarantee=True, contract={"families": ()}, site={"n_chargers": 3})
    sim = Simulation(plain_world(48, sessions=sessions), world)
    sim.post_offers(offers(1, tariff_eur_per_kwh=0.1, energy_kwh=5.0, term_h=9.0))
    sim.reset()
    seen = []
    for _ in range(9):
        snapshot, fleet = sim.snapshot(), sim.state.run[0]
        for name in ("lo_kwh", "idle_kwh", "hi_kwh"):
            total_kwh = getattr(snapshot, name).sum()
            assert fleet[f"fleet_{name}"] == pytest.approx(total_kwh, abs=1e-9)
        seen.append([snapshot.lo_kwh.min(), snapshot.idle_kwh.max()])
        sim.step(Decisions(fleet_kwh=float(fleet["fleet_idle_kwh"])))
    assert np.min(seen) < -1.0
    assert np.max(seen) > 1.0


def test_owners_sign_the_best_of_what_their_own_run_posts():
    """Three runs, each with two tariffs of its own; then others in the first and the last."""
    sim = Simulation(WORLD, plain(contract={"families": ()}), n_envs=3)
    for run, tariffs in enumerate(([0.1, 0.2], [0.3, 0.1], [0.4, 0.2])):
        sim.post_offers(offers(2, tariff_eur_per_kwh=tariffs), runs=[run])
    sim.reset(start_step=2)
    assert [sim.snapshot(run).tariff_eur_per_kwh[0] for run in range(3)] == [0.2, 0.3, 0.4]
    assert sim.accepted.tolist() == [[0, 1], [1, 0], [1, 0]]
    sim.post_offers(offers(2, tariff_eur_per_kwh=[0.1, 0.5]), runs=[2, 0])
    sim.reset(start_step=2)
    assert [sim.snapshot(run).tariff_eur_per_kwh[0] for run in range(3)] == [0.5, 0.3, 0.5]
    assert sim.accepted.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_every_offer_has_a_label():
    families = ("control_based", "fixed_term", "price_based")
    params = as_params({"contract": {"families": families}})
    labels = offer_labels(params)
    assert labels == ["control_based", *(f"type_{k}" for k in range(1, 6)), "price_based"]
    assert len(designed_offers(params)) == len(labels)
