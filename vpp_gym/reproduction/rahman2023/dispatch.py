"""Algorithm 1 and its baselines as the code behind the paper's numbers runs them."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.params import VPPParams
from vpp_gym.policies.base import Dispatcher, idle_until_forced_kwh, to_target_kwh
from vpp_gym.policies.forecasters import Forecaster, day_ahead_anchor
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH, discharge_limits
from vpp_gym.policy import Privileged
from vpp_gym.reproduction.rahman2023.quirks import LAXITY_MARGIN_H, Quirks
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.solvers.single_ev import plan_fleet
from vpp_gym.views import Snapshot


class PaperNoControl(Dispatcher):
    """Every EV charges from its arrival on, by the paper's amounts.

    Args:
        quirks: rules in force.
    """

    name = "paper_no_control"
    term_h: int | None = 0

    def __init__(self, quirks: Quirks) -> None:
        self.quirks = quirks

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        return charge_to_target_kwh(snapshot, self.quirks)


class PaperSchedule(Dispatcher):
    """One plan an hour for the EVs with a contract; the others wait until they must charge.

    With all quirks taken away it is `vpp_gym.policies.scheduler.algorithm_1`, or, for
    everybody and without contracts, `no_v2g`.

    Args:
        quirks: rules in force.
        forecaster: of imbalance prices.
        term_h: of the menu on offer; 0 plans every EV, without discharge (No-V2G).

    Source: Rahman et al. 2023, Algorithm 1 and program (16).
    """

    def __init__(self, quirks: Quirks, forecaster: Forecaster, *, term_h: int) -> None:
        self.quirks, self.forecaster = quirks, forecaster
        self.term_h: int | None = term_h
        self.name = f"paper_{term_h}h" if term_h else "paper_no_v2g"
        self.privileged = forecaster.privileged or quirks.forecast_with_future

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Hand the future to a forecaster that may see it; the paper's brings its own."""
        if isinstance(self.forecaster, Privileged):
            self.forecaster.reveal(scenario, params, start_step, end_step)

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        net_load = wait_until_forced_kwh(snapshot, self.quirks)
        planned = snapshot.has_contract if self.term_h else np.ones(len(net_load), dtype=np.bool_)
        rows = planned.nonzero()[0]
        if len(rows):
            net_load[rows] = self._plan_kwh(snapshot, rows)[:, 0]
        return net_load

    def _plan_kwh(self, snapshot: Snapshot, rows: Ints) -> Floats:
        """(len(rows), H) net load of the EVs to plan."""
        site, steps = snapshot.params.site, snapshot.steps_to_departure[rows]
        horizon = int(steps.max())
        short, long = self.forecaster.forecast(snapshot, horizon)
        if self.quirks.price_zero_after_last:
            known = np.arange(horizon) < _last_departure(snapshot, rows)[..., None]
            short, long = np.where(known, short, 0.0), np.where(known, long, 0.0)
        return plan_fleet(
            short,
            long,
            steps=steps,
            energy_kwh=snapshot.energy_kwh[rows],
            max_kwh=snapshot.max_kwh[rows],
            late_max_kwh=snapshot.target_kwh[rows],
            target_kwh=snapshot.target_kwh[rows],
            charge_kwh=self._charge_kwh(snapshot, rows, horizon),
            **self._discharge_limits(snapshot, rows, horizon),
            charge_eff=site.charge_eff,
            discharge_eff=site.discharge_eff,
            shortfall_eur_per_kwh=HARD_EUR_PER_KWH,
        )

    def _charge_kwh(self, snapshot: Snapshot, rows: Ints, horizon: int) -> Floats:
        """(len(rows),) limit of charging, or (len(rows), H) with a margin of laxity.

        Before the last hour begins, the laxity must not be less than the margin: that
        hour cannot be needed as a whole.
        """
        limit = snapshot.charge_kw[rows] * snapshot.dt_h
        if not self.quirks.laxity_margin:
            return limit
        steps = snapshot.steps_to_departure[rows]
        by_step = np.broadcast_to(limit[:, None], (len(rows), horizon)).copy()
        last_kwh = limit * (1 - LAXITY_MARGIN_H / snapshot.dt_h)
        by_step[np.arange(len(rows)), steps - 1] = np.where(steps > 1, last_kwh, limit)
        return by_step

    def _discharge_limits(self, snapshot: Snapshot, rows: Ints, horizon: int) -> dict[str, Any]:
        limits = discharge_limits(snapshot, rows, day_ahead_anchor(snapshot, horizon))
        if not self.term_h:
            limits["contract_kwh"] = np.zeros(len(rows))
        elif self.quirks.energy_unplanned:
            left_kwh = limits["contract_kwh"]
            limits["discharge_kwh"] = np.minimum(limits["discharge_kwh"], left_kwh)
            limits["contract_kwh"] = np.where(left_kwh > 0, np.inf, 0.0)
        return limits


def _last_departure(snapshot: Snapshot, rows: Ints) -> Ints:
    """Steps to the departure of the EV that came last to the same car park, of some EVs.

    One number for all in one car park, else (len(rows),), where several are stepped together.
    """
    steps, session = snapshot.steps_to_departure[rows], snapshot.session[rows]
    park = snapshot.charger[rows] // snapshot.params.site.n_chargers
    if park[-1] == 0:
        return steps[np.argmax(session)]
    last, by_arrival = np.empty(park[-1] + 1, np.int64), np.argsort(session)
    last[park[by_arrival]] = steps[by_arrival]
    return last[park]


def charge_to_target_kwh(snapshot: Snapshot, quirks: Quirks) -> Floats:
    """(n,) kWh at the meter: full power, or what is missing.

    Without the charger's losses, what is missing in the battery is taken at the meter.
    """
    if not quirks.ignores_charge_efficiency:
        return to_target_kwh(snapshot)
    missing_kwh = np.maximum(snapshot.target_kwh - snapshot.energy_kwh, 0.0)
    return np.minimum(missing_kwh, snapshot.hi_kwh)


def wait_until_forced_kwh(snapshot: Snapshot, quirks: Quirks) -> Floats:
    """(n,) kWh at the meter: 0, or charging where the laxity would turn negative."""
    if not quirks.ignores_charge_efficiency:
        return idle_until_forced_kwh(snapshot)
    forced = snapshot.laxity_h < snapshot.dt_h - 1e-9
    return np.where(forced, charge_to_target_kwh(snapshot, quirks), snapshot.idle_kwh)
