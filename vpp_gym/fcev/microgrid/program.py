"""Cars, electrolyser and store of a microgrid over some hours as one linear program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_array

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.microgrid.state import Rules
from vpp_gym.solvers.linear_program import LinearProgram, solve_with_prices

SIMPLEX: Mapping[str, str | float] = MappingProxyType({"presolve": "off"})
"""For a day, which is solved faster than it is presolved."""
INTERIOR: Mapping[str, str | float] = MappingProxyType({"solver": "ipm", "run_crossover": "choose"})
"""For a year, in which many cars serve alike: the simplex method takes 20 times as long."""


class Cells(NamedTuple):
    """Where cars can give: an hour of a stay, or of several stays that are taken together.

    Attributes:
        hour: (C,).
        stay: (C,) whose energy is used.
        most_kwh: (C,).
        extra_eur_per_kwh: (C,) paid beyond the tariff.
    """

    hour: Ints
    stay: Ints
    most_kwh: Floats
    extra_eur_per_kwh: Floats


class StockValue(NamedTuple):
    """What hydrogen is worth at the end: a concave function of what is left, from 0 on.

    Attributes:
        width_kg: (K,) of the pieces, the dearest first.
        eur_per_kg: (K,) of a kg in each piece.
    """

    width_kg: Floats
    eur_per_kg: Floats


AT_ITS_PRICE = StockValue(np.zeros(0), np.zeros(0))
"""Hydrogen left counts at its price, and so does what tanks lack."""


@dataclass(frozen=True)
class MicrogridInstance:
    """Numbers of the program, for H hours, C cells and S stays.

    Attributes:
        deficit_kwh: (H,).
        made_kwh: (H,) what may serve the deficit: surplus, and wind if it serves houses.
        wind_kwh: (H,) wind for the electrolyser or export only.
        import_eur_per_kwh: (H,).
        export_eur_per_kwh: (H,).
        cells: where cars can give.
        budget_kwh: (S,) that a stay may give.
        refill_hour: (S,) hour before whose end the fuel of the stay is refilled; H: later.
        fixed_refill_kg: (H,) refilled whatever the cars give.
        stock_kg: in the store at the start.
        owed_kg: refilled later than H whatever the cars give.
        worth: of what the store holds at the end less what is refilled later; where it says
            nothing, what is refilled later is of no account.
    """

    deficit_kwh: Floats
    made_kwh: Floats
    wind_kwh: Floats
    import_eur_per_kwh: Floats
    export_eur_per_kwh: Floats
    cells: Cells
    budget_kwh: Floats
    refill_hour: Ints
    fixed_refill_kg: Floats
    stock_kg: float
    owed_kg: float = 0.0
    worth: StockValue = AT_ITS_PRICE

    def __post_init__(self) -> None:
        if len(self.deficit_kwh) == 0 or len(self.made_kwh) != len(self.deficit_kwh):
            raise InvalidInputError("made_kwh", len(self.made_kwh), "give one number per hour")


@dataclass(frozen=True)
class MicrogridPlan:
    """An optimal plan.

    Attributes:
        v2g_kwh: (H,) from all cars.
        electrolyser_kwh: (H,).
        profit_eur: (H,) money, with hydrogen at its price when it is made, and all that the
            program leaves out (commitments, for one) aside.
    """

    v2g_kwh: Floats
    electrolyser_kwh: Floats
    profit_eur: Floats


def plan_microgrid(
    instance: MicrogridInstance, rules: Rules, options: Mapping[str, str | float] = SIMPLEX
) -> MicrogridPlan:
    """The plan with the largest sum of money.

    Raises:
        SolveFailedError: not solved.
    """
    hours, cells = len(instance.deficit_kwh), instance.cells
    program = microgrid_program(instance, rules)
    values = solve_with_prices(program, options)[0]
    parts = np.split(values, len(cells.hour) + hours * np.arange(7))
    hour_of = np.concatenate([cells.hour, np.tile(np.arange(hours), 6)])
    spent = (program.cost * values)[: len(hour_of)]
    spent_eur = np.bincount(hour_of, weights=spent, minlength=hours)
    return MicrogridPlan(
        v2g_kwh=np.bincount(cells.hour, weights=parts[0], minlength=hours).astype(np.float64),
        electrolyser_kwh=parts[3] + parts[4],
        profit_eur=instance.export_eur_per_kwh * instance.wind_kwh - spent_eur,
    )


def microgrid_program(instance: MicrogridInstance, rules: Rules) -> LinearProgram:
    """The program over V2G by cell, import, export, electrolyser, trailer, stock and its worth.

    The electrolyser takes from the houses' side and from dedicated wind, whose export it
    replaces. Rows: the balance of every hour; the store, which is filled, then refills
    the cars that come; its room; the electrolyser's power; the energy of every stay; and
    what is left at the end.
    """
    rows, row_low, row_high = _rows(instance, rules)
    low, high = _bounds(instance, rules)
    return LinearProgram(
        name="microgrid",
        cost=_costs(instance, rules),
        low=low,
        high=high,
        rows=rows,
        row_low=row_low,
        row_high=row_high,
    )


def _rows(instance: MicrogridInstance, rules: Rules) -> tuple[csc_array, Floats, Floats]:
    hours, stays = len(instance.deficit_kwh), len(instance.budget_kwh)
    first = np.zeros(hours)
    first[0] = instance.stock_kg
    need, filled = instance.deficit_kwh - instance.made_kwh, first - instance.fixed_refill_kg
    power = np.full(hours, rules.electrolyser_kw)
    end = np.full(min(len(instance.worth.width_kg), 1), instance.owed_kg)
    low = np.concatenate([need, filled, np.full(2 * hours + stays, -np.inf), end])
    high = np.concatenate([need, filled, rules.store_kg - first, power, instance.budget_kwh, end])
    row, column, value = (
        np.concatenate(parts) for parts in zip(*_entries(instance, rules), strict=True)
    )
    widths = len(instance.cells.hour) + 6 * hours + len(instance.worth.width_kg) + len(end)
    return csc_array((value, (row, column)), shape=(len(low), widths)), low, high


def _entries(instance: MicrogridInstance, rules: Rules) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Rows, columns and values of what is not zero, by block."""
    hours, cells, worth = len(instance.deficit_kwh), instance.cells, instance.worth.width_kg
    given, hour = np.arange(len(cells.hour)), np.arange(hours)
    imports, exports, made, wind, trailer, stock = len(given) + hours * np.arange(6)[:, None] + hour
    balance, store, room, power = hours * np.arange(4)[:, None] + hour
    kg, refill = 1.0 / rules.kwh_per_kg, instance.refill_hour[cells.stay]
    soon = refill < hours
    yield from (_block(cells.hour, given, 1.0), _block(balance, imports, 1.0))
    yield from (_block(balance, exports, -1.0), _block(balance, made, -1.0))
    yield from (_block(store[refill[soon]], given[soon], kg), _block(store, trailer, -1.0))
    yield from (_block(store, stock, 1.0), _block(store[1:], stock[:-1], -1.0))
    yield _block(room[1:], stock[:-1], 1.0)
    for taken in (made, wind):
        yield from (_block(store, taken, -rules.kg_per_kwh), _block(room, taken, rules.kg_per_kwh))
        yield _block(power, taken, 1.0)
    yield _block(4 * hours + cells.stay, given, 1.0)
    if len(worth):
        end = 4 * hours + len(instance.budget_kwh)
        pieces = stock[-1] + 1 + np.arange(len(worth) + 1)
        yield from (_block(end, stock[-1:], 1.0), _block(end, given[~soon], -kg))
        yield from (_block(end, pieces[:-1], -1.0), _block(end, pieces[-1:], 1.0))


