"""The plan of a whole site as one linear program: cars, battery and sun behind one connection.

Where a limit, a fee on the net import or a peak charge couples the cars, they cannot be planned
one by one. The program is linear as long as buying costs no less than selling earns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csc_array

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.linear_program import LinearProgram, solve_with_prices

OVER_EUR_PER_KWH = 1e4
"""Penalty on imports beyond the limit, above that on missing energy: it is paid only where what
must be charged at once does not fit."""


@dataclass(frozen=True)
class Cars:
    """n cars, each with a plan over its first `steps` steps.

    Attributes:
        steps: (n,) to the departure, >= 1.
        energy_kwh: (n,) stored now.
        min_kwh: (n,) lower limit.
        max_kwh: (n,) upper limit.
        target_kwh: (n,) wanted after the last step.
        charge_kwh: (n,) most of a step, at the meter.
        discharge_kwh: (n, H) most of each step, at the meter; 0 where it may not discharge.
        contract_kwh: (n,) most in all, at the meter; inf: no cap.
        pay_eur_per_kwh: (n, H) what the owner is paid for each kWh discharged.
        lo_kwh: (n,) least load of the first step.
        hi_kwh: (n,) largest load of the first step.
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        shortfall_eur_per_kwh: per kWh missing in the battery at departure.
        charging_standby: what is taken besides for each kWh charged, see
            `vpp_gym.params.site.SiteParams`.
        discharging_standby: the same for each kWh discharged.
        rise_lines: (n, M, 2) offset and slope of lines over the stored energy, below which lies
            what a step behind the first can store, see `vpp_gym.fleet.charging.Charging`; None:
            no car tapers.
        in_group: (n, G) whether a car is in a group of chargers with limits of its own, directly
            or in one within it; None: there are none.
    """

    steps: Ints
    energy_kwh: Floats
    min_kwh: Floats
    max_kwh: Floats
    target_kwh: Floats
    charge_kwh: Floats
    discharge_kwh: Floats
    contract_kwh: Floats
    pay_eur_per_kwh: Floats
    lo_kwh: Floats
    hi_kwh: Floats
    charge_eff: float
    discharge_eff: float
    shortfall_eur_per_kwh: float
    charging_standby: float = 0.0
    discharging_standby: float = 0.0
    rise_lines: Floats | None = None
    in_group: Bools | None = None

    def take(self, rows: Ints) -> Cars:
        """Some of the cars."""
        cut: dict[str, Any] = {
            name: value[rows] if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }
        return Cars(**cut)


@dataclass(frozen=True)
class Connection:
    """What lies between the cars and the markets, over H steps.

    Attributes:
        buy_eur_per_kwh: (H,) price of imports, fees and taxes included.
        sell_eur_per_kwh: (H,) what exports earn after fees, at most the price of imports.
        building_kwh: (H,) load of the building.
        sun_kwh: (H,) solar yield, of which less may be used.
        import_kwh: (H,) limit; inf: none.
        export_kwh: (H,) limit; inf: none.
        peak_kwh: largest import of a step that is paid for already.
        peak_eur_per_kwh: for each kWh beyond it.
        storage_kwh: stored in the battery.
        storage_max_kwh: most that it stores.
        storage_power_kwh: most of a step, at the meter, either way.
        storage_charge_eff: in (0, 1].
        storage_discharge_eff: in (0, 1].
        storage_wear_eur_per_kwh: per kWh discharged.
        storage_value_eur_per_kwh: worth of a kWh that is stored after the last step.
        group_import_kwh: (G,) most that the cars of a group may take in any step.
        group_export_kwh: (G,) most that they may give; inf: no limit.
    """

    buy_eur_per_kwh: Floats
    sell_eur_per_kwh: Floats
    building_kwh: Floats
    sun_kwh: Floats
    import_kwh: Floats
    export_kwh: Floats
    peak_kwh: float = 0.0
    peak_eur_per_kwh: float = 0.0
    storage_kwh: float = 0.0
    storage_max_kwh: float = 0.0
    storage_power_kwh: float = 0.0
    storage_charge_eff: float = 1.0
    storage_discharge_eff: float = 1.0
    storage_wear_eur_per_kwh: float = 0.0
    storage_value_eur_per_kwh: float = 0.0
    group_import_kwh: Floats | tuple[float, ...] = ()
    group_export_kwh: Floats | tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if (self.sell_eur_per_kwh > self.buy_eur_per_kwh + 1e-12).any():
            step = int(np.argmax(self.sell_eur_per_kwh - self.buy_eur_per_kwh))
            raise InvalidInputError(
                f"sell_eur_per_kwh[{step}]",
                float(self.sell_eur_per_kwh[step]),
                "selling may earn no more than buying costs, or there is no end to both",
            )

    @property
    def horizon(self) -> int:
        """Number of steps H."""
        return len(self.buy_eur_per_kwh)


@dataclass(frozen=True)
class SitePlan:
    """The cheapest plan.

    Attributes:
        net_load_kwh: (n, H) of the cars, at the meter, 0 after a departure.
        storage_kwh: (H,) load of the battery, + charges.
        sun_kwh: (H,) solar yield that is used.
        cost_eur: of all, less the worth of what the battery has in the end.
        price_eur_per_kwh: (H,) what one more kWh of load would cost in each step.
    """

    net_load_kwh: Floats
    storage_kwh: Floats
    sun_kwh: Floats
    cost_eur: float
    price_eur_per_kwh: Floats


class Rows:
    """Rows of a program, put together entry by entry."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Floats]] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.count = 0

    def add(self, low: Floats, high: Floats) -> Ints:
        """Numbers of new rows with these bounds."""
        rows = self.count + np.arange(len(low))
        self.count += len(low)
        self.low.append(low)
        self.high.append(high)
        return rows

    def put(self, rows: Ints, columns: Ints, values: Floats | float) -> None:
        """Entries of some rows."""
        self.parts.append((rows, columns, np.broadcast_to(values, rows.shape)))

    def matrix(self, n_columns: int) -> csc_array:
        """(m, n_columns) of all entries."""
        rows, columns, values = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        return csc_array(coo_array((values, (rows, columns)), shape=(self.count, n_columns)))


