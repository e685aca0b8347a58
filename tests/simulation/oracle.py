"""The whole transition once more, in plain Python: what the kernels are held to.

Written from the description of the world, one car and one step at a time, with
nothing shared with the simulator but the menu's numbers.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tests.simulation.oracle_charging import Pace
from tests.simulation.oracle_contracts import Deal, Visit, signed, type_at, wear_seen
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario

UTC = ZoneInfo("UTC")


def mean(values: Sequence[float] | None) -> float:
    """0 of nothing."""
    return sum(values) / len(values) if values else 0.0


@dataclass
class Car:
    session: int
    arrival: int
    departure: int
    leaves: int
    own_type: int
    capacity_kwh: float
    arrival_kwh: float
    stored_kwh: float
    target_kwh: float
    floor_kwh: float
    battery_max_kwh: float
    charge_kw: float
    discharge_kw: float
    taper: list[tuple[float, float]]  # stored kWh and stored kW, in rising order
    deal: Deal | None = None


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
        self.schedules: dict[dt.date, Sequence[float]] = {}
        self.book: dict[str, float] = {}
        self.participation = params.owner.participation
        self.accepted = [0] * self._n_offers()
        self.dates = [self.clock(t).date() for t in range(scenario.n_steps)]
        self.loads: dict[int, list[float]] = {}
        self.could_take: dict[int, list[float]] = {}
        self.could_give: dict[int, list[float]] = {}
        self._arrive()

    def _n_offers(self) -> int:
        sizes = [
            len(self.params.owner.types) if family == "fixed_term" else 1
            for family in self.params.contract.families
        ]
        return sum(sizes)

    def clock(self, t: int) -> dt.datetime:
        start = self.scenario.start.astype("datetime64[m]").astype(object)
        passed = dt.timedelta(hours=t * self.scenario.dt_h)
        if self.scenario.timezone is None:
            return start + passed
        zone = ZoneInfo(self.scenario.timezone)
        return (start.replace(tzinfo=zone).astimezone(UTC) + passed).astimezone(zone)

    def period(self, t: int) -> int:
        now = self.clock(t)
        return round((now.hour + now.minute / 60) / self.scenario.dt_h)

    def place(self, t: int) -> int:
        """Place in the schedule of the day; of a time that was there before, behind the others."""
        now = self.clock(t)
        if not now.fold:
            return self.period(t)
        earlier = [s for s in range(t) if self.clock(s).date() == now.date() and self.clock(s).fold]
        return round(24 / self.scenario.dt_h) + len(earlier)

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
        missing_h = self.pace(car).hours(car.stored_kwh, car.target_kwh)
        return self.steps_left(car) * self.scenario.dt_h - missing_h

    def pace(self, car: Car) -> Pace:
        return Pace(car.charge_kw * self.params.site.charge_eff, car.taper)

    def charged(self, car: Car, start_kwh: float, steps: int) -> float:
        """Stored after steps at full power."""
        return self.pace(car).after(start_kwh, steps * self.scenario.dt_h)

    def needed(self, car: Car, end_kwh: float, steps: int) -> float:
        """Stored before steps at full power that end with so much."""
        return self.pace(car).before(end_kwh, steps * self.scenario.dt_h)

    def steps_left(self, car: Car) -> int:
        """As declared; of who is late it is known that there is this one."""
        return max(1, car.departure - self.t)

    def penalty_eur_per_kwh(self) -> float:
        """Of energy missing now: it follows the mean price of four weeks, today included."""
        driver, now = self.params.driver, min(self.t, self.scenario.n_steps - 1)
        prices = [
            float(price)
            for price, date in zip(self.scenario.da_eur_per_kwh, self.dates, strict=True)
            if 0 <= (self.dates[now] - date).days < 28
        ]
        level = driver.shortfall_da_factor * mean(prices)
        return max(driver.shortfall_eur_per_kwh, level)

    def bids_allowed(self, period: int) -> tuple[float, float]:
        """Least and largest bid: what is bought or sold is backed by cars, where that is asked."""
        market, site = self.params.market, self.params.site
        limit_kw = site.n_chargers * max(site.charge_kw, site.discharge_kw)
        if site.charger_kw is not None:
            limit_kw = sum(site.charger_kw)
        by_cars = market.bid_limit == "expected_cars"
        if market.bid_limit_kw is not None:
            limit_kw = min(limit_kw, market.bid_limit_kw) if by_cars else market.bid_limit_kw
        limit_kwh = limit_kw * self.scenario.dt_h
        if not by_cars:
            return -limit_kwh, limit_kwh
        take_kwh, give_kwh = (mean(past.get(period)) for past in (self.could_take, self.could_give))
        return -min(limit_kwh, take_kwh), min(limit_kwh, give_kwh)

    def expected_load_kwh(self, period: int) -> float:
        return mean(self.loads.get(period))

    def limits(self, car: Car) -> tuple[float, float]:
        site, dt_h = self.params.site, self.scenario.dt_h
        running = car.deal is not None and self.passed_h(car) < car.deal.closes_h
        top_kwh = car.battery_max_kwh if running else car.target_kwh
        full_kwh = (self.charged(car, car.stored_kwh, 1) - car.stored_kwh) / site.charge_eff
        hi = min(full_kwh, max(0.0, top_kwh - car.stored_kwh) / site.charge_eff)
        spare_kwh = max(0.0, car.stored_kwh - car.floor_kwh)
        if self.params.guarantee:
            later = self.steps_left(car) - 1
            least_kwh = self.needed(car, car.target_kwh, later)  # after this step
            if least_kwh > car.stored_kwh:
                return min(hi, (least_kwh - car.stored_kwh) / site.charge_eff), hi
            spare_kwh = min(spare_kwh, car.stored_kwh - least_kwh)
        if not (car.deal is not None and running and self.active(car.deal, car)):
            return 0.0, hi
        above_kept_kwh = max(0.0, car.stored_kwh - car.deal.keep_kwh)
        battery_kwh = min(spare_kwh, above_kept_kwh) * site.discharge_eff
        return -min(car.discharge_kw * dt_h, car.deal.left_kwh, battery_kwh), hi

    def passed_h(self, car: Car) -> float:
        return (self.t - car.arrival) * self.scenario.dt_h

    def active(self, deal: Deal, car: Car) -> bool:
        """Available and activated in this step."""
        asks_less = self.prices(self.t)[0] >= deal.asks_eur_per_kwh
        return deal.opens_h <= self.passed_h(car) < deal.closes_h and asks_less

    def step(self, loads_kwh: Sequence[float], bids_kwh: Sequence[float]) -> dict[str, float]:
        """Advance by one step; the terms booked in it."""
        now = self.clock(self.t)
        if (now.hour, now.minute) == (self.params.market.gate_closure_h, 0):
            self.schedules[now.date() + dt.timedelta(days=1)] = list(bids_kwh)
        standby_kwh = sum(self.standby_kwh(load_kwh) for load_kwh in loads_kwh)
        self._add(standby_kwh=standby_kwh)
        self._remember(sum(loads_kwh) + standby_kwh)
        for car, load_kwh in zip(self.lot, loads_kwh, strict=True):
            if car is not None:
                self._move(car, load_kwh)
        self._settle(now.date(), sum(loads_kwh) + standby_kwh)
        self.t += 1
        self._depart()
        if self.t < self.end:
            self._arrive()
        else:
            self._close()
        booked, self.book = self.book, {}
        return booked

    def standby_kwh(self, load_kwh: float) -> float:
        """What a charger takes beside the load of its car while it is on."""
        site, dt_h = self.params.site, self.scenario.dt_h
        if load_kwh == 0 or site.standby_kw == 0:
            return 0.0
        hours_on = min(dt_h, abs(load_kwh) / site.least_kw)
        return site.standby_kw * hours_on

    def _remember(self, load_kwh: float) -> None:
        """The load of this period, and what its cars could have taken and given."""
        period, dt_h = self.period(self.t), self.scenario.dt_h
        cars = [car for car in self.lot if car is not None]
        open_to_use = [
            car
            for car in cars
            if car.deal is not None and car.deal.opens_h <= self.passed_h(car) < car.deal.closes_h
        ]
        self.loads.setdefault(period, []).append(load_kwh)
        could_take_kwh = sum(car.charge_kw for car in cars) * dt_h
        could_give_kwh = sum(car.discharge_kw for car in open_to_use) * dt_h
        self.could_take.setdefault(period, []).append(could_take_kwh)
        self.could_give.setdefault(period, []).append(could_give_kwh)

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
            assert car.deal is not None, "discharged without a contract"
            pay_eur = car.deal.discharge(-load_kwh, self.prices(self.t)[0])
            wear_eur = -load_kwh * self.params.owner.wear_eur_per_kwh
            self._add(discharge_kwh=-load_kwh, wear_eur=wear_eur, payoff_eur=-pay_eur)

    def _settle(self, today: dt.date, load_kwh: float) -> None:
        da, short, long = self.prices(self.t)
        schedule = self.schedules.get(today)
        by_clock = schedule is not None and len(schedule) == round(24 / self.scenario.dt_h)
        place = self.period(self.t) if by_clock else self.place(self.t)
        da_sold = schedule[place] if schedule else 0.0
        im_sold = -da_sold - load_kwh
        self._add(
            da_sold_kwh=da_sold,
            im_sold_kwh=im_sold,
            da_eur=da_sold * da,
            im_eur=im_sold * (long if im_sold > 0 else short),
            load_value_eur=-load_kwh * max(long, min(short, da)),
        )

    def _depart(self) -> None:
        """Who leaves now, in the order in which they came."""
        leaving = [car for car in self.lot if car is not None and car.leaves <= self.t]
        for car in sorted(leaving, key=lambda car: car.session):
            self._serve(car, car.stored_kwh)
            if car.deal is not None:
                self._pay(car, car.deal)
            self.lot[self.lot.index(car)] = None

    def _close(self) -> None:
        """The run is over; who is still there is settled as if it went on as it did so far."""
        for car in sorted(
            (car for car in self.lot if car is not None), key=lambda car: car.session
        ):
            self._settle_rest(car)

    def _settle_rest(self, car: Car) -> None:
        site, left = self.params.site, max(0, car.departure - self.t)
        price = mean(self.scenario.da_eur_per_kwh[self.t :][: max(1, left)].tolist())
        could_kwh = self.charged(car, car.stored_kwh, left) - car.stored_kwh
        gets_kwh = max(0.0, min(car.target_kwh - car.stored_kwh, could_kwh))
        if left and car.leaves < car.departure:
            there, away = car.leaves - self.t, car.departure - car.leaves
            at_once_kwh = min(gets_kwh, self.charged(car, car.stored_kwh, there) - car.stored_kwh)
            end_kwh = car.stored_kwh + gets_kwh
            later_kwh = end_kwh - self.needed(car, end_kwh, away)
            at_last_kwh = max(0.0, gets_kwh - later_kwh)
            share = self.charged_share(car)
            gets_kwh = share * at_once_kwh + (1 - share) * at_last_kwh
        self._serve(car, car.stored_kwh + gets_kwh)
        bought_kwh = gets_kwh / site.charge_eff
        beside = site.standby_kw / max(car.charge_kw, site.least_kw)  # of a kWh at full power
        self._add(carried_kwh=bought_kwh, carried_eur=-bought_kwh * price * (1 + beside))
        deal = car.deal
        if deal is None:
            return
        if self.passed_h(car) < deal.closes_h:
            spare_kwh = max(0.0, car.stored_kwh - car.target_kwh) * site.discharge_eff
            self._add(carried_eur=spare_kwh * max(0.0, price - deal.rate_eur_per_kwh(price)))
        self._add(payoff_eur=-self.window_passed(car, deal) * deal.fee_eur)

    def charged_share(self, car: Car) -> float:
        """What the car has got of what it could have got by now."""
        could_kwh = self.charged(car, car.arrival_kwh, self.t - car.arrival) - car.arrival_kwh
        most_kwh = min(could_kwh, car.target_kwh - car.arrival_kwh)
        if most_kwh <= 0:
            return 0.0
        return max(0.0, min(1.0, (car.stored_kwh - car.arrival_kwh) / most_kwh))

    def window_passed(self, car: Car, deal: Deal) -> float:
        passed = (self.passed_h(car) - deal.opens_h) / (deal.closes_h - deal.opens_h)
        return max(0.0, min(passed, 1.0))

    def _serve(self, car: Car, stored_kwh: float) -> None:
        """What a driver gets who leaves with so much, at the end of the run perhaps later."""
        driver, site = self.params.driver, self.params.site
        due_kwh, leaves, share = car.target_kwh, max(self.t, car.leaves), 1.0
        if leaves < car.departure:
            share = driver.early_shortfall_share
            due_kwh = min(due_kwh, self.charged(car, car.arrival_kwh, leaves - car.arrival))
        demand_kwh = max(0.0, due_kwh - car.arrival_kwh)
        served_kwh = max(0.0, min(demand_kwh, stored_kwh - car.arrival_kwh))
        short_kwh = max(0.0, due_kwh - stored_kwh)
        limited_kwh = min(short_kwh, self.no_room_kwh(car, due_kwh, leaves))
        penalty = share * self.penalty_eur_per_kwh()
        self._add(
            departures=1,
            fully_served=short_kwh <= 1e-6,
            demand_kwh=demand_kwh,
            served_kwh=served_kwh,
            unserved_kwh=short_kwh,
            retail_eur=served_kwh / site.charge_eff * driver.retail_eur_per_kwh,
            shortfall_eur=-(short_kwh - limited_kwh) * penalty,
            limited_kwh=limited_kwh,
            limited_eur=-limited_kwh * penalty,
        )

    def no_room_kwh(self, car: Car, due_kwh: float, leaves: int) -> float:
        """What was due and the connection had no room for: without one nothing."""
        return 0.0

    def _pay(self, car: Car, deal: Deal) -> None:
        """The payoff, and the word that goes round about it."""
        owner, share = self.params.owner, 1.0
        if self.t < car.departure:
            pro_rata = self.params.contract.payoff_rule == "pro_rata"
            share = self.window_passed(car, deal) if pro_rata else 0.0
        self._add(payoff_eur=-share * deal.fee_eur)
        if owner.participation_memory and (deal.used_kwh > 0 or deal.fee_eur != 0):
            paid_eur = deal.earned_eur + share * deal.fee_eur
            left_eur = paid_eur - deal.used_kwh * wear_seen(self.params, car.own_type)
            towards = 1.0 if left_eur >= owner.pleasing_eur - 1e-9 else 0.0
            way = (towards - self.participation) / owner.participation_memory
            self.participation = max(owner.participation_floor, self.participation + way)

    def _arrive(self) -> None:
        rows = self.scenario.sessions
        for session in range(len(rows)):
            if rows.arrival_step[session] != self.t:
                continue
            self._add(arrivals=1)
            if None not in self.lot:
                self._add(turned_away=1)
                continue
            row = {name: float(col[session]) for name, col in vars(rows).items()}
            place = self.lot.index(None)
            car = self._car(session, row, place)
            if row["interest_draw"] < self.participation:
                self._offer(car)
            self.lot[self.lot.index(None)] = car

    def _taper(self, row: dict[str, float]) -> list[tuple[float, float]]:
        """The car's own, or that of the parameters."""
        site, knots = self.params.site, self.params.battery.taper
        if row["taper_share"] < 1:
            knots = ((row["taper_soc"], 1.0), (1.0, row["taper_share"]))
        own_kw = row["charge_kw"] if math.isfinite(row["charge_kw"]) else site.charge_kw
        capacity_kwh = row["capacity_kwh"]
        return [(soc * capacity_kwh, share * own_kw * site.charge_eff) for soc, share in knots]

    def _car(self, session: int, row: dict[str, float], place: int) -> Car:
        site, battery = self.params.site, self.params.battery
        charger_kw = math.inf if site.charger_kw is None else site.charger_kw[place]
        capacity_kwh, stay = row["capacity_kwh"], int(row["departure_step"]) - self.t
        return Car(
            session=session,
            arrival=self.t,
            departure=self.t + stay,
            leaves=self.t + self._true_stay(stay, row["departure_draw"]),
            own_type=type_at(self.params, row["owner_draw"]),
            capacity_kwh=capacity_kwh,
            arrival_kwh=row["arrival_soc"] * capacity_kwh,
            stored_kwh=row["arrival_soc"] * capacity_kwh,
            target_kwh=min(row["target_soc"], battery.max_soc) * capacity_kwh,
            floor_kwh=battery.min_soc * capacity_kwh,
            battery_max_kwh=battery.max_soc * capacity_kwh,
            charge_kw=min(row["charge_kw"], site.charge_kw, charger_kw),
            discharge_kw=min(row["discharge_kw"], site.discharge_kw, charger_kw),
            taper=self._taper(row),
        )

    def _true_stay(self, stay: int, draw: float) -> int:
        """Steps until the driver leaves: the least draws leave early, the largest late."""
        owner = self.params.owner
        if draw < owner.early_departure_prob:
            if stay == 1:
                return 1
            share = (draw / owner.early_departure_prob) ** (1 / owner.early_exponent)
            return 1 + min(int(share * (stay - 1)), stay - 2)
        below = 1 - owner.late_departure_prob
        if draw <= below:
            return stay
        late_h = owner.late_mean_h * -math.log(1 - (draw - below) / owner.late_departure_prob)
        at_most = self.scenario.n_steps - self.t
        return min(stay + math.ceil(late_h / self.scenario.dt_h), at_most)

    def exportable_kwh(self, car: Car) -> float:
        """Most that can be given back and charged again in the time that is to spare."""
        site, slack_h = self.params.site, self.laxity_h(car)
        up_kw = car.charge_kw * site.charge_eff * site.discharge_eff
        if not car.taper or car.discharge_kw <= 0:
            return slack_h * up_kw / (car.discharge_kw + up_kw) * car.discharge_kw
        low, high = 0.0, max(slack_h, 0.0) * car.discharge_kw
        for _ in range(100):
            middle = (low + high) / 2
            below_kwh = car.stored_kwh - middle / site.discharge_eff
            again_h = self.pace(car).hours(below_kwh, car.stored_kwh)
            if middle / car.discharge_kw + again_h > slack_h:
                high = middle
            else:
                low = middle
        return low

    def _offer(self, car: Car) -> None:
        """Entry checks and choice; Rahman et al. 2023, Sec. 4 and 6.3."""
        visit = Visit(
            own_type=car.own_type,
            stay_h=(car.departure - self.t) * self.scenario.dt_h,
            stored_kwh=car.stored_kwh,
            capacity_kwh=car.capacity_kwh,
            discharge_kw=car.discharge_kw,
            xi_max_kwh=self.exportable_kwh(car),
        )
        car.deal = signed(self.params, self.menu, visit)
        if car.deal is not None:
            self.accepted[car.deal.offer] += 1
            self._add(contracts=1)
