"""Years that differ in their owners alone, stepped together: one plan an hour for all cars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.markets.ledger import TERMS
from vpp_gym.policies.base import Dispatcher, with_offer
from vpp_gym.reproduction.rahman2023.published import Row
from vpp_gym.reproduction.rahman2023.rules import Rules
from vpp_gym.reproduction.rahman2023.run import case_in, dispatcher, world
from vpp_gym.reproduction.rahman2023.run_records import RunRecords
from vpp_gym.simulation import Simulation


def run_together(
    folder: Path, row: Row, rules: Rules, type_seeds: Sequence[int]
) -> list[RunRecords]:
    """RunRecords of the row with owners drawn by each seed, without bids.

    The years share prices and sessions, and no car waits for another: the plan of all
    their cars is the plan of each year.

    Args:
        folder: of the data.
        row: of the table; its own seed is not used.
        rules: in force.
        type_seeds: of the owners.
    """
    case, operation = case_in(folder), dispatcher(case_in(folder), row, rules)
    assert isinstance(operation, Dispatcher), "it answers with the load of each car"
    scenarios = [
        case.scenario(rules.quirks, term_h=row.term_h, type_seed=seed) for seed in type_seeds
    ]
    rules_of_world = with_offer(operation, world(row, rules.quirks))
    simulation = Simulation(scenarios, rules_of_world, n_envs=len(scenarios))
    simulation.reset(np.arange(len(scenarios)))
    records = np.empty((scenarios[0].n_steps, len(scenarios), len(TERMS)))
    for t in range(len(records)):
        records[t] = simulation.advance(_net_load_kwh(simulation, operation))
    return [
        RunRecords(np.ascontiguousarray(records[:, run]), tuple(map(int, simulation.accepted[run])))
        for run in range(len(scenarios))
    ]


def _net_load_kwh(simulation: Simulation, operation: Dispatcher) -> Floats:
    """(B, N) what the operation does with all cars, within their limits."""
    seen = simulation.joint_snapshot()
    net_load_kwh = np.zeros((simulation.n_envs, simulation.n_chargers))
    wanted = operation.net_load_kwh(seen)
    net_load_kwh.ravel()[seen.charger] = np.clip(wanted, seen.lo_kwh, seen.hi_kwh)
    return net_load_kwh
