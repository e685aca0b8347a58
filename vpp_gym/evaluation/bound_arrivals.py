"""Who finds a charger in a run, and what may be bid in it: neither depends on the dispatch."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Records
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation


class Arrivals:
    """Who finds a charger in a run, and what may be bid in it at most.

    Both follow from sessions and contracts, not from the dispatch.

    Args:
        scenario: of the run.
        params: rules, with an offer that everybody signs who may.
        start_step: first step.
        end_step: one past the last step.

    Attributes:
        evs: EV records as they were on arrival.
        arrived: (T,) cars that came.
        turned_away: (T,) of them, those that found no free charger.
        least_kwh: (T,) least bid that is allowed, <= 0.
        most_kwh: (T,) largest bid that is allowed, >= 0.
        day: (T,) local day of each step.
        accepted: after each step, contracts signed so far.
        simulation: of the run.
    """

    def __init__(
        self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
    ) -> None:
        self.simulation = sim = Simulation(scenario, params)
        sim.reset(0, start_step, end_step)
        n_steps = end_step - start_step
        self.day, period = (one[start_step:end_step] for one in (scenario.day, scenario.period))
        self.arrived, self.turned_away = np.zeros((2, n_steps))
        self.least_kwh, self.most_kwh = np.zeros((2, n_steps))
        self.accepted: list[Floats] = []
        seen: list[Records] = []
        idle = np.zeros((1, sim.n_chargers))  # moved within the limits by the simulator
        for step in range(n_steps):
            new = sim.state.occupied[0] & (sim.state.ev["arrival"][0] == start_step + step)
            seen.append(sim.state.ev[0][new].copy())
            if sim.is_gate[0]:
                ahead = np.flatnonzero(self.day == self.day[step] + 1)
                least, most = sim.bids_allowed_kwh
                self.least_kwh[ahead] = least[0, period[ahead]]
                self.most_kwh[ahead] = most[0, period[ahead]]
            row = sim.advance(idle, checked=True)[0]
            self.arrived[step] = row[COLUMN.arrivals]
            self.turned_away[step] = row[COLUMN.turned_away]
            self.accepted.append(sim.accepted[0].astype(np.float64))
        self.evs: Records = np.concatenate(seen)
