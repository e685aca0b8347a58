"""Several runs seen as one: their cars in a row, their bids and expected loads summed."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from tests.worlds import plain, random_sessions
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.snapshot import AMOUNTS, NUMBERS
from vpp_gym.views import Decisions, Snapshot

CHARGERS = 6
COUNTED = ("session", "charger")
OF_THE_FLEET = [name for name in (*AMOUNTS, *NUMBERS, "has_contract") if name not in COUNTED]


def three_runs() -> Simulation:
    """The same prices, other cars in each run."""
    rng = np.random.default_rng(1)
    da, im = rng.normal(0.05, 0.03, (2, 96))
    scenarios = [
        Scenario.from_arrays(
            da_eur_per_kwh=da, im_eur_per_kwh=im, sessions=random_sessions(rng, 20, 96, 1)
        )
        for _ in range(3)
    ]
    sim = Simulation(scenarios, plain(site={"n_chargers": CHARGERS}), n_envs=3)
    sim.reset([0, 1, 2])
    return sim


def test_a_joint_snapshot_is_that_of_every_run_in_a_row():
    sim = three_runs()
    first_session = np.cumsum([0, *(len(one.sessions) for one in sim.scenarios)])
    for _ in range(90):
        joint, each = sim.joint_snapshot(), [sim.snapshot(run) for run in range(3)]
        for name in OF_THE_FLEET:
            parts = np.concatenate([getattr(one, name) for one in each])
            np.testing.assert_array_equal(getattr(joint, name), parts, err_msg=name)
        for name, shift in (("session", first_session), ("charger", CHARGERS * np.arange(3))):
            parts = [getattr(one, name) + shift[run] for run, one in enumerate(each)]
            np.testing.assert_array_equal(getattr(joint, name), np.concatenate(parts))
        for name in ("da_sold_kwh", "expected_load_kwh", "bid_lo_kwh", "bid_hi_kwh"):
            np.testing.assert_allclose(
                getattr(joint, name), sum(getattr(one, name) for one in each), atol=1e-12
            )
        for name in ("period", "da_eur_per_kwh", "period_past", "im_short_past_eur_per_kwh"):
            np.testing.assert_array_equal(getattr(joint, name), getattr(each[0], name))
        assert (joint.step, joint.is_gate) == (each[0].step, each[0].is_gate)
        sim.step([Decisions(fleet_kwh=float(hi.sum()), bids_kwh=np.ones(24)) for hi in sim.hi_kwh])


def test_a_joint_snapshot_is_a_copy_that_nobody_can_write_to():
    sim = three_runs()
    seen = sim.joint_snapshot()
    arrays = {name: value for name, value in vars(seen).items() if isinstance(value, np.ndarray)}
    kept = {name: value.copy() for name, value in arrays.items()}
    for name, value in arrays.items():
        assert not value.flags.writeable, name
    for _ in range(30):
        sim.step([Decisions(fleet_kwh=float(hi.sum())) for hi in sim.hi_kwh])
    for name, value in kept.items():
        np.testing.assert_array_equal(arrays[name], value, err_msg=name)


def test_what_a_snapshot_shows_cannot_be_opened_for_writing():
    snapshot = three_runs().snapshot()
    with pytest.raises(ValueError, match="WRITEABLE"):
        snapshot.energy_kwh.setflags(write=True)
    with pytest.raises(ValueError, match="read-only"):
        snapshot.da_eur_per_kwh[0] = 1.0


def test_a_snapshot_has_all_its_fields():
    for snapshot in (three_runs().snapshot(1), three_runs().joint_snapshot()):
        assert set(vars(snapshot)) == {field.name for field in fields(Snapshot)}


def test_runs_at_different_steps_are_not_seen_together():
    sim = three_runs()
    sim.reset(1, 5, runs=[1])
    with pytest.raises(InvalidInputError, match="same step"):
        sim.joint_snapshot()
