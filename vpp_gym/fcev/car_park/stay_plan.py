"""Best hours of V2G for each stay of a car: exact, and the same as a linear program.

Where lots may be split, the offers of a car park separate per car: each stay gives its
energy in the hours in which it gains most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from vpp_gym.arrays import Floats
from vpp_gym.fcev.car_park.contracts import driver_margin, pay_eur_per_kwh
from vpp_gym.fcev.car_park.dataset import Dataset
from vpp_gym.fcev.car_park.state import Rules
from vpp_gym.kernels import njit, total
from vpp_gym.solvers.linear_program import LinearProgram


@njit(allocates=True)
def best_hours_kwh(gain: Floats, most_kwh: Floats, budget_kwh: float) -> Floats:
    """(hours,) kWh of one stay: the hours with the largest gain first.

    Args:
        gain: (hours,) EUR/kWh; hours without a positive gain get nothing.
        most_kwh: (hours,) limit of each hour.
        budget_kwh: of the whole stay.

    >>> best_hours_kwh(np.array([1.0, 3.0, 2.0]), np.full(3, 10.0), 15.0).tolist()
    [0.0, 10.0, 5.0]
    """
    plan = np.zeros(len(gain))
    left_kwh = budget_kwh
    for hour in np.argsort(-gain, kind="mergesort"):
        if gain[hour] <= 0.0 or left_kwh <= 0.0:
            break
        plan[hour] = min(most_kwh[hour], left_kwh)
        left_kwh -= plan[hour]
    return plan


def stays_program(
    gain: Floats, most_kwh: Floats, stay: NDArray[np.int64], budget_kwh: Floats
) -> LinearProgram:
    """The same for many cars as a linear program; its value is minus the gain.

    Args:
        gain: (n, hours) EUR/kWh.
        most_kwh: (n, hours).
        stay: (n, hours) number of the stay that an hour belongs to, -1 for none.
        budget_kwh: (stays,).
    """
    cells = np.flatnonzero(stay.ravel() >= 0)
    of_stay = stay.ravel()[cells]
    rows = csc_array(
        (np.ones(len(cells)), (of_stay, np.arange(len(cells)))), shape=(len(budget_kwh), len(cells))
    )
    return LinearProgram(
        name="hours of V2G",
        cost=-gain.ravel()[cells],
        low=np.zeros(len(cells)),
        high=most_kwh.ravel()[cells],
        rows=rows,
        row_low=np.full(len(budget_kwh), -np.inf),
        row_high=budget_kwh,
    )


@njit(allocates=True)
def day_plan_kwh(
    gain: Floats, presence: Floats, energy_kwh: Floats, tonight: float, v2g_kw: float
) -> Floats:
    """(n, 24) kWh: each car's best hours of tomorrow.

    Args:
        gain: (n, 24) EUR/kWh expected.
        presence: (n, 24) probability that a car is plugged in; 0 between stays.
        energy_kwh: (n,) at the last plug-in.
        tonight: share of the energy that is left of stays that last over midnight.
        v2g_kw: of a car.
    """
    plan = np.zeros_like(gain)
    for i in range(len(gain)):
        t = 0
        while t < 24:
            if presence[i, t] <= 0.0:
                t += 1
                continue
            until = t
            while until < 24 and presence[i, until] > 0.0:
                until += 1
            budget_kwh = energy_kwh[i] * (tonight if t == 0 else 1.0)
            most_kwh = v2g_kw * presence[i, t:until]
            plan[i, t:until] = best_hours_kwh(gain[i, t:until], most_kwh, budget_kwh)
            t = until
    return plan


@njit(allocates=True)
def hindsight_plan(
    k: int,
    dataset: Dataset,
    rules: Rules,
    begin: int,
    first: int,
    end: int,
    rent: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Most that a car park can earn with V2G, the energy it takes and what is refilled, lots split.

    Every stay is known, and so are prices; each car serves in its own best hours,
    whatever the merit order. Without a rent no policy earns more.

    Args:
        k: number of the scenario in the dataset.
        dataset: the scenarios.
        rules: of the hour.
        begin: hour in which the run begins, with tanks at their usual level.
        first: first hour for which V2G can be sold.
        end: first hour after the run.
        rent: (end - begin,) EUR/kg that counts for what is refilled in an hour.

    Returns:
        (end - begin,) EUR without rent, kWh and kg, by hour.
    """
    hours, cell = end - begin, rules.cell
    profit, energy, refill = np.zeros(hours), np.zeros(hours), np.zeros(hours)
    for i in range(dataset.parked.shape[1]):
        t = begin
        while t < end:
            if not dataset.parked[k, i, t]:
                t += 1
                continue
            until = t
            while until < end and dataset.parked[k, i, until]:
                until += 1
            driven_kg = min(dataset.trip_kg[k, t // 24, i], dataset.usual_kg[k, i])
            tank_kg = dataset.usual_kg[k, i] - driven_kg
            level = tank_kg / cell.tank_kg
            margin = driver_margin(level, rules.tiers.levels, rules.tiers.margins)
            paid = rent[until - begin] / cell.kwh_per_kg if until < end else 0.0
            gain, value = np.empty(until - t), np.empty(until - t)
            most = np.zeros(until - t)
            for h in range(t, until):
                price = dataset.da[k, h]
                gain[h - t] = price - pay_eur_per_kwh(price, dataset.min_price[k, i], margin)
                value[h - t] = gain[h - t] + paid
                most[h - t] = cell.v2g_kw if h >= first else 0.0
            budget_kwh = max(tank_kg - cell.reserve_kg, 0.0) * cell.kwh_per_kg
            plan = best_hours_kwh(value, most, budget_kwh)
            energy[t - begin : until - begin] += plan
            profit[t - begin : until - begin] += gain * plan
            if until < end:
                refill[until - begin] += driven_kg + total(plan) / cell.kwh_per_kg
            t = until
    return profit, energy, refill
