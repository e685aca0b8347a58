"""What stored hydrogen is worth, by day and level: a dynamic program over days of past years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fcev.microgrid.program import StockValue
from vpp_gym.fcev.microgrid.state import Rules

LEVELS = 41
"""Levels of the store that the program looks at."""
PRICES = 31
"""Prices of hydrogen, from nothing to a trailer's, by which a day may be run."""
DAY_H = 24


class Years(NamedTuple):
    """Hours of W years of a microgrid; energies in kWh, prices in EUR/kWh.

    Attributes:
        deficit: (W, hours).
        made: (W, hours) what may serve the deficit: surplus, and wind if it serves houses.
        wind: (W, hours) wind for the electrolyser or export only.
        import_price: (W, hours).
        export_price: (W, hours).
        most_v2g: (W, hours) that cars within their intervals can give.
        trips_kg: (W, hours) refilled for driving.
    """

    deficit: Floats
    made: Floats
    wind: Floats
    import_price: Floats
    export_price: Floats
    most_v2g: Floats
    trips_kg: Floats


class DayRuns(NamedTuple):
    """Every day of W years, run by each of P prices of hydrogen.

    Attributes:
        eur: (days, W, P) money, with hydrogen at its price when it is made.
        kg: (days, W, P) made less used.
        vented_eur_per_kg: (days, W) lost for a kg that finds no room.
    """

    eur: Floats
    kg: Floats
    vented_eur_per_kg: Floats


@dataclass(frozen=True)
class HydrogenValue:
    """What hydrogen is worth at the beginning of each day of the year.

    Attributes:
        level_kg: (L,) in the store, less what tanks lack.
        eur_per_kg: (days + 1, L - 1) of a kg between two levels; its price at the year's end,
            when accounts are closed.
    """

    level_kg: Floats
    eur_per_kg: Floats

    def at(self, hour: int) -> StockValue:
        """Worth at an hour of the year, as the program of a plan takes it."""
        days = len(self.eur_per_kg) - 1
        day = min(round(hour / DAY_H), days)
        return StockValue(np.diff(self.level_kg), self.eur_per_kg[day])

    def marginal_eur_per_kg(self, hour: int, kg: float) -> float:
        """Worth of the next kg at a level; that of the first if the store is empty."""
        widths, worth = self.at(hour)
        piece = int(np.searchsorted(np.cumsum(widths), kg, side="right"))
        return float(worth[min(piece, len(worth) - 1)])


def hydrogen_value(years: Years, rules: Rules) -> HydrogenValue:
    """Worth of hydrogen if every day is one of the same day in these years, by chance.

    From the last day back: a day is run by the price of hydrogen that makes most of its
    money and of what is left in the store. Days are taken as independent.
    """
    runs, level_kg = run_days(years, rules), np.linspace(0.0, rules.store_kg, LEVELS)
    trailer = rules.trailer_eur_per_kg - rules.hydrogen_eur_per_kg
    beyond_eur = np.zeros((len(runs.eur) + 1, LEVELS))
    for day in range(len(runs.eur) - 1, -1, -1):
        left_kg = level_kg[:, None, None] + runs.kg[day]
        vented_kg = np.maximum(left_kg - rules.store_kg, 0.0)
        later_eur = np.interp(left_kg, level_kg, beyond_eur[day + 1])
        lost_eur = vented_kg * runs.vented_eur_per_kg[day][:, None]
        total = runs.eur[day] + later_eur - lost_eur - trailer * np.maximum(-left_kg, 0.0)
        beyond_eur[day] = concave(level_kg, total.max(axis=2).mean(axis=1))
    slopes = np.diff(beyond_eur, axis=1) / np.diff(level_kg)
    return HydrogenValue(level_kg, rules.hydrogen_eur_per_kg + slopes)


def concave(x: Floats, y: Floats) -> Floats:
    """(n,) the least concave function above points: what a mixture of two days earns.

    >>> concave(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.0, 4.0, 5.0])).tolist()
    [0.0, 2.0, 4.0, 5.0]
    """
    kept: list[int] = []
    for i in range(len(x)):
        while len(kept) > 1 and _slope(x, y, kept[-2], kept[-1]) <= _slope(x, y, kept[-1], i):
            kept.pop()
        kept.append(i)
    hull: Floats = np.interp(x, x[kept], y[kept])
    return hull


def _slope(x: Floats, y: Floats, i: int, j: int) -> float:
    return float((y[j] - y[i]) / (x[j] - x[i]))


def run_days(years: Years, rules: Rules) -> DayRuns:
    """Every day by every price: cars give and the electrolyser takes where it pays."""
    price = rules.hydrogen_eur_per_kg
    prices = np.linspace(0.0, rules.trailer_eur_per_kg, PRICES)
    need = np.maximum(years.deficit - years.made, 0.0)
    spare = np.maximum(years.made - years.deficit, 0.0) + years.wind
    could_kwh = np.minimum(spare, rules.electrolyser_kw)
    serves_kwh = np.minimum(need, years.most_v2g)
    eur, kg = [], []
    for of_kg in prices:
        fuel_eur_per_kwh = (of_kg - price) / rules.kwh_per_kg
        pays = years.import_price > rules.tariff_eur_per_kwh + fuel_eur_per_kwh
        v2g_kwh = serves_kwh * pays
        taken_kwh = could_kwh * (of_kg * rules.kg_per_kwh > years.export_price)
        made_kg = rules.kg_per_kwh * taken_kwh
        money = price * made_kg + years.export_price * (spare - taken_kwh)
        money -= years.import_price * (need - v2g_kwh) + rules.tariff_eur_per_kwh * v2g_kwh
        eur.append(_by_day(money))
        kg.append(_by_day(made_kg - v2g_kwh / rules.kwh_per_kg - years.trips_kg))
    exported = _by_day(years.export_price * could_kwh) / np.maximum(_by_day(could_kwh), 1e-9)
    vented = price - exported / rules.kg_per_kwh
    return DayRuns(np.stack(eur, axis=-1), np.stack(kg, axis=-1), vented)


def _by_day(series: Floats) -> Floats:
    """(days, W) sums of (W, hours)."""
    sums: Floats = series.reshape(len(series), -1, DAY_H).sum(axis=2).T
    return sums
