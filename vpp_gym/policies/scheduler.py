"""Rolling-horizon schedulers: forecast, plan every stay to its end, act on the first step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.departures import fill_early_hazards
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.base import charging_of, idle_until_forced_kwh
from vpp_gym.policies.departure_law import (
    DepartureAware,
    DepartureLaw,
    Departures,
    checked_departures,
)
from vpp_gym.policies.forecasters import (
    DayAheadAnchored,
    Forecaster,
    HourOfDayMean,
    day_ahead_anchor,
)
from vpp_gym.policies.standby import with_standby
from vpp_gym.policy import Privileged
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.solvers.leaving import Leaving
from vpp_gym.solvers.schedule_data import ScheduleData, ScheduleRules
from vpp_gym.solvers.single_ev import plan_fleet
from vpp_gym.views import Snapshot

if TYPE_CHECKING:
    from vpp_gym.solvers.schedule import ScheduleProgram

Engine = Literal["exact", "cvxpy"]

HARD_EUR_PER_KWH = 100.0
"""Penalty in plans on missing energy: above any price, so demand is met if it can be."""


class RollingScheduler(DepartureAware):
    """Plan at forecast prices, apply the first step, plan again.

    Every EV is planned to its own departure: buy low, sell high within the
    contract's window and energy, and end at the target. The program separates per
    EV and is solved exactly; `engine="cvxpy"` solves the same plan as one LP, except that
    EVs may charge above their target after their contract's window.

    Args:
        name: row label in results.
        forecaster: of imbalance prices.
        term_h: term of the fixed-term menu on offer, see `vpp_gym.policies.base.with_offer`.
        contract: what is on offer instead, see `vpp_gym.params.contract.offer`.
        contracts_only: plan EVs with a contract; the others wait until they must
            charge (Algorithm 1).
        discharges: False plans without discharging, contract or not.
        engine: "exact" or "cvxpy".
        departures: what the plan expects of drivers: "declared" takes them at their word;
            "law" weighs in every step how likely they are to leave early, by the law of the
            world's owners, and what is then missing: penalty and lost retail; "learnt" does
            so by an estimate from the stays that have ended in the run.
        shortfall_eur_per_kwh: penalty in the plan on energy missing at departure;
            the default serves every EV that can be served.

    Source: Rahman et al. 2023, program (16) and Algorithm 1; (16b) and (16d) as
    meant: the window ends at arrival + term, and all that is discharged counts.
    """

    def __init__(
        self,
        *,
        name: str,
        forecaster: Forecaster,
        term_h: int | None,
        contract: ContractChanges | None = None,
        contracts_only: bool = False,
        discharges: bool = True,
        engine: Engine = "exact",
        departures: Departures = "declared",
        shortfall_eur_per_kwh: float = HARD_EUR_PER_KWH,
    ) -> None:
        if engine not in ("exact", "cvxpy"):
            raise InvalidInputError("engine", engine, "use exact or cvxpy")
        if checked_departures(departures) != "declared" and engine != "exact":
            raise InvalidInputError("engine", engine, "use exact, which knows early departures")
        self.name, self.forecaster, self.term_h = name, forecaster, term_h
        self.contract = contract
        self.privileged = forecaster.privileged
        self.contracts_only, self.discharges = contracts_only, discharges
        self.engine, self.departures = engine, departures
        self.shortfall_eur_per_kwh = shortfall_eur_per_kwh
        self._program: ProgramEngine | None = None

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Hand the future to a privileged forecaster."""
        if isinstance(self.forecaster, Privileged):
            self.forecaster.reveal(scenario, params, start_step, end_step)

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        if not self.contracts_only:
            return self.plan_kwh(snapshot, np.arange(len(snapshot.session)))[:, 0]
        net_load = idle_until_forced_kwh(snapshot)
        signed = np.flatnonzero(snapshot.has_contract)
        net_load[signed] = self.plan_kwh(snapshot, signed)[:, 0]
        return net_load

    def plan_kwh(self, snapshot: Snapshot, rows: Ints) -> Floats:
        """(len(rows), H) net load of some of the EVs, to the last departure among them."""
        if not len(rows):
            return np.zeros((0, 1))
        horizon = int(snapshot.steps_to_departure[rows].max())
        site = snapshot.params.site
        short, long = with_standby(site, *self.forecaster.forecast(snapshot, horizon))
        da = day_ahead_anchor(snapshot, horizon)
        stays = self._stays(snapshot, rows, da)
        if snapshot.curves.shape[2] > 0:
            if self.engine != "exact":
                remedy = "use exact, which knows cars that taper"
                raise InvalidInputError("engine", self.engine, remedy)
            stays["curves"] = charging_of(snapshot, rows).step_curves
        if (law := self.law_in(snapshot)) is not None:
            stays["leaving"] = leaving_early(snapshot, rows, horizon, law)
        return self._solve(
            short,
            selling_price(snapshot, rows, long, da),
            stays,
            charge_eff=site.charge_eff,
            discharge_eff=site.discharge_eff,
            shortfall_eur_per_kwh=self.shortfall_eur_per_kwh,
        )

    def _stays(self, snapshot: Snapshot, rows: Ints, da: Floats) -> dict[str, Any]:
        """Limits of each EV, as `plan_fleet` names them."""
        limits = discharge_limits(snapshot, rows, da)
        if not self.discharges:
            limits["contract_kwh"] = np.zeros(len(rows))
        return limits | {
            "steps": snapshot.steps_to_departure[rows],
            "energy_kwh": snapshot.energy_kwh[rows],
            "max_kwh": snapshot.max_kwh[rows],
            "late_max_kwh": snapshot.target_kwh[rows],
            "target_kwh": snapshot.target_kwh[rows],
            "charge_kwh": snapshot.charge_kw[rows] * snapshot.dt_h,
        }

    def _solve(self, short: Floats, long: Floats, stays: dict[str, Any], **rules: Any) -> Floats:
        if self.engine == "exact":
            return plan_fleet(short, long, **stays, **rules)
        if self._program is None:
            self._program = ProgramEngine()
        net_load, repair_kwh = self._program.plan_kwh(short, long, stays, **rules)
        self.repair_kwh += repair_kwh
        return net_load


