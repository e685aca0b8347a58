"""Runs under random decisions, step by step, as an operator sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tests.worlds import by_charger, random_bids, random_point
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions, Snapshot


class Step(NamedTuple):
    before: Snapshot
    loads_kwh: np.ndarray  # (n_chargers,)
    terms: dict[str, float]
    after: Snapshot


def steps(
    scenario: Scenario, world: VPPParams, seed: int, fleet: bool = False, empty: bool = False
) -> Iterator[Step]:
    """A whole run under random decisions; `empty` discharges all that may be."""
    rng, sim = np.random.default_rng(seed), Simulation(scenario, world)
    sim.reset()
    after = sim.snapshot()
    while not sim.done[0]:
        before = after
        bids = random_bids(rng, before.bid_lo_kwh, before.bid_hi_kwh)
        if fleet:
            amount = float(random_point(rng, before.lo_kwh.sum(), before.hi_kwh.sum()))
            decisions = Decisions(fleet_kwh=amount, bids_kwh=bids)
            loads = sim.hand_out(np.array([amount]))[0]
        else:
            wanted = random_point(rng, before.lo_kwh, before.hi_kwh)
            loads = by_charger(before, before.lo_kwh if empty else wanted)
            decisions = Decisions(net_load_kwh=loads, bids_kwh=bids)
        record = sim.step(decisions)[0]
        after = sim.snapshot()
        yield Step(before, loads, dict(zip(TERMS, record.tolist(), strict=True)), after)


def assert_same_bits(one: Snapshot, other: Snapshot) -> None:
    for name, value in vars(one).items():
        twin = getattr(other, name)
        if isinstance(value, np.ndarray):
            assert value.tobytes() == twin.tobytes(), name
        else:
            assert value == twin, name


def stayed(step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Rows, before and after, of the EVs that are there both times."""
    _, before, after = np.intersect1d(step.before.session, step.after.session, return_indices=True)
    return before, after
