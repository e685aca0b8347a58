"""Evaluation in the microgrid: a decision every hour."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.worlds import Runner
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.evaluation import FCEVWorld
from vpp_gym.fcev.microgrid.ledger import LEDGER
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision


class MicrogridRunner:
    """A run for a policy that reads snapshots, from midnight to midnight.

    Args:
        simulation: of one run.
        start_step: first hour.
        end_step: first hour after the run.
    """

    def __init__(self, simulation: Microgrid, start_step: int, end_step: int) -> None:
        simulation.reset(hour=start_step)
        self.simulation = simulation
        self.day = np.arange(start_step, end_step) // HOURS

    def observe(self) -> Any:
        """The snapshot of this hour."""
        return self.simulation.snapshot()

    def act(self, decision: Any) -> Floats:
        """Carry out an hour: (1, K) terms."""
        if not isinstance(decision, MicrogridDecision):
            raise InvalidInputError("policy.predict", decision, "decide on a MicrogridDecision")
        return self.simulation.advance([decision])


class MicrogridWorld(FCEVWorld[MicrogridScenario, MicrogridParams]):
    """The microgrid with volume-based or control-based contracts."""

    ledger = LEDGER
    default = MicrogridParams()

    def scenario(self, name: str, params: MicrogridParams) -> MicrogridScenario:
        """The first microgrid on the years of prices of that name."""
        # By name: a run depends on its scenario, not on the code that draws others.
        source = import_module("vpp_gym.fcev.microgrid.scenario").MicrogridSource(params, name)
        scenario: MicrogridScenario = source.scenario(0)
        return scenario

    def runner(
        self, scenario: MicrogridScenario, params: MicrogridParams, start_step: int, end_step: int
    ) -> MicrogridRunner:
        """A run for a policy that reads snapshots, at its start."""
        return MicrogridRunner(Microgrid([scenario], params), start_step, end_step)

    def day_rows(
        self, scenario: MicrogridScenario, runner: Runner, records: Floats, solve_s: Floats
    ) -> pd.DataFrame:
        """One row per day; fairness is that at its end, self-sufficiency that of its sums."""
        rows = super().day_rows(scenario, runner, records, solve_s)
        rows["self_sufficiency"] = 1.0 - rows["import_kwh"] / rows["load_kwh"]
        return rows


WORLD = MicrogridWorld()