def _block(rows: Ints | int, columns: Ints, value: float) -> tuple[Ints, Ints, Floats]:
    return np.broadcast_to(rows, columns.shape), columns, np.full(len(columns), value)


def _bounds(instance: MicrogridInstance, rules: Rules) -> tuple[Floats, Floats]:
    hours, pieces = len(instance.deficit_kwh), instance.worth.width_kg
    most = np.full(3 * hours, np.inf)
    high = [
        *(instance.cells.most_kwh, most, instance.wind_kwh, most[:hours]),
        *(np.full(hours, rules.store_kg), pieces, np.full(min(len(pieces), 1), np.inf)),
    ]
    return np.zeros(sum(map(len, high))), np.concatenate(high)


def _costs(instance: MicrogridInstance, rules: Rules) -> Floats:
    """EUR per unit of every column.

    Drivers pay for what they refill as much as the stock loses, so hydrogen counts once:
    at its price when it is made, and with what it is worth beyond that at the end.
    """
    hours, price = len(instance.deficit_kwh), rules.hydrogen_eur_per_kg
    made = np.full(hours, -price * rules.kg_per_kwh)
    trailer_eur_per_kg = rules.trailer_eur_per_kg - price
    worth = instance.worth.eur_per_kg
    return np.concatenate(
        [
            rules.tariff_eur_per_kwh + instance.cells.extra_eur_per_kwh,
            instance.import_eur_per_kwh,
            -instance.export_eur_per_kwh,
            made,
            made + instance.export_eur_per_kwh,
            np.full(hours, trailer_eur_per_kg),
            np.zeros(hours),
            price - worth,
            np.full(min(len(worth), 1), trailer_eur_per_kg),
        ]
    )
