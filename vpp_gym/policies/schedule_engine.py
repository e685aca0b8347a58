"""The engine behind `engine="cvxpy"`: one program for the fleet, kept and solved again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vpp_gym.solvers.schedule import ScheduleProgram
from vpp_gym.solvers.schedule_data import ScheduleData, ScheduleRules
from vpp_gym.views import Floats


class ProgramEngine:
    """Plans of a fleet from `ScheduleProgram`, built anew only when the fleet outgrows it.

    Binaries against charging and discharging at once are added in steps whose
    prices need them: negative ones, with contracts running. The limit of charging
    behind a contract's window, `late_max_kwh`, is not convex and left out.
    """

    def __init__(self) -> None:
        self._programs: dict[bool, ScheduleProgram] = {}

    def plan_kwh(
        self,
        short: Floats,
        long: Floats,
        stays: dict[str, NDArray],
        *,
        charge_eff: float,
        discharge_eff: float,
        shortfall_eur_per_kwh: float,
    ) -> tuple[Floats, float]:
        """Net load that costs least; arguments as `plan_fleet` takes them.

        Returns:
            (n, H) kWh, and the largest change [kWh] that made the answer feasible.
        """
        exports = bool((stays["contract_kwh"] > 0).any())
        rules = ScheduleRules(
            charge_eff=charge_eff,
            discharge_eff=discharge_eff,
            shortfall_eur_per_kwh=shortfall_eur_per_kwh,
            boolean=exports and bool((np.minimum(short, long) < 0).any()),
        )
        program = self._program_for(len(stays["steps"]), len(short), rules)
        limits = {name: limit for name, limit in stays.items() if name != "late_max_kwh"}
        solution = program.solve(ScheduleData(short, long, **limits))
        return solution.net_load_kwh, solution.repair_kwh

    def _program_for(self, n_evs: int, horizon: int, rules: ScheduleRules) -> ScheduleProgram:
        kept = self._programs.get(rules.boolean)
        fits = kept is not None and kept.rules == rules
        if kept is None or not fits or n_evs > kept.n_evs or horizon > kept.horizon:
            room = (max(n_evs, 8), max(horizon, 24))
            if kept is not None and fits:
                room = (max(room[0], kept.n_evs), max(room[1], kept.horizon))
            kept = self._programs[rules.boolean] = ScheduleProgram(*room, rules)
        return kept