def no_v2g(forecaster: Forecaster | None = None, engine: Engine = "exact") -> RollingScheduler:
    """Smart charging without V2G: program (16) with w = 0, to the last departure.

    Source: Rahman et al. 2023, Sec. 7, baseline No-V2G.
    """
    return RollingScheduler(
        name="no_v2g",
        forecaster=forecaster or HourOfDayMean(),
        term_h=0,
        discharges=False,
        engine=engine,
    )


def algorithm_1(
    term_h: int,
    forecaster: Forecaster | None = None,
    engine: Engine = "exact",
    *,
    name: str | None = None,
) -> RollingScheduler:
    """The paper's operation with contracts of the given term.

    Source: Rahman et al. 2023, Algorithm 1; planned to the own departure, not
    to the end of the window, which is what the paper's own figures use.
    """
    if term_h < 1:
        raise InvalidInputError("term_h", term_h, "give at least one hour; no_v2g has no contracts")
    return RollingScheduler(
        name=name or f"algorithm_1_{term_h}h",
        forecaster=forecaster or HourOfDayMean(),
        term_h=term_h,
        contracts_only=True,
        engine=engine,
    )


def rolling_mpc(
    term_h: int | None = 0,
    forecaster: Forecaster | None = None,
    engine: Engine = "exact",
    *,
    contract: ContractChanges | None = None,
    name: str | None = None,
) -> RollingScheduler:
    """Every EV planned, with day-ahead prices and the last imbalance as the forecast.

    Args:
        term_h: term of the fixed-term menu on offer; 0 offers nothing, None what is in `params`.
        forecaster: of imbalance prices.
        engine: "exact" or "cvxpy".
        contract: what is on offer instead of that menu.
        name: row label; by default with the term.
    """
    return RollingScheduler(
        name=name or ("rolling_mpc" if not term_h else f"rolling_mpc_{term_h}h"),
        forecaster=forecaster or DayAheadAnchored(),
        term_h=term_h if contract is None else None,
        contract=contract,
        engine=engine,
    )


