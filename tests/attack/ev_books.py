"""Books of their own for a batch of runs of the electric vehicles' world.

Written from docs/world.md and the docstrings of the parameters, run by run where money or a
contract is concerned and as arrays over chargers where energy is. No code of the simulation,
the fleet, the contracts' choice or the markets is used: what a step books, the limits of every
car and the limits of bids are computed here a second time and compared.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from math import ceil, inf, log
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tests.attack.ev_contracts import Deal, Owner, offers_of, signed
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario

MEMORY_DAYS, PENALTY_DAYS = 20, 28
PRICES = ("da", "short", "long", "period")
PLACE = {name: k for k, name in enumerate(TERMS)}
SERVED_KWH = 1e-6
"""Less than that missing counts as served."""


@cache
def clocks(start: str, n_steps: int, dt_h: float, timezone: str | None) -> list[dt.datetime]:
    """Local clock time of every step."""
    first, step = dt.datetime.fromisoformat(start), dt.timedelta(hours=dt_h)
    if timezone is None:
        return [first + t * step for t in range(n_steps)]
    zone = ZoneInfo(timezone)
    utc = first.replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))
    return [(utc + t * step).astimezone(zone).replace(tzinfo=None) for t in range(n_steps)]


class Year:
    """Prices and sessions of a scenario under some rules."""

    def __init__(self, scenario: Scenario, params: VPPParams) -> None:
        self.n, self.dt_h = len(scenario.da_eur_per_kwh), scenario.dt_h
        start = str(scenario.start)[:10]
        clock = clocks(start, self.n, self.dt_h, scenario.timezone)
        self.period = np.array([round((c.hour + c.minute / 60) / self.dt_h) for c in clock])
        self.day = np.array([(c.date() - clock[0].date()).days for c in clock])
        self.da = np.array(scenario.da_eur_per_kwh)
        self.short, self.long = self._imbalance(scenario, params.market.imbalance_pricing)
        self.penalty = self._penalty(params)
        self.sessions = scenario.sessions
        self.by_step: dict[int, list[int]] = {}
        for row, step in enumerate(scenario.sessions.arrival_step.tolist()):
            self.by_step.setdefault(step, []).append(row)

    def _imbalance(self, scenario: Scenario, rule: str) -> tuple[np.ndarray, np.ndarray]:
        short = np.array(scenario.im_short_eur_per_kwh)
        long = np.array(scenario.im_long_eur_per_kwh)
        if rule == "single":
            return (short + long) / 2, (short + long) / 2
        if rule == "dual":
            return np.maximum(self.da, short), np.minimum(self.da, long)
        return short, long

    def _penalty(self, params: VPPParams) -> np.ndarray:
        """By step: no less than a multiple of the mean price of four weeks, today included."""
        driver, level = params.driver, np.zeros(self.n)
        for day in range(self.day[-1] + 1):
            weeks = (self.day <= day) & (self.day > day - PENALTY_DAYS)
            level[self.day == day] = self.da[weeks].mean()
        return np.maximum(driver.shortfall_eur_per_kwh, driver.shortfall_da_factor * level)


CAR = {
    "row": -1, "came": 0, "declared": 0, "leaves": 0, "stored": 0.0, "first": 0.0, "target": 0.0,
    "floor": 0.0, "top": 0.0, "in_kw": 0.0, "out_kw": 0.0, "capacity": 0.0,
    "signed": False, "opens": 0, "closes": 0, "left": 0.0, "keep": 0.0, "ask": -inf,
    "tariff": 0.0, "margin": 0.0, "fee": 0.0, "used": 0.0, "earned": 0.0, "seen": 0.0, "place": -1,
}  # fmt: skip


class Lot:
    """Cars of B runs at N chargers, one array per quantity; `here` says where one is."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.here = np.zeros(shape, dtype=bool)
        self.of = {name: np.full(shape, value) for name, value in CAR.items()}

    def __getattr__(self, name: str) -> np.ndarray:
        return self.__dict__["of"][name]

    def put(self, b: int, i: int, **values: Any) -> None:
        self.here[b, i] = True
        for name, value in values.items():
            self.of[name][b, i] = value

    def take(self, b: int, i: int) -> None:
        self.here[b, i] = False
        for name, value in CAR.items():
            self.of[name][b, i] = value

    def car(self, b: int, i: int) -> dict[str, Any]:
        return {name: column[b, i].item() for name, column in self.of.items()}


