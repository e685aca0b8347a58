"""Schedulers of a site: cars, battery and sun planned together behind one connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.base import by_charger, charging_of, least_load_kwh
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster, day_ahead_anchor
from vpp_gym.policies.scheduler import HARD_EUR_PER_KWH, discharge_limits, selling_price
from vpp_gym.policy import Policy, Privileged, StatelessPolicy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.solvers.site_lp import Cars, Connection, SitePlan, plan_site
from vpp_gym.views import Decisions, GroupsView, SiteView, Snapshot

LONGEST_H = 48.0
"""Hours ahead to which a plan reaches; a stay that lasts longer is planned to be served by then."""
ROUNDING_KWH = 1e-6
"""A load below it is none."""
SHORTEST_H = 24.0
"""Hours ahead to which it reaches at least, where there is a battery."""


class SiteScheduler(StatelessPolicy[Snapshot, Decisions]):
    """Plan the whole site at forecast prices, apply the first step, plan again.

    The plan knows limits as far as they are announced, and then the least that may come; sun and
    building load as they are now and are expected to be; fees, taxes and the peak charge. It is a
    linear program, see `vpp_gym.solvers.site_lp`. What a car that tapers can store in a step is
    there a line of twelve pieces, which is a little less. Where there are only chargers it plans
    what `rolling_mpc` plans.

    Args:
        name: row label in results.
        forecaster: of imbalance prices.
        term_h: term of the fixed-term menu on offer, see `vpp_gym.policies.base.with_offer`.
        contract: what is on offer instead, see `vpp_gym.params.contract.offer`.
        peak_share: of the monthly peak charge that a plan of a day or two counts.
    """

    def __init__(
        self,
        *,
        name: str = "site_mpc",
        forecaster: Forecaster | None = None,
        term_h: int | None = None,
        contract: ContractChanges | None = None,
        peak_share: float = 1.0,
    ) -> None:
        self.name, self.term_h, self.contract = name, term_h, contract
        self.forecaster = DayAheadAnchored() if forecaster is None else forecaster
        self.privileged = self.forecaster.privileged
        self.peak_share = peak_share

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Hand the future to a privileged forecaster."""
        if isinstance(self.forecaster, Privileged):
            self.forecaster.reveal(scenario, params, start_step, end_step)

    def decide(self, snapshot: Snapshot) -> Decisions:
        """The first step of the plan; no bids."""
        plan = self.planned(snapshot)
        planned = plan.net_load_kwh[:, 0]
        # What a solver leaves behind is no discharge: its owner would not be pleased.
        planned = np.where(np.abs(planned) < ROUNDING_KWH, 0.0, planned)
        load = np.clip(planned, snapshot.lo_kwh, snapshot.hi_kwh)
        if snapshot.curves.shape[2] > 0:
            # A plan's steps at falling power come a little less far than real ones.
            load = np.maximum(load, least_load_kwh(snapshot))
        decisions = Decisions(net_load_kwh=by_charger(snapshot, load))
        if snapshot.site is None:
            return decisions
        least, most = snapshot.site.storage_lo_kwh, snapshot.site.storage_hi_kwh
        return replace(
            decisions,
            storage_kwh=min(max(float(plan.storage_kwh[0]), least), most),
            pv_kwh=min(max(float(plan.sun_kwh[0]), 0.0), float(snapshot.site.pv_kwh[0])),
        )

    def planned(self, snapshot: Snapshot) -> SitePlan:
        """The plan of a step."""
        return plan_site(*self.problem(snapshot))

    def problem(self, snapshot: Snapshot, with_lines: bool = True) -> tuple[Cars, Connection]:
        """What is planned in a step: the cars, and the connection over the plan's horizon.

        Args:
            snapshot: of the step.
            with_lines: of cars that taper, the lines below which they charge.
        """
        horizon = _horizon(snapshot)
        short, long = self.forecaster.forecast(snapshot, horizon)
        da = day_ahead_anchor(snapshot, horizon)
        connection = connection_ahead(snapshot, short, long, self.peak_share)
        return cars_of(snapshot, long, da, horizon, with_lines), connection


def _horizon(snapshot: Snapshot) -> int:
    """Steps of the plan: to the last departure, or the end of what is known of the site."""
    params, last = snapshot.params, int(snapshot.steps_to_departure.max(initial=1))
    if params.storage.kwh > 0:
        last = max(last, min(round(SHORTEST_H / snapshot.dt_h), max(len(snapshot.period), 1)))
    return min(last, round(LONGEST_H / snapshot.dt_h))


def cars_of(
    snapshot: Snapshot, long: Floats, da: Floats, horizon: int, with_lines: bool = True
) -> Cars:
    """The connected cars, as the program takes them.

    Args:
        snapshot: of the step in which the plan begins.
        long: (H,) what the market is expected to pay.
        da: (H,) day-ahead prices, known or expected.
        horizon: H, steps of the plan.
        with_lines: of cars that taper, the lines below which they charge.
    """
    tapers = with_lines and snapshot.curves.shape[2] > 0
    rows, site = np.arange(len(snapshot.session)), snapshot.params.site
    limits = discharge_limits(snapshot, rows, da)
    ahead = np.arange(horizon) < limits["discharge_steps"][:, None]
    power_kwh = limits["discharge_kwh"]
    power_kwh = power_kwh[:, None] if power_kwh.ndim == 1 else power_kwh
    earned = np.broadcast_to(selling_price(snapshot, rows, long, da), ahead.shape)
    return Cars(
        steps=np.minimum(snapshot.steps_to_departure, horizon),
        energy_kwh=snapshot.energy_kwh,
        min_kwh=limits["min_kwh"],
        max_kwh=snapshot.max_kwh,
        target_kwh=snapshot.target_kwh,
        charge_kwh=snapshot.charge_kw * snapshot.dt_h,
        discharge_kwh=power_kwh * ahead,
        contract_kwh=np.where(limits["discharge_steps"] > 0, limits["contract_kwh"], 0.0),
        pay_eur_per_kwh=long - earned,
        lo_kwh=snapshot.lo_kwh,
        hi_kwh=snapshot.hi_kwh,
        charge_eff=site.charge_eff,
        discharge_eff=site.discharge_eff,
        shortfall_eur_per_kwh=HARD_EUR_PER_KWH,
        rise_lines=charging_of(snapshot).rise_lines() if tapers else None,
        charging_standby=site.charging_standby,
        discharging_standby=site.discharging_standby,
        in_group=None if snapshot.site is None else in_group(snapshot.site.groups),
    )


