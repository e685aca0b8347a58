"""Cars, electrolyser and store of a microgrid over some hours as one linear program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, eye_array, hstack, vstack

from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.microgrid_state import Bank, Rules
from vpp_gym.solvers.linear_program import LinearProgram, solve

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class MicrogridInstance:
    """Numbers of the program, for H hours, n cars and S stays.

    Attributes:
        deficit_kwh: (H,).
        made_kwh: (H,) what may serve the deficit: surplus, and wind if it serves houses.
        wind_kwh: (H,) wind for the electrolyser or export only.
        import_eur_per_kwh: (H,).
        export_eur_per_kwh: (H,).
        stay: (n, H) number of the stay in whose interval an hour lies, -1 for none.
        budget_kwh: (S,) that a stay may give.
        refill_hour: (S,) hour before whose end the fuel of the stay is refilled; H: later.
        fixed_refill_kg: (H,) refilled whatever the cars give.
        stock_kg: in the store at the start.
        scarcity_eur_per_kg: cost of what is used and refilled later than H, above its price.
    """

    deficit_kwh: Floats
    made_kwh: Floats
    wind_kwh: Floats
    import_eur_per_kwh: Floats
    export_eur_per_kwh: Floats
    stay: Counts
    budget_kwh: Floats
    refill_hour: Counts
    fixed_refill_kg: Floats
    stock_kg: float
    scarcity_eur_per_kg: float = 0.0

    def __post_init__(self) -> None:
        if len(self.deficit_kwh) == 0 or self.stay.shape[1] != len(self.deficit_kwh):
            raise InvalidInputError("stay", self.stay.shape, "give one column per hour")


@dataclass(frozen=True)
class MicrogridPlan:
    """An optimal plan.

    Attributes:
        v2g_kwh: (H,) from all cars.
        electrolyser_kwh: (H,).
        profit_eur: money of these hours, commitments aside.
    """

    v2g_kwh: Floats
    electrolyser_kwh: Floats
    profit_eur: float


def plan_microgrid(instance: MicrogridInstance, rules: Rules) -> MicrogridPlan:
    """The plan with the largest sum of money.

    Raises:
        SolveFailedError: not solved.
    """
    hours = len(instance.deficit_kwh)
    cells = np.argwhere(instance.stay >= 0)
    values = solve(microgrid_program(instance, rules))
    parts = np.split(values, len(cells) + hours * np.arange(6))
    v2g_kwh = np.bincount(cells[:, 1], weights=parts[0], minlength=hours)
    cost = _costs(instance, rules, cells, hours)
    fixed_kg = instance.fixed_refill_kg.sum()
    start_eur = rules.hydrogen_eur_per_kg * (instance.stock_kg - fixed_kg)
    wind_eur = instance.export_eur_per_kwh @ instance.wind_kwh
    profit_eur = float(wind_eur - start_eur - cost @ values)
    return MicrogridPlan(v2g_kwh.astype(np.float64), parts[3] + parts[4], profit_eur)


def microgrid_program(instance: MicrogridInstance, rules: Rules) -> LinearProgram:
    """The program over V2G by car and hour, import, export, electrolyser, trailer and stock.

    The electrolyser takes from the houses' side and from dedicated wind, whose export it
    replaces. Rows: the balance of every hour; the store, which is filled, then refills
    the cars that come; its room; the electrolyser's power; the energy of every stay.
    """
    hours = len(instance.deficit_kwh)
    cells = np.argwhere(instance.stay >= 0)
    of_stay = instance.stay[cells[:, 0], cells[:, 1]]
    size, eye = len(cells), eye_array(hours, format="csc")
    refill = instance.refill_hour[of_stay]
    soon = refill < hours
    kg = 1.0 / rules.kwh_per_kg
    columns = np.arange(size)
    by_hour = _matrix(np.ones(size), cells[:, 1], columns, (hours, size))
    by_refill = _matrix(np.full(soon.sum(), kg), refill[soon], columns[soon], (hours, size))
    by_stay = _matrix(np.ones(size), of_stay, columns, (len(instance.budget_kwh), size))
    before = _shifted(hours)
    gain = rules.kg_per_kwh * eye
    blocks = [
        [by_hour, eye, -eye, -eye, None, None, None],
        [by_refill, None, None, -gain, -gain, -eye, eye - before],
        [None, None, None, gain, gain, None, before],
        [None, None, None, eye, eye, None, None],
        [by_stay, None, None, None, None, None, None],
    ]
    widths = [size, *[hours] * 6]
    first = np.zeros(hours)
    first[0] = instance.stock_kg
    need = instance.deficit_kwh - instance.made_kwh
    filled = first - instance.fixed_refill_kg
    infinite = np.full(hours, -np.inf)
    most = np.full(hours, np.inf)
    return LinearProgram(
        name="microgrid",
        cost=_costs(instance, rules, cells, hours),
        low=np.zeros(sum(widths)),
        high=np.concatenate(
            [
                np.full(size, rules.v2g_kw),
                most,
                most,
                most,
                instance.wind_kwh,
                most,
                np.full(hours, rules.store_kg),
            ]
        ),
        rows=csc_array(vstack([_row(row, widths) for row in blocks])),
        row_low=np.concatenate(
            [need, filled, infinite, infinite, np.full(len(instance.budget_kwh), -np.inf)]
        ),
        row_high=np.concatenate(
            [
                need,
                filled,
                rules.store_kg - first,
                np.full(hours, rules.electrolyser_kw),
                instance.budget_kwh,
            ]
        ),
    )


def _costs(instance: MicrogridInstance, rules: Rules, cells: Counts, hours: int) -> Floats:
    """EUR per unit of every column.

    Drivers pay for what they refill; the stock is worth the price of hydrogen.
    """
    of_stay = instance.stay[cells[:, 0], cells[:, 1]]
    price, kg = rules.hydrogen_eur_per_kg, 1.0 / rules.kwh_per_kg
    soon = instance.refill_hour[of_stay] < hours
    fuel = np.where(soon, -price * kg, instance.scarcity_eur_per_kg * kg)
    stock = np.zeros(hours)
    stock[-1] = -price
    return np.concatenate(
        [
            rules.tariff_eur_per_kwh + fuel,
            instance.import_eur_per_kwh,
            -instance.export_eur_per_kwh,
            np.zeros(hours),
            instance.export_eur_per_kwh,
            np.full(hours, rules.trailer_eur_per_kg),
            stock,
        ]
    )


def hindsight_instance(
    k: int, bank: Bank, rules: Rules, begin: int, end: int, stock_kg: float
) -> MicrogridInstance:
    """All hours of a run as they will be, contracts as signed, no rewards.

    Args:
        k: world of the bank.
        bank: the worlds.
        rules: of the hour.
        begin: hour in which the run begins, with full tanks.
        end: first hour after the run.
        stock_kg: in the store at the start.
    """
    hours = slice(begin, end)
    parked = bank.parked[k][:, hours]
    comes = parked.copy()
    comes[:, 1:] &= ~parked[:, :-1]
    number = np.cumsum(comes.ravel()).reshape(comes.shape) - 1
    car, hour = np.nonzero(comes)
    stay = np.where(bank.open[k][:, hours], number, -1)
    fuel_kwh = (rules.tank_kg - rules.guaranteed_kg) * rules.kwh_per_kg
    volume_kwh = bank.volume[k, car, bank.kind[_first_days(k, bank, begin, car, hour) + 1]]
    refill, fixed_kg = _refills(car, hour, end - begin, rules.trip_kg)
    return MicrogridInstance(
        deficit_kwh=bank.deficit[k, hours],
        made_kwh=bank.surplus[k, hours] + bank.wind[k, hours] * rules.wind_serves_houses,
        wind_kwh=bank.wind[k, hours] * (not rules.wind_serves_houses),
        import_eur_per_kwh=bank.import_price[k, hours],
        export_eur_per_kwh=bank.export_price[k, hours],
        stay=stay,
        budget_kwh=np.minimum(volume_kwh, fuel_kwh),
        refill_hour=refill,
        fixed_refill_kg=fixed_kg,
        stock_kg=stock_kg,
    )


def _first_days(k: int, bank: Bank, begin: int, car: Counts, hour: Counts) -> Counts:
    """(S,) day on which each stay began; that under way at the start may be yesterday's."""
    day = (begin + hour) // 24
    midnight = 24 * (begin // 24)
    whole = bank.parked[k][:, midnight : begin + 1].all(axis=1)
    return np.where((hour == 0) & whole[car], day - 1, day)


def _refills(car: Counts, hour: Counts, hours: int, trip_kg: float) -> tuple[Counts, Floats]:
    """When the fuel of each stay is refilled, and what is refilled for driving.

    Cars refill when they come, which the world books to the hour before.
    """
    same_car = np.append(car[1:] == car[:-1], False)
    refill = np.where(same_car, np.append(hour[1:], hours + 1) - 1, hours)
    arrivals = hour[hour > 0] - 1
    return refill, trip_kg * np.bincount(arrivals, minlength=hours).astype(np.float64)


def _matrix(values: Floats, rows: Counts, columns: Counts, shape: tuple[int, int]) -> csc_array:
    return csc_array((values, (rows, columns)), shape=shape)


def _shifted(hours: int) -> csc_array:
    """Ones below the diagonal."""
    steps = np.arange(hours - 1)
    return _matrix(np.ones(hours - 1), steps + 1, steps, (hours, hours))


def _row(blocks: list, widths: list[int]) -> csc_array:
    """Blocks side by side, None for zeros."""
    height = next(block.shape[0] for block in blocks if block is not None)
    return hstack(
        [
            csc_array((height, width)) if block is None else block
            for block, width in zip(blocks, widths, strict=True)
        ]
    )