def hazard_mpc(
    term_h: int | None = 0,
    forecaster: Forecaster | None = None,
    *,
    contract: ContractChanges | None = None,
    name: str | None = None,
    departures: Departures = "law",
) -> RollingScheduler:
    """The rolling MPC that knows how likely drivers are to leave early.

    With drivers who keep their word it is the rolling MPC.

    Args:
        term_h: term of the fixed-term menu on offer; 0 offers nothing, None what is in `params`.
        forecaster: of imbalance prices.
        contract: what is on offer instead of that menu.
        name: row label; by default with the term.
        departures: "law" is told the law of the world, "learnt" estimates it as it goes.
    """
    return RollingScheduler(
        name=name or ("hazard_mpc" if not term_h else f"hazard_mpc_{term_h}h"),
        forecaster=forecaster or DayAheadAnchored(),
        term_h=term_h if contract is None else None,
        contract=contract,
        departures=departures,
    )


def leaving_early(
    snapshot: Snapshot, rows: Ints, horizon: int, law: DepartureLaw | None = None
) -> Leaving | None:
    """How likely EVs are to leave after each step, and what they should have stored then.

    Args:
        snapshot: of the step in which the plan begins.
        rows: (m,) which of the connected EVs.
        horizon: steps of the plan.
        law: by which they leave; by default that of the world's owners.

    Returns:
        None where drivers are never early.
    """
    hazard = leaving_hazards(snapshot, rows, horizon, law)
    return None if hazard is None else leaving_with(snapshot, rows, hazard)


def leaving_with(snapshot: Snapshot, rows: Ints, hazard: Floats) -> Leaving:
    """What EVs should have stored when they leave, by (m, horizon) hazards of leaving early.

    Args:
        snapshot: of the step in which the plan begins.
        rows: (m,) which of the connected EVs.
        hazard: see `leaving_hazards`.
    """
    first, arrival_kwh = snapshot.steps_connected[rows] + 1, snapshot.arrival_kwh[rows]
    reach_kwh = charging_of(snapshot, rows).reaches_kwh(arrival_kwh, first, hazard.shape[1])
    due_kwh = np.minimum(snapshot.target_kwh[rows][:, None], reach_kwh)
    return Leaving(hazard, due_kwh, missing_early_eur_per_kwh(snapshot))


def leaving_hazards(
    snapshot: Snapshot, rows: Ints, horizon: int, law: DepartureLaw | None = None
) -> Floats | None:
    """(m, horizon) how likely EVs are to leave after each step; arguments of `leaving_early`."""
    known = DepartureLaw.of(snapshot.params.owner) if law is None else law
    if known.early_prob == 0.0:
        return None
    connected, left = snapshot.steps_connected[rows], snapshot.steps_to_departure[rows]
    prob = [known.early_prob] * len(rows)
    return early_hazards(connected, left, horizon, prob, known.early_exponent)


def missing_early_eur_per_kwh(snapshot: Snapshot) -> float:
    """What each kWh costs that a driver misses who leaves early."""
    driver, eff = snapshot.params.driver, snapshot.params.site.charge_eff
    penalty = driver.early_shortfall_share * snapshot.shortfall_eur_per_kwh
    return float(penalty + driver.retail_eur_per_kwh / eff)