class Books:
    """B runs that were placed; `book` holds what the last step booked, by term."""

    def __init__(
        self,
        scenarios: list[Scenario],
        params: VPPParams,
        worlds: np.ndarray,
        starts: np.ndarray,
        ends: np.ndarray,
        offers: list[dict[str, Any]] | None = None,
    ) -> None:
        self.params, self.years = params, [Year(one, params) for one in scenarios]
        self.worlds, self.t, self.ends = worlds, starts.copy(), ends
        self.n_runs, self.dt_h = len(worlds), scenarios[0].dt_h
        self.offers = offers_of(params) if offers is None else offers
        self.lot = Lot((self.n_runs, params.site.n_chargers))
        periods = round(24 / self.dt_h)
        self.today, self.tomorrow = np.zeros((2, self.n_runs, periods))
        self.seen_days = np.zeros((self.n_runs, periods))
        self.load, self.could_take, self.could_give = np.zeros((3, self.n_runs, periods))
        self.participation = np.full(self.n_runs, params.owner.participation)
        self.accepted = np.zeros((self.n_runs, len(self.offers)), dtype=int)
        self.flat = [np.concatenate([getattr(y, name) for y in self.years]) for name in PRICES]
        self.offset = np.cumsum([0, *(year.n for year in self.years)])[worlds]
        self.lengths = np.array([year.n for year in self.years])[worlds]
        self.book, self.carry = np.zeros((2, self.n_runs, len(TERMS)))
        for b in range(self.n_runs):
            self._arrive(b, self.carry[b])

    def year(self, b: int) -> Year:
        return self.years[self.worlds[b]]

    @property
    def runs(self) -> np.ndarray:
        """Those that go on."""
        return np.flatnonzero(self.t < self.ends)

    def at(self, name: str) -> np.ndarray:
        """(B,) of the present step; of the last one where the scenario is over."""
        at = self.offset + np.minimum(self.t, self.lengths - 1)
        return self.flat[PRICES.index(name)][at]

    # Limits

    def open_now(self) -> tuple[np.ndarray, np.ndarray]:
        """(B, N) the contract has not ended; and its window is open."""
        since = self.t[:, None] - self.lot.came
        running = self.lot.signed & (since < self.lot.closes)
        return running, running & (since >= self.lot.opens)

    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """(B, N) least and largest net load."""
        lot, site = self.lot, self.params.site
        running, is_open = self.open_now()
        active = is_open & (self.at("da")[:, None] >= lot.ask)
        full = lot.in_kw * self.dt_h
        top = np.where(running, lot.top, lot.target)
        hi = np.minimum(full, np.maximum(0.0, top - lot.stored) / site.charge_eff)
        out = np.maximum(0.0, lot.stored - np.maximum(lot.floor, np.where(running, lot.keep, 0.0)))
        lo = np.zeros_like(hi)
        if self.params.guarantee:
            later = (self.steps_left() - 1) * full * site.charge_eff
            need = lot.target - later - lot.stored
            out = np.minimum(out, np.maximum(0.0, -need))
            lo = np.minimum(hi, np.maximum(0.0, need) / site.charge_eff)
        export = np.minimum(np.minimum(lot.out_kw * self.dt_h, lot.left), out * site.discharge_eff)
        lo = np.where(active & (lo == 0), -export, lo)
        return np.where(lot.here, lo, 0.0), np.where(lot.here, hi, 0.0)

    def steps_left(self) -> np.ndarray:
        """(B, N) as declared, this one included; of who is late no more than this one is known."""
        return np.maximum(1, self.lot.declared - self.t[:, None])

    def laxity_h(self) -> np.ndarray:
        lot = self.lot
        need_h = np.divide(
            lot.target - lot.stored,
            lot.in_kw * self.params.site.charge_eff,
            out=np.zeros(lot.here.shape),
            where=lot.here,
        )
        return np.where(lot.here, self.steps_left() * self.dt_h - need_h, 0.0)

    def bids_allowed(self) -> tuple[np.ndarray, np.ndarray]:
        """(B, periods) least and largest bid."""
        market, site = self.params.market, self.params.site
        all_kw = site.n_chargers * max(site.charge_kw, site.discharge_kw)
        limit_kw = all_kw if market.bid_limit_kw is None else market.bid_limit_kw
        if market.bid_limit == "chargers":
            most = np.full(self.load.shape, limit_kw * self.dt_h)
            return -most, most
        limit = min(limit_kw, all_kw) * self.dt_h
        return -np.minimum(self.could_take, limit), np.minimum(self.could_give, limit)

    # A step

    def step(self, loads: np.ndarray, bids: np.ndarray) -> None:
        """One step of every run that goes on."""
        self.book, self.carry = self.carry, np.zeros_like(self.carry)
        runs = self.runs
        _, is_open = self.open_now()
        self._submit(runs, bids)
        self._settle(runs, loads)
        self._learn(runs, loads, is_open)
        self._move(runs, loads)
        self.t[runs] += 1
        for b in runs[(self.lot.here & (self.lot.leaves <= self.t[:, None])).any(1)[runs]]:
            self._depart(b)
        for b in runs:
            year, t = self.year(b), self.t[b]
            if t >= self.ends[b]:
                self._close(b)
                continue
            if year.day[t] != year.day[t - 1]:
                self.today[b], self.tomorrow[b] = self.tomorrow[b], 0.0
            self._arrive(b, self.book[b])

    def add(self, b: Any, **terms: Any) -> None:
        """Book terms of one run, or of several."""
        for name, value in terms.items():
            self.book[b, PLACE[name]] += value

    def _submit(self, runs: np.ndarray, bids: np.ndarray) -> None:
        gate = round(self.params.market.gate_closure_h / self.dt_h)
        at_gate = runs[self.at("period")[runs] == gate]
        self.tomorrow[at_gate] = bids[at_gate]

    def _settle(self, runs: np.ndarray, loads: np.ndarray) -> None:
        load = np.where(self.lot.here, loads, 0.0).sum(1)[runs]
        da, short, long = (self.at(name)[runs] for name in ("da", "short", "long"))
        sold = self.today[runs, self.at("period")[runs]]
        rest = -sold - load
        self.add(
            runs,
            da_sold_kwh=sold,
            im_sold_kwh=rest,
            da_eur=sold * da,
            im_eur=rest * np.where(rest < 0, short, long),
            load_value_eur=-load * np.maximum(long, np.minimum(da, short)),
        )

    def _learn(self, runs: np.ndarray, loads: np.ndarray, is_open: np.ndarray) -> None:
        lot, period = self.lot, self.at("period")[runs]
        now = {
            "load": np.where(lot.here, loads, 0.0).sum(1),
            "could_take": np.where(lot.here, lot.in_kw, 0.0).sum(1) * self.dt_h,
            "could_give": np.where(lot.here & is_open, lot.out_kw, 0.0).sum(1) * self.dt_h,
        }
        days = np.minimum(self.seen_days[runs, period] + 1, MEMORY_DAYS)
        self.seen_days[runs, period] = days
        for name, values in now.items():
            mean = getattr(self, name)
            mean[runs, period] += (values[runs] - mean[runs, period]) / days

    def _move(self, runs: np.ndarray, loads: np.ndarray) -> None:
        lot, site = self.lot, self.params.site
        go = np.zeros(self.n_runs, dtype=bool)
        go[runs] = True
        load = np.where(lot.here & go[:, None], loads, 0.0)
        into, out = np.maximum(load, 0.0), np.maximum(-load, 0.0)
        assert not (out[~lot.signed] > 0).any(), "discharged without a contract"
        lot.of["stored"] += into * site.charge_eff - out / site.discharge_eff
        above = np.maximum(0.0, self.at("da")[:, None] - lot.ask)
        rate = lot.tariff + np.where(np.isinf(lot.ask), 0.0, lot.margin * np.nan_to_num(above))
        pay = rate * out
        lot.of["left"] -= out
        lot.of["used"] += out
        lot.of["earned"] += pay
        self.add(
            runs,
            charge_kwh=into[runs].sum(1),
            discharge_kwh=out[runs].sum(1),
            wear_eur=out[runs].sum(1) * self.params.owner.wear_eur_per_kwh,
            payoff_eur=-pay[runs].sum(1),
        )

    # Who leaves

    def _depart(self, b: int) -> None:
        here = np.flatnonzero(self.lot.here[b] & (self.lot.leaves[b] <= self.t[b]))
        for i in sorted(here, key=lambda i: self.lot.row[b, i]):
            car = self.lot.car(b, i)
            self._serve(b, car, car["stored"], self.t[b])
            if car["signed"]:
                self._pay_off(b, car)
            self.lot.take(b, i)

    def _serve(self, b: int, car: dict[str, Any], stored: float, leaves: int) -> None:
        """What the driver asked for, gets, pays and is owed; early leavers are owed a share."""
        driver, site, year = self.params.driver, self.params.site, self.year(b)
        due, share = car["target"], 1.0
        if leaves < car["declared"]:
            share = driver.early_shortfall_share
            hours = (leaves - car["came"]) * self.dt_h
            due = min(due, car["first"] + hours * car["in_kw"] * site.charge_eff)
        asked, missing = max(0.0, due - car["first"]), max(0.0, due - stored)
        got = max(0.0, asked - missing)
        penalty = year.penalty[min(self.t[b], year.n - 1)]
        self.add(
            b,
            departures=1.0,
            fully_served=float(missing <= SERVED_KWH),
            demand_kwh=asked,
            served_kwh=got,
            unserved_kwh=missing,
            retail_eur=got / site.charge_eff * driver.retail_eur_per_kwh,
            shortfall_eur=-missing * share * penalty,
        )

    def window_share(self, car: dict[str, Any], t: int) -> float:
        passed = (t - car["came"] - car["opens"]) / (car["closes"] - car["opens"])
        return min(1.0, max(0.0, passed))

    def _pay_off(self, b: int, car: dict[str, Any]) -> None:
        owner, share = self.params.owner, 1.0
        if self.t[b] < car["declared"]:
            pro_rata = self.params.contract.payoff_rule == "pro_rata"
            share = self.window_share(car, self.t[b]) if pro_rata else 0.0
        paid = share * car["fee"]
        self.add(b, payoff_eur=-paid)
        if owner.participation_memory == 0 or (car["used"] == 0 and car["fee"] == 0):
            return
        gain = paid + car["earned"] - car["used"] * car["seen"]
        content = float(gain >= owner.pleasing_eur - 1e-9)
        moved = (
            self.participation[b] + (content - self.participation[b]) / owner.participation_memory
        )
        self.participation[b] = max(moved, owner.participation_floor)

    def _close(self, b: int) -> None:
        """The run is cut: the rest of each stay goes on until the declared departure."""
        site, year, t = self.params.site, self.year(b), self.t[b]
        for i in np.flatnonzero(self.lot.here[b]):
            car = self.lot.car(b, i)
            left = max(0, car["declared"] - t)
            price = float(year.da[t : t + max(left, 1)].mean()) if t < year.n else 0.0
            leaves = car["leaves"]
            more = self._goes_on(car, t, left)
            self._serve(b, car, car["stored"] + more, max(leaves, t))
            self.add(
                b,
                carried_kwh=more / site.charge_eff,
                carried_eur=-more / site.charge_eff * price,
            )
            if not car["signed"]:
                continue
            self.add(b, payoff_eur=-car["fee"] * self.window_share(car, t))
            if t - car["came"] < car["closes"]:
                rate = car["tariff"]
                if not np.isinf(car["ask"]):
                    rate += car["margin"] * max(0.0, price - car["ask"])
                spare = max(0.0, car["stored"] - car["target"]) * site.discharge_eff
                self.add(b, carried_eur=spare * max(0.0, price - rate))

    def _goes_on(self, car: dict[str, Any], t: int, left: int) -> float:
        """kWh that the car gets until it leaves: as early or late as it was charged so far."""
        step = self.dt_h * car["in_kw"] * self.params.site.charge_eff
        wish = car["target"] - car["stored"]
        open_kwh = max(0.0, min(wish, left * step))
        there = min(left, car["leaves"] - t)
        at_once = min(open_kwh, there * step)
        at_last = max(0.0, open_kwh - (left - there) * step)
        most = min((t - car["came"]) * step, car["target"] - car["first"])
        got = min(1.0, max(0.0, (car["stored"] - car["first"]) / most)) if most > 0 else 0.0
        return at_last + got * (at_once - at_last)

    # Who comes

    def _arrive(self, b: int, book: np.ndarray) -> None:
        year, t = self.year(b), int(self.t[b])
        for row in year.by_step.get(t, ()):
            book[PLACE["arrivals"]] += 1
            free = np.flatnonzero(~self.lot.here[b])
            if not len(free):
                book[PLACE["turned_away"]] += 1
                continue
            session = {name: column[row].item() for name, column in vars(year.sessions).items()}
            car = self._car(year, t, row, session)
            deal = None
            if session["interest_draw"] < self.participation[b] and self.offers:
                deal, car["seen"] = self._offered(car, session)
            if deal is not None:
                car |= self._terms(deal)
                self.accepted[b, deal.place] += 1
                book[PLACE["contracts"]] += 1
            self.lot.put(b, int(free[0]), **car)

    def _car(self, year: Year, t: int, row: int, session: dict[str, float]) -> dict[str, Any]:
        site, battery, size = self.params.site, self.params.battery, session["capacity_kwh"]
        stay = int(session["departure_step"]) - t
        return {
            "row": row,
            "came": t,
            "declared": t + stay,
            "leaves": t + self._true_stay(stay, session["departure_draw"], year.n - t),
            "stored": session["arrival_soc"] * size,
            "first": session["arrival_soc"] * size,
            "target": min(session["target_soc"], battery.max_soc) * size,
            "floor": battery.min_soc * size,
            "top": battery.max_soc * size,
            "in_kw": min(session["charge_kw"], site.charge_kw),
            "out_kw": min(session["discharge_kw"], site.discharge_kw),
            "capacity": size,
        }

    def _true_stay(self, stay: int, draw: float, at_most: int) -> int:
        owner = self.params.owner
        if draw < owner.early_departure_prob:
            share = (draw / owner.early_departure_prob) ** (1 / owner.early_exponent)
            return stay if stay == 1 else min(stay - 1, 1 + int(share * (stay - 1)))
        late = draw - (1 - owner.late_departure_prob)
        if owner.late_departure_prob == 0 or late <= 0:
            return stay
        hours = -owner.late_mean_h * log(1 - late / owner.late_departure_prob)
        return min(at_most, stay + ceil(hours / self.dt_h))

    def _offered(self, car: dict[str, Any], session: dict[str, float]) -> tuple[Deal | None, float]:
        site, owner = self.params.site, self.params.owner
        upto = np.cumsum(owner.type_prob)
        kind = int(min(np.sum(upto <= session["owner_draw"]), len(upto) - 1))
        while kind > 0 and owner.type_prob[kind] == 0:
            kind -= 1
        stay_h = (car["declared"] - car["came"]) * self.dt_h
        spare_h = stay_h - (car["target"] - car["stored"]) / (car["in_kw"] * site.charge_eff)
        # e kWh out take e / out_kw hours, and what the battery lost comes back at in_kw.
        both = site.charge_eff * site.discharge_eff * car["in_kw"]
        can = spare_h / (1 / car["out_kw"] + 1 / both) if car["out_kw"] > 0 else 0.0
        seen = owner.wear_eur_per_kwh / owner.types[kind]
        visitor = Owner(
            kind, seen, stay_h, car["stored"], session["capacity_kwh"], car["out_kw"], can
        )
        return signed(self.offers, visitor, self.dt_h), seen

    def _terms(self, deal: Deal) -> dict[str, Any]:
        opens, closes = deal.window(self.dt_h)
        return {
            "signed": True,
            "opens": opens,
            "closes": closes,
            "left": deal.most_kwh,
            "keep": deal.keep_kwh,
            "ask": deal.ask,
            "tariff": deal.tariff,
            "margin": deal.margin,
            "fee": deal.fee_eur,
            "place": deal.place,
        }
