"""The whole transition once more, in plain Python: what the kernels are held to.

Written from the description of the world, one car and one step at a time, with
nothing shared with the simulator but the menu's numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario

UTC = ZoneInfo("UTC")


@dataclass
class Car:
    session: int
    departure: int
    arrival_kwh: float
    stored_kwh: float
    target_kwh: float
    floor_kwh: float
    ceiling_kwh: float
    charge_kw: float
    discharge_kw: float
    contract_kwh: float = 0.0
    contract_end: int = -1
    payoff_eur: float = 0.0


class Oracle:
    """One run; `lot` holds a Car or None per charger, `menu` is [(kWh, EUR), ...]."""

    def __init__(
        self,
        scenario: Scenario,
        params: VPPParams,
        menu: Sequence[tuple[float, float]],
        start: int = 0,
        end: int | None = None,
    ) -> None:
        self.scenario, self.params, self.menu = scenario, params, menu
        self.t, self.end = start, scenario.n_steps if end is None else end
        self.lot: list[Car | None] = [None] * params.site.n_chargers
        self.sheets: dict[dt.date, Sequence[float]] = {}
        self.book: dict[str, float] = {}
        self._arrive()

    def clock(self, t: int) -> dt.datetime:
        start = self.scenario.start.astype("datetime64[m]").astype(object)
        passed = dt.timedelta(hours=t * self.scenario.dt_h)
        if self.scenario.timezone is None:
            return start + passed
        zone = ZoneInfo(self.scenario.timezone)
        return (start.replace(tzinfo=zone).astimezone(UTC) + passed).astimezone(zone)

    def line(self, t: int) -> int:
        now = self.clock(t)
        return round((now.hour + now.minute / 60) / self.scenario.dt_h)

    def prices(self, t: int) -> tuple[float, float, float]:
        """Day-ahead, short and long price under the pricing rule."""
        da = float(self.scenario.da_eur_per_kwh[t])
        short = float(self.scenario.im_short_eur_per_kwh[t])
        long = float(self.scenario.im_long_eur_per_kwh[t])
        rule = self.params.market.imbalance_pricing
        if rule == "single":
            short = long = (short + long) / 2
        if rule == "dual":
            short, long = max(da, short), min(da, long)
        return da, short, long

    def laxity_h(self, car: Car) -> float:
        power_kw = car.charge_kw * self.params.site.charge_eff
        missing_h = (car.target_kwh - car.stored_kwh) / power_kw
        return (car.departure - self.t) * self.scenario.dt_h - missing_h

    def limits(self, car: Car) -> tuple[float, float]:
        site, dt_h = self.params.site, self.scenario.dt_h
        running = self.t < car.contract_end
        top_kwh = car.ceiling_kwh if running else car.target_kwh
        full_kwh = car.charge_kw * dt_h
        hi = min(full_kwh, max(0.0, top_kwh - car.stored_kwh) / site.charge_eff)
        spare_kwh = max(0.0, car.stored_kwh - car.floor_kwh)
        if self.params.guarantee:
            later_kwh = (car.departure - self.t - 1) * full_kwh * site.charge_eff
            least_kwh = car.target_kwh - later_kwh  # to be stored after this step
            if least_kwh > car.stored_kwh:
                return min(hi, (least_kwh - car.stored_kwh) / site.charge_eff), hi
            spare_kwh = min(spare_kwh, car.stored_kwh - least_kwh)
        if not running:
            return 0.0, hi
        export = (car.discharge_kw * dt_h, car.contract_kwh, spare_kwh * site.discharge_eff)
        return -min(export), hi

    def step(self, loads_kwh: Sequence[float], bids_kwh: Sequence[float]) -> dict[str, float]:
        """Advance by one step; the terms booked in it."""
        now = self.clock(self.t)
        if (now.hour, now.minute) == (self.params.market.gate_closure_h, 0):
            self.sheets[now.date() + dt.timedelta(days=1)] = list(bids_kwh)
        for car, load_kwh in zip(self.lot, loads_kwh, strict=True):
            if car is not None:
                self._move(car, load_kwh)
        self._settle(now.date(), sum(loads_kwh))
        self.t += 1
        self._depart()
        if self.t < self.end:
            self._arrive()
        booked, self.book = self.book, {}
        return booked

    def _add(self, **terms: float) -> None:
        for name, value in terms.items():
            self.book[name] = self.book.get(name, 0.0) + value

    def _move(self, car: Car, load_kwh: float) -> None:
        site = self.params.site
        if load_kwh >= 0:
            car.stored_kwh += load_kwh * site.charge_eff
            self._add(charge_kwh=load_kwh)
        else:
            car.stored_kwh += load_kwh / site.discharge_eff
            car.contract_kwh += load_kwh
            wear_eur = -load_kwh * self.params.contract.wear_eur_per_kwh
            self._add(discharge_kwh=-load_kwh, wear_eur=wear_eur)

    def _settle(self, today: dt.date, load_kwh: float) -> None:
        da, short, long = self.prices(self.t)
        sheet = self.sheets.get(today)
        da_sold = sheet[self.line(self.t)] if sheet else 0.0
        im_sold = -da_sold - load_kwh
        self._add(
            da_sold_kwh=da_sold,
            im_sold_kwh=im_sold,
            da_eur=da_sold * da,
            im_eur=im_sold * (long if im_sold > 0 else short),
            load_value_eur=-load_kwh * max(long, min(short, da)),
        )

    def _depart(self) -> None:
        driver = self.params.driver
        for place, car in enumerate(self.lot):
            if car is None or car.departure > self.t:
                continue
            demand_kwh = max(0.0, car.target_kwh - car.arrival_kwh)
            served_kwh = max(0.0, min(demand_kwh, car.stored_kwh - car.arrival_kwh))
            short_kwh = max(0.0, car.target_kwh - car.stored_kwh)
            metered_kwh = served_kwh / self.params.site.charge_eff
            self._add(
                departures=1,
                fully_served=short_kwh <= 1e-6,
                demand_kwh=demand_kwh,
                served_kwh=served_kwh,
                unserved_kwh=short_kwh,
                retail_eur=metered_kwh * driver.retail_eur_per_kwh,
                shortfall_eur=-short_kwh * driver.shortfall_eur_per_kwh,
                payoff_eur=-car.payoff_eur,
            )
            self.lot[place] = None

    def _arrive(self) -> None:
        rows = self.scenario.sessions
        for session in range(len(rows)):
            if rows.arrival_step[session] != self.t:
                continue
            self._add(arrivals=1)
            if None not in self.lot:
                self._add(turned_away=1)
                continue
            car = self._car(session, {name: col[session] for name, col in vars(rows).items()})
            self._offer(car, float(rows.owner_draw[session]))
            self.lot[self.lot.index(None)] = car

    def _car(self, session: int, row: dict[str, Any]) -> Car:
        site, battery = self.params.site, self.params.battery
        capacity_kwh = float(row["capacity_kwh"])
        return Car(
            session=session,
            departure=int(row["departure_step"]),
            arrival_kwh=row["arrival_soc"] * capacity_kwh,
            stored_kwh=row["arrival_soc"] * capacity_kwh,
            target_kwh=min(row["target_soc"], battery.max_soc) * capacity_kwh,
            floor_kwh=battery.min_soc * capacity_kwh,
            ceiling_kwh=battery.max_soc * capacity_kwh,
            charge_kw=min(row["charge_kw"], site.charge_kw),
            discharge_kw=min(row["discharge_kw"], site.discharge_kw),
        )

    def _offer(self, car: Car, draw: float) -> None:
        """Entry checks and choice; Rahman et al. 2023, Sec. 4 and 6.3."""
        contract, site = self.params.contract, self.params.site
        stay_h = (car.departure - self.t) * self.scenario.dt_h
        if contract.term_h == 0 or stay_h < contract.term_h:
            return
        up_kw = car.charge_kw * site.charge_eff * site.discharge_eff
        psi = up_kw / (car.discharge_kw + up_kw)
        xi_max_kwh = self.laxity_h(car) * psi * car.discharge_kw
        own, below = 0, contract.type_prob[0]
        while draw >= below:
            own += 1
            below += contract.type_prob[own]
        theta = contract.owner_types[own]
        for energy_kwh, payoff_eur in sorted(self.menu[: own + 1], reverse=True):
            passes = 0 < energy_kwh <= min(car.stored_kwh, xi_max_kwh)
            gain_eur = payoff_eur - energy_kwh * contract.wear_eur_per_kwh / theta
            if passes and gain_eur >= -1e-9:
                car.contract_kwh, car.payoff_eur = energy_kwh, payoff_eur
                car.contract_end = self.t + round(contract.term_h / self.scenario.dt_h)
                self._add(contracts=1)
                return