class Columns:
    """Columns of a program, block by block."""

    def __init__(self) -> None:
        self.cost: list[Floats] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.count = 0

    def add(self, n: int, cost: Floats | float, low: Floats | float, high: Floats | float) -> Ints:
        """Numbers of n new columns."""
        for part, value in ((self.cost, cost), (self.low, low), (self.high, high)):
            part.append(np.broadcast_to(np.asarray(value, dtype=np.float64), n))
        self.count += n
        return self.count - n + np.arange(n)


def plan_site(cars: Cars, connection: Connection) -> SitePlan:
    """The cheapest plan of a site, exact.

    A car may charge and discharge in one step of the plan where that pays, which it does at
    negative prices only; its net load is then not all that happens to its battery.

    Args:
        cars: their stays end within the horizon.
        connection: of the site.

    Raises:
        SolveFailedError: not solved.
    """
    site, horizon, n = connection, connection.horizon, len(cars.steps)
    columns, rows = Columns(), Rows()
    balance = rows.add(-site.building_kwh, -site.building_kwh)
    of_car = np.repeat(np.arange(n), cars.steps)
    first = np.cumsum(cars.steps) - cars.steps
    of_step = np.arange(len(of_car)) - first[of_car]
    charge, discharge = _car_columns(cars, columns, rows, of_car, of_step)
    rows.put(balance[of_step], charge, 1.0 + cars.charging_standby)
    rows.put(balance[of_step], discharge, -(1.0 - cars.discharging_standby))
    if cars.in_group is not None:
        within = cars.in_group[of_car]
        _group_rows(within, site, columns, rows, of_step, charge, discharge)
    stored, given = _storage_columns(site, columns, rows)
    rows.put(balance, stored, 1.0)
    rows.put(balance, given, -1.0)
    sun = columns.add(horizon, 0.0, 0.0, site.sun_kwh)
    taken = columns.add(horizon, site.buy_eur_per_kwh, 0.0, site.import_kwh)
    sold = columns.add(horizon, -site.sell_eur_per_kwh, 0.0, site.export_kwh)
    over = columns.add(horizon, OVER_EUR_PER_KWH, 0.0, np.inf)
    for block, sign in ((sun, -1.0), (taken, -1.0), (sold, 1.0), (over, -1.0)):
        rows.put(balance, block, sign)
    if site.peak_eur_per_kwh > 0.0:
        peak = columns.add(1, site.peak_eur_per_kwh, 0.0, np.inf)
        above = rows.add(np.full(horizon, -np.inf), np.full(horizon, site.peak_kwh))
        rows.put(above, taken, 1.0)
        rows.put(above, np.repeat(peak, horizon), -1.0)
    program = LinearProgram(
        name="plan of the site",
        cost=np.concatenate(columns.cost),
        low=np.concatenate(columns.low),
        high=np.concatenate(columns.high),
        rows=rows.matrix(columns.count),
        row_low=np.concatenate(rows.low),
        row_high=np.concatenate(rows.high),
    )
    # So small a program is solved sooner than it is simplified.
    values, prices = solve_with_prices(program, {"presolve": "off"})
    net_load = np.zeros((n, horizon))
    net_load[of_car, of_step] = values[charge] - values[discharge]
    return SitePlan(
        net_load_kwh=net_load,
        storage_kwh=values[stored] - values[given],
        sun_kwh=values[sun],
        cost_eur=float(program.cost @ values),
        price_eur_per_kwh=-prices[balance],
    )