def in_group(groups: GroupsView | None) -> Bools | None:
    """(n, G) whether each connected car is in a group, directly or in one within it."""
    if groups is None:
        return None
    inside = np.zeros((len(groups.group), len(groups.names)), dtype=np.bool_)
    for car, group in enumerate(groups.group.tolist()):
        while group >= 0:
            inside[car, group] = True
            group = int(groups.parent[group])
    return inside


def connection_ahead(
    snapshot: Snapshot, short: Floats, long: Floats, peak_share: float = 1.0
) -> Connection:
    """The connection over the steps ahead; beyond what a snapshot tells, as on the day before.

    Args:
        snapshot: of the step in which the plan begins.
        short: (H,) expected price of a short party.
        long: (H,) expected price of a long party.
        peak_share: of the monthly peak charge.
    """
    view, horizon, params = snapshot.site, len(short), snapshot.params
    if view is None:
        nothing, free = np.zeros(horizon), np.full(horizon, np.inf)
        return Connection(short, np.minimum(long, short), nothing, nothing, free, free)
    at = steps_seen(view, horizon, len(snapshot.expected_load_kwh))
    tariff, storage, dt_h = params.tariff, params.storage, snapshot.dt_h
    buy = short + view.import_fee_eur_per_kwh[at] + tariff.energy_tax_eur_per_kwh
    sell = long - view.export_fee_eur_per_kwh[at]
    if tariff.net_metering and view.net_of_year_kwh > 0:
        sell = sell + tariff.energy_tax_eur_per_kwh
    return Connection(
        buy_eur_per_kwh=buy,
        sell_eur_per_kwh=np.minimum(sell, buy),
        building_kwh=view.building_kwh[at],
        sun_kwh=view.pv_kwh[at],
        import_kwh=view.import_kwh[at],
        export_kwh=view.export_kwh[at],
        peak_kwh=view.peak_kwh,
        peak_eur_per_kwh=peak_share * tariff.peak_eur_per_kw_month / dt_h,
        storage_kwh=view.storage_kwh,
        storage_max_kwh=storage.kwh,
        storage_power_kwh=storage.kw * dt_h,
        storage_charge_eff=storage.charge_eff,
        storage_discharge_eff=storage.discharge_eff,
        storage_wear_eur_per_kwh=storage.wear_eur_per_kwh,
        storage_value_eur_per_kwh=max(float(np.mean((buy + sell) / 2)), 0.0)
        * storage.discharge_eff,
        group_import_kwh=() if view.groups is None else view.groups.import_kwh,
        group_export_kwh=() if view.groups is None else view.groups.export_kwh,
    )


def steps_seen(view: SiteView, horizon: int, periods: int) -> Ints:
    """(H,) where in the series of a view each step ahead is read: beyond them a day earlier."""
    known, ahead = len(view.pv_kwh), np.arange(horizon)
    if known == 0:
        return np.zeros(horizon, dtype=np.int64)
    beyond = np.maximum(ahead - known + 1, 0)
    days = -(-beyond // periods)
    return np.clip(ahead - days * periods, 0, known - 1)


class SelfConsumption(StatelessPolicy[Snapshot, Decisions]):
    """Any dispatch, with a battery that keeps sun for later.

    The battery takes what the connection would give and gives what it would take, as far as it
    can. It knows no prices.

    Args:
        dispatcher: decides the net load of the cars.
        name: row label in results; by default the dispatcher's with "+self_consumption".
    """

    def __init__(self, dispatcher: Policy[Any, Any], name: str | None = None) -> None:
        self.dispatcher = dispatcher
        self.name = f"{dispatcher.name}+self_consumption" if name is None else name
        self.term_h = getattr(dispatcher, "term_h", None)
        self.contract = getattr(dispatcher, "contract", None)
        self.privileged = dispatcher.privileged

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Hand the future to a privileged dispatcher."""
        if isinstance(self.dispatcher, Privileged):
            self.dispatcher.reveal(scenario, params, start_step, end_step)

    def decide(self, snapshot: Snapshot) -> Decisions:
        """The dispatcher's decisions, and the battery's load."""
        decisions: Decisions = self.dispatcher.predict(snapshot, None, None, True)[0]
        site = snapshot.site
        if site is None or decisions.net_load_kwh is None:
            return decisions
        net_kwh = site.building_kwh[0] - site.pv_kwh[0] + decisions.net_load_kwh.sum()
        load_kwh = np.clip(-net_kwh, site.storage_lo_kwh, site.storage_hi_kwh)
        return replace(decisions, storage_kwh=float(load_kwh))
