"""Rolling-horizon schedulers: forecast, plan every stay to its end, act on the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import Dispatcher, idle_until_forced_kwh
from vpp_gym.policies.contract_offers import ContractChanges
from vpp_gym.policies.contract_terms import discharge_limits, selling_price
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster, HourOfDayMean
from vpp_gym.policies.price_history import day_ahead_anchor
from vpp_gym.policy import Privileged
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.solvers.single_ev import plan_fleet
from vpp_gym.views import Snapshot

if TYPE_CHECKING:
    from vpp_gym.policies.schedule_engine import ProgramEngine

Engine = Literal["exact", "cvxpy"]

HARD_EUR_PER_KWH = 100.0
"""Penalty in plans on missing energy: above any price, so demand is met if it can be."""


class RollingScheduler(Dispatcher):
    """Plan at forecast prices, apply the first step, plan again.

    Every EV is planned to its own departure: buy low, sell high within the
    contract's window and energy, and end at the target. The program separates per
    EV and is solved exactly; `engine="cvxpy"` solves the same plan as one LP, but for
    the rule that above the target an EV may not charge behind its contract's window.

    Args:
        name: row label in results.
        forecaster: of imbalance prices.
        term_h: term of the fixed-term menu on offer, see `vpp_gym.policies.base.with_offer`.
        contract: what is on offer instead, see `vpp_gym.policies.contract_offers`.
        contracts_only: plan EVs with a contract; the others wait until they must
            charge (Algorithm 1).
        discharges: False plans without discharging, contract or not.
        engine: "exact" or "cvxpy".
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
        shortfall_eur_per_kwh: float = HARD_EUR_PER_KWH,
    ) -> None:
        if engine not in ("exact", "cvxpy"):
            raise InvalidInputError("engine", engine, "use exact or cvxpy")
        self.name, self.forecaster, self.term_h = name, forecaster, term_h
        self.contract = contract
        self.privileged = forecaster.privileged
        self.contracts_only, self.discharges = contracts_only, discharges
        self.engine, self.shortfall_eur_per_kwh = engine, shortfall_eur_per_kwh
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
        short, long = self.forecaster.forecast(snapshot, horizon)
        da = day_ahead_anchor(snapshot, horizon)
        site = snapshot.params.site
        return self._solve(
            short,
            selling_price(snapshot, rows, long, da),
            self._stays(snapshot, rows, da),
            charge_eff=site.charge_eff,
            discharge_eff=site.discharge_eff,
            shortfall_eur_per_kwh=self.shortfall_eur_per_kwh,
        )

    def _stays(self, snapshot: Snapshot, rows: Ints, da: Floats) -> dict[str, NDArray]:
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

    def _solve(self, short: Floats, long: Floats, stays: dict, **rules: float) -> Floats:
        if self.engine == "exact":
            return plan_fleet(short, long, **stays, **rules)
        if self._program is None:
            from vpp_gym.policies.schedule_engine import ProgramEngine

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
    term_h: int, forecaster: Forecaster | None = None, engine: Engine = "exact"
) -> RollingScheduler:
    """The paper's operation with contracts of the given term.

    Source: Rahman et al. 2023, Algorithm 1; planned to the own departure, not
    to the end of the window, which is what the paper's own figures use.
    """
    if term_h < 1:
        raise InvalidInputError("term_h", term_h, "give at least one hour; no_v2g has no contracts")
    return RollingScheduler(
        name=f"algorithm_1_{term_h}h",
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
        term_h: term of the fixed-term menu on offer; 0 offers nothing, None leaves it to
            the world.
        forecaster: of imbalance prices.
        engine: "exact" or "cvxpy".
        contract: what is on offer instead of that menu.
        name: row label; by default it tells the term.
    """
    return RollingScheduler(
        name=name or ("rolling_mpc" if not term_h else f"rolling_mpc_{term_h}h"),
        forecaster=forecaster or DayAheadAnchored(),
        term_h=term_h if contract is None else None,
        contract=contract,
        engine=engine,
    )