def early_hazards(
    steps_connected: Ints,
    steps_to_departure: Ints,
    horizon: int,
    prob: Sequence[float],
    exponent: float,
) -> Floats:
    """(n, horizon) probability that a driver who is still there leaves after each step.

    Args:
        steps_connected: (n,) since the arrival.
        steps_to_departure: (n,) as declared.
        horizon: steps of the plan.
        prob: (n,) of leaving early.
        exponent: of the distribution of when.
    """
    hazard = np.zeros((len(steps_connected), horizon))
    ahead = zip(steps_connected.tolist(), steps_to_departure.tolist(), prob, strict=True)
    for row, (behind, left, own_prob) in zip(hazard, ahead, strict=True):
        if left > 1:
            own = _hazards_of_stay(behind + left, own_prob, exponent)[behind : behind + horizon]
            row[: len(own)] = own
    return hazard


@lru_cache(maxsize=4096)
def _hazards_of_stay(stay: int, prob: float, exponent: float) -> Floats:
    """(stay,) hazard after each step of a stay; the last is the declared departure's, 0."""
    hazard = np.empty(stay)
    fill_early_hazards(prob, exponent, hazard)
    return hazard


def discharge_limits(
    snapshot: Snapshot, rows: Ints | slice, da_eur_per_kwh: Floats
) -> dict[str, Any]:
    """Limits of discharging as `vpp_gym.solvers.single_ev.plan_fleet` takes them.

    Args:
        snapshot: of the step in which the plan begins.
        rows: (m,) which of the connected EVs.
        da_eur_per_kwh: (H,) day-ahead prices, known or expected, this step first; or (m, H).

    Returns:
        min_kwh (m,), discharge_steps (m,), contract_kwh (m,), and discharge_kwh: (m,), or
        (m, H) where some contract opens later or asks for a price.
    """
    power_kwh = snapshot.discharge_kw[rows] * snapshot.dt_h
    wait, least = snapshot.contract_wait[rows], snapshot.min_price_eur_per_kwh[rows]
    running = snapshot.contract_steps[rows] > 0
    if (running & ((wait > 0) | (least > -np.inf))).any():
        ahead = np.arange(da_eur_per_kwh.shape[-1])
        allowed = (ahead >= wait[:, None]) & (da_eur_per_kwh >= least[:, None])
        power_kwh = power_kwh[:, None] * allowed
    return {
        # A target may lie below the level that is kept; such an EV cannot discharge anyway.
        "min_kwh": np.minimum(
            np.maximum(snapshot.min_kwh[rows], snapshot.keep_kwh[rows]), snapshot.max_kwh[rows]
        ),
        "discharge_kwh": power_kwh,
        "discharge_steps": snapshot.contract_steps[rows],
        "contract_kwh": snapshot.contract_kwh[rows],
    }


def selling_price(
    snapshot: Snapshot, rows: Ints | slice, sell_eur_per_kwh: Floats, da_eur_per_kwh: Floats
) -> Floats:
    """Price of discharging less what the owner is paid for it.

    Args:
        snapshot: of the step in which the plan begins.
        rows: (m,) which of the connected EVs.
        sell_eur_per_kwh: (H,) what the market pays; or (m, H).
        da_eur_per_kwh: (H,) day-ahead prices, known or expected, this step first; or (m, H).

    Returns:
        (H,) if no contract pays per kWh, else (m, H) EUR/kWh.
    """
    tariff, margin = snapshot.tariff_eur_per_kwh[rows], snapshot.margin[rows]
    if not (tariff.any() or margin.any()):
        return sell_eur_per_kwh
    least = snapshot.min_price_eur_per_kwh[rows]
    asks = np.where(np.isfinite(least), least, np.inf)
    above = np.maximum(da_eur_per_kwh - asks[:, None], 0.0)
    return sell_eur_per_kwh - tariff[:, None] - margin[:, None] * above


class ProgramEngine:
    """The engine behind `engine="cvxpy"`: one program for the fleet, solved again in every step.

    It is built anew only when the fleet or the horizon outgrows it.

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
        from vpp_gym.solvers.schedule import ScheduleProgram  # cvxpy: only when asked for

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
