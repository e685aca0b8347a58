"""Plans of the microgrid: of the next day as expected, and of the whole run in hindsight."""

from __future__ import annotations

from dataclasses import dataclass

from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.microgrid.hindsight import run_of, signed_instance
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.plan_inputs import expected_instance
from vpp_gym.fcev.microgrid.program import INTERIOR, MicrogridPlan, plan_microgrid
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision, MicrogridSnapshot
from vpp_gym.fcev.microgrid.state import rules_of
from vpp_gym.policy import StatelessPolicy


@dataclass
class RollingPlan(StatelessPolicy[MicrogridSnapshot, MicrogridDecision]):
    """The optimal plan of the next 24 hours as expected, of which this hour is carried out.

    Stays follow the usual schedule. Hydrogen left at the plan's end, less what the tanks
    lack, is worth what it earned in training years from that day and level on.
    """

    name: str = "rolling_plan"

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """This hour of the plan."""
        plan = plan_microgrid(expected_instance(snapshot), rules_of(snapshot.params))
        return carried_out(plan, 0, snapshot)


@dataclass
class ForesightOperator(StatelessPolicy[MicrogridSnapshot, MicrogridDecision]):
    """The optimal plan of the whole run, with contracts as signed. Privileged."""

    name: str = "foresight"
    privileged: bool = True
    _plan: MicrogridPlan | None = None
    _begin: int = 0

    def reveal(
        self, scenario: MicrogridScenario, params: MicrogridParams, start_step: int, end_step: int
    ) -> None:
        """Receive the future of a run, and plan it.

        Args:
            scenario: of the run.
            params: its rules.
            start_step: first hour of the run.
            end_step: first hour after it.
        """
        simulation = Microgrid([scenario], params)
        simulation.reset(hour=start_step)
        instance = signed_instance(run_of(simulation, start_step, end_step))
        self._plan = plan_microgrid(instance, simulation.rules, INTERIOR)
        self._begin = start_step

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """This hour of the plan."""
        if self._plan is None:
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        return carried_out(self._plan, snapshot.hour - self._begin, snapshot)


def carried_out(plan: MicrogridPlan, hour: int, snapshot: MicrogridSnapshot) -> MicrogridDecision:
    """An hour of a plan, as far as cars and electrolyser can follow."""
    return MicrogridDecision(
        v2g_kwh=min(max(float(plan.v2g_kwh[hour]), 0.0), snapshot.available_kwh),
        electrolyser_kwh=min(max(float(plan.electrolyser_kwh[hour]), 0.0), snapshot.room_kwh),
    )
