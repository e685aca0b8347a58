"""Evaluation in the world of EVs: runs of its simulator, and what a day's row holds."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats, Ints
from vpp_gym.contracts.families import offer_labels
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.service import satisfaction
from vpp_gym.evaluation.stated import StatesParams
from vpp_gym.evaluation.worlds import World
from vpp_gym.ledger import PROFIT
from vpp_gym.markets.ledger import LEDGER
from vpp_gym.params import VPPParams, as_params
from vpp_gym.policies.base import with_offer
from vpp_gym.policy import Policy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.views import Snapshot


class EVRunner:
    """A run for a policy that reads snapshots and gives decisions, step by step.

    Args:
        simulation: of one run, placed at its start.
        day: (n,) local day of each step.

    Attributes:
        accepted: (offers,) contracts signed so far, after each step.
    """

    def __init__(self, simulation: Simulation, day: Ints) -> None:
        self.simulation, self.day = simulation, day
        self.accepted: list[Floats] = []

    def observe(self) -> Any:
        """The snapshot of the step to come."""
        snapshot: Snapshot = self.simulation.snapshot()
        return snapshot

    def act(self, decision: Any) -> Floats:
        """Advance by one step: (1, K) terms."""
        records = self.simulation.step(decision)
        self.count_contracts()
        return records

    def count_contracts(self) -> None:
        """Note how many contracts have been signed."""
        self.accepted.append(self.simulation.accepted[0].astype(np.float64))


class EVWorld(World[Scenario, VPPParams], StatesParams):
    """The virtual power plant of privately owned EVs."""

    ledger = LEDGER

    def rules(self, policy: Policy, params: Any) -> VPPParams:
        """With what the policy offers, and the guarantee if an agent asks for it."""
        rules = with_offer(policy, as_params(params))
        if isinstance(policy, EnvironmentAgent) and policy.guarantee:
            rules = rules.replace(guarantee=True)
        return rules

    def params_in(self, scenario: Scenario, params: Any) -> VPPParams:
        """What a world file states of its parameters stands where the default does."""
        return as_params(params, scenario.params)

    def scenario(self, name: str, params: VPPParams) -> Scenario:
        """The first scenario of a source; of a world file with the time step that it has."""
        # By name: a run depends on its scenario, not on the code that draws others.
        scenario: Scenario = import_module("vpp_gym.scenarios.named").load_scenario(name)
        return scenario

    def n_steps(self, scenario: Scenario) -> int:
        """Length of a scenario."""
        return scenario.n_steps

    def runner(
        self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int
    ) -> EVRunner:
        """A run for a policy that reads snapshots, at its start."""
        simulation = Simulation(scenario, params)
        simulation.reset(start_step=start_step, end_step=end_step)
        return EVRunner(simulation, scenario.day[start_step:end_step])

    def compiled(self, policy: Policy, runner: Any) -> tuple[Policy, Any]:
        """Compiled plans of schedulers that have them, see `vpp_gym.evaluation.compiled`."""
        from vpp_gym.evaluation.compiled import compiled

        found = None
        if type(runner) is EVRunner:
            found = compiled(policy, runner.simulation, runner.day)
        return (policy, runner) if found is None else found

    def day_rows(
        self, scenario: Scenario, runner: EVRunner, records: Floats, solve_s: Floats
    ) -> pd.DataFrame:
        """One row per local day of a run."""
        steps = pd.DataFrame(records, columns=list(LEDGER.names))
        steps.insert(0, PROFIT, steps[list(LEDGER.money)].sum(axis=1))
        for place, part in enumerate(LEDGER.remainders, start=1):
            steps.insert(place, part.eur, LEDGER.part_eur(part.name, steps))
        signed = np.diff(np.array(runner.accepted), axis=0, prepend=0)
        for place, label in enumerate(offer_labels(runner.simulation.params)):
            steps[f"contracts_{label}"] = signed[:, place]
        day = pd.Series(runner.day, name="day")
        solve_ms = pd.Series(1000 * solve_s).groupby(day)
        days = steps.groupby(day).sum()
        for name in LEDGER.shares:
            days[name] = steps[name].groupby(day).last()
        days.insert(0, "steps", steps.groupby(day).size())
        first_date = scenario.clock[0].astype("datetime64[D]")
        dates = first_date + days.index.to_numpy().astype("timedelta64[D]")
        days.insert(0, "date", dates.astype(str))
        days = days.assign(
            **satisfaction(days), solve_ms_mean=solve_ms.mean(), solve_ms_max=solve_ms.max()
        )
        return days.reset_index()


WORLD = EVWorld()