def _car_columns(
    cars: Cars, columns: Columns, rows: Rows, of_car: Ints, of_step: Ints
) -> tuple[Ints, Ints]:
    """Charging, discharging and stored energy of every car in each of its steps."""
    size, n = len(of_car), len(cars.steps)
    at_once = of_step == 0
    may_discharge = cars.discharge_kwh[of_car, of_step] * (cars.contract_kwh[of_car] > 0)
    may_discharge[at_once] = np.maximum(-cars.lo_kwh, 0.0)
    ever = np.bincount(of_car, may_discharge, minlength=n) > 0
    may_charge = np.where((cars.energy_kwh <= cars.max_kwh) | ever, cars.charge_kwh, 0.0)[of_car]
    may_charge[at_once] = np.maximum(cars.hi_kwh, 0.0)
    must_charge = np.zeros(size)
    must_charge[at_once] = np.clip(cars.lo_kwh, 0.0, np.maximum(cars.hi_kwh, 0.0))
    charge = columns.add(size, 0.0, must_charge, may_charge)
    discharge = columns.add(size, cars.pay_eur_per_kwh[of_car, of_step], 0.0, may_discharge)
    lower = np.minimum(cars.min_kwh, cars.energy_kwh)[of_car]
    upper = np.maximum(cars.max_kwh, cars.energy_kwh)[of_car]
    stored = columns.add(size, 0.0, lower, upper)
    begins = np.where(at_once, cars.energy_kwh[of_car], 0.0)
    change = rows.add(begins, begins)
    rows.put(change, stored, 1.0)
    rows.put(change[~at_once], stored[~at_once] - 1, -1.0)
    rows.put(change, charge, -cars.charge_eff)
    rows.put(change, discharge, 1.0 / cars.discharge_eff)
    if cars.rise_lines is not None:
        later, lines = np.flatnonzero(~at_once), cars.rise_lines
        for k in range(lines.shape[1]):
            offset, slope = lines[of_car[later], k].T
            below = rows.add(np.full(len(later), -np.inf), offset)
            rows.put(below, charge[later], cars.charge_eff)
            rows.put(below, stored[later] - 1, -slope)
    within = rows.add(np.full(n, -np.inf), cars.contract_kwh)
    rows.put(within[of_car], discharge, 1.0)
    short = columns.add(n, cars.shortfall_eur_per_kwh, 0.0, np.inf)
    served = rows.add(cars.target_kwh, np.full(n, np.inf))
    rows.put(served, short, 1.0)
    rows.put(served, stored[np.cumsum(cars.steps) - 1], 1.0)
    return charge, discharge


def _group_rows(
    within: Bools,
    site: Connection,
    columns: Columns,
    rows: Rows,
    of_step: Ints,
    charge: Ints,
    discharge: Ints,
) -> None:
    """Limits of groups of chargers, in the steps in which they could bind.

    Beyond a limit there is only what must be charged at once.
    """
    high = np.concatenate(columns.high)
    for g, limits in enumerate(zip(site.group_import_kwh, site.group_export_kwh, strict=True)):
        inside = np.flatnonzero(within[:, g])
        could = [
            np.bincount(of_step[inside], high[way[inside]], minlength=site.horizon)
            for way in (charge, discharge)
        ]
        binding = np.flatnonzero((could[0] > limits[0]) | (could[1] > limits[1]))
        row_of = np.full(site.horizon, -1)
        row_of[binding] = rows.add(
            np.full(len(binding), -limits[1]), np.full(len(binding), limits[0])
        )
        held = inside[row_of[of_step[inside]] >= 0]
        rows.put(row_of[of_step[held]], charge[held], 1.0)
        rows.put(row_of[of_step[held]], discharge[held], -1.0)
        at_once = row_of[:1][row_of[:1] >= 0]
        over = columns.add(len(at_once), OVER_EUR_PER_KWH, 0.0, np.inf)
        rows.put(at_once, over, -1.0)


def _storage_columns(site: Connection, columns: Columns, rows: Rows) -> tuple[Ints, Ints]:
    """Charging, discharging and stored energy of the battery in each step."""
    horizon, power = site.horizon, site.storage_power_kwh if site.storage_max_kwh > 0 else 0.0
    charge = columns.add(horizon, 0.0, 0.0, power)
    discharge = columns.add(horizon, site.storage_wear_eur_per_kwh, 0.0, power)
    worth = np.zeros(horizon)
    worth[-1] = -site.storage_value_eur_per_kwh
    stored = columns.add(horizon, worth, 0.0, site.storage_max_kwh)
    begins = np.zeros(horizon)
    begins[0] = site.storage_kwh
    change = rows.add(begins, begins)
    rows.put(change, stored, 1.0)
    rows.put(change[1:], stored[:-1], -1.0)
    rows.put(change, charge, -site.storage_charge_eff)
    rows.put(change, discharge, 1.0 / site.storage_discharge_eff)
    return charge, discharge
