"""The engine behind `engine="cvxpy"`: one program for the fleet, kept and solved again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.solvers.schedule import ScheduleProgram
from vpp_gym.solvers.schedule_data import ScheduleData, ScheduleRules


class ProgramEngine:
    """Plans of a fleet from `ScheduleProgram`, built anew only when the fleet outgrows it.

    Binaries against charging and discharging at once are added where contracts run
    and something needs them: prices, negative ones as a rule, or an EV outside its
    window of energy, which may only move back towards it. The limit of charging
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

        Args:
            short: (H,) EUR/kWh for charging.
            long: (H,) or (n, H) EUR/kWh for discharging.
            stays: limits of the n EVs, by the names of `plan_fleet`.
            charge_eff: in (0, 1].
            discharge_eff: in (0, 1].
            shortfall_eur_per_kwh: per kWh of battery energy missing at departure.

        Returns:
            (n, H) kWh, and the largest change [kWh] that made the answer feasible.
        """
        turnaround = charge_eff * discharge_eff
        rules = ScheduleRules(
            charge_eff=charge_eff,
            discharge_eff=discharge_eff,
            shortfall_eur_per_kwh=shortfall_eur_per_kwh,
            boolean=_needs_binaries(short, long * turnaround, stays),
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


def _needs_binaries(short: Floats, long_returned: Floats, stays: dict[str, NDArray]) -> bool:
    """Whether a linear program could discharge an EV that must not, or both ways at once.

    Args:
        short: (H,) EUR per kWh charged.
        long_returned: (H,) or (n, H) EUR per kWh charged that is discharged at once.
        stays: limits of the n EVs.
    """
    exports = stays["contract_kwh"] > 0
    outside = (stays["energy_kwh"] < stays["min_kwh"]) | (stays["energy_kwh"] > stays["max_kwh"])
    pays = (np.atleast_2d(long_returned) > short).any(axis=1)
    return bool((exports & (outside | pays)).any())
