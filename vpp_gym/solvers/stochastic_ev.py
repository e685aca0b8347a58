"""Stochastic dynamic program of one EV: its best move now, with what later moves may learn.

The price of a step is its path plus a deviation that follows a Markov chain. What the
EV does in a step may depend on the state of the chain in that step: the value of
waiting for a cheap hour, or for a spike, is in the plan. With V(e, b, s) the cost to
come at stored energy e, contract energy b and state s,

    V_i(e, b, s) = min over charge c, discharge d of
        (buy_i + s) c - (sell_i + s) d + E[V_{i+1}(e + c eff - d / eff, b - d, s') | s],

and V at departure is the penalty on what is missing. Energies lie on levels one full
step of charging apart, and one of them is the target. There V is exact for an EV that
only charges: it is piecewise linear with its breaks on these levels. With a contract
a step of discharging is taken to move one level, too; the move of this step is not
rounded. Where the battery tapers levels lie closer, as far apart as a step at full power comes,
and V between two levels is taken to be linear, which it is not quite.

An EV that may leave after step i with probability h_i if it is still there counts the cost to
come behind it as h_i miss max(due_i - e, 0) + (1 - h_i) E[V_{i+1}].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fleet.charging import gain_before_kwh, gain_kwh
from vpp_gym.kernels import njit
from vpp_gym.solvers.leaving import Leaving
from vpp_gym.solvers.price_chain import PriceChain
from vpp_gym.solvers.segments import NOISE_KWH

TIE_EUR = 1e-9
"""A move must gain more than this over the one closest to idle."""
LEAST_STEP = 0.125
"""Of a step without the taper: levels lie no closer, so that there are not too many."""


class Car(NamedTuple):
    """One EV; stored kWh, but for what is said to be at the meter.

    Attributes:
        energy_kwh: now.
        target_kwh: wanted at departure.
        min_kwh: discharging goes no lower.
        max_kwh: charging goes no higher, while the contract runs.
        charge_kwh: most per step at the meter.
        contract_kwh: left to discharge at the meter; inf: any.
        window: discharging is possible in the first so many steps.
        steps: to departure.
        lo_kwh: least net load of this step.
        hi_kwh: largest net load of this step.
    """

    energy_kwh: float
    target_kwh: float
    min_kwh: float
    max_kwh: float
    charge_kwh: float
    contract_kwh: float
    window: int
    steps: int
    lo_kwh: float
    hi_kwh: float


class Yield(NamedTuple):
    """Efficiencies in (0, 1], and EUR per stored kWh missing at departure."""

    charge_eff: float
    discharge_eff: float
    shortfall_eur_per_kwh: float


class Leaves(NamedTuple):
    """When one EV may leave; without steps it does not.

    Attributes:
        hazard: (H or 0,) probability of leaving after each step, if still there.
        due_kwh: (H or 0,) stored energy that is due then.
        missing_eur: EUR per stored kWh that is missing then.
    """

    hazard: Floats
    due_kwh: Floats
    missing_eur: float


class Levels(NamedTuple):
    """Grid of stored energy and of contract energy.

    Attributes:
        lowest_kwh: stored energy of level 0.
        unit_kwh: stored energy from one level to the next.
        below: levels below the target.
        n: levels in all.
        budget: units of contract energy.
        capped: the contract energy can bind.
        energy_kwh: (n or 0,) stored energy of each level where the EV tapers.
        rise: (n or 0,) share of the way to the next level that a step at full power comes.
    """

    lowest_kwh: float
    unit_kwh: float
    below: int
    n: int
    budget: int
    capped: bool
    energy_kwh: Floats
    rise: Floats


@njit(allocates=True)
def first_moves_kwh(
    buy: Floats,
    sell: Floats,
    discharge_kwh: Floats,
    chain: PriceChain,
    fleet: Floats,
    rules: Yield,
    curves: Floats,
) -> Floats:
    """(n,) best net load of this step at the meter, + takes from the grid.

    Args:
        buy: (H,) EUR/kWh, path of the price of charging; H covers every stay.
        sell: (n or 1, H) EUR/kWh, path of the price of discharging.
        discharge_kwh: (n, H or 1) most per step at the meter.
        chain: of the deviation from both paths.
        fleet: (n, 10) in the order of `Car`.
        rules: efficiencies and penalty.
        curves: (n, 2, K) how each EV tapers, see `vpp_gym.solvers.segments.Stay`.
    """
    none = np.zeros((len(fleet), 0))
    leaving = Leaving(none, none, 0.0)
    return first_moves_leaving_kwh(buy, sell, discharge_kwh, chain, fleet, rules, curves, leaving)


@njit(allocates=True)
def first_moves_leaving_kwh(
    buy: Floats,
    sell: Floats,
    discharge_kwh: Floats,
    chain: PriceChain,
    fleet: Floats,
    rules: Yield,
    curves: Floats,
    leaving: Leaving,
) -> Floats:
    """(n,) best net load of this step, of EVs that may leave before their last step.

    Args:
        buy: as in `first_moves_kwh`, as are the next six.
        sell: of discharging.
        discharge_kwh: at the meter.
        chain: of the deviation.
        fleet: the EVs.
        rules: efficiencies and penalty.
        curves: of the EVs.
        leaving: (n, H) how they may leave; (n, 0): they do not.
    """
    moves = np.empty(len(fleet))
    for j in range(len(fleet)):
        row = fleet[j]
        car = Car(
            row[0], row[1], row[2], row[3], row[4], row[5], int(row[6]), int(row[7]), row[8], row[9]
        )
        own_sell = sell[min(j, len(sell) - 1)]
        leaves = Leaves(leaving.hazard[j], leaving.due_kwh[j], leaving.missing_eur_per_kwh)
        problem = buy, own_sell, discharge_kwh[j], chain, car, rules
        moves[j] = _first_move_kwh(*problem, curves[j], leaves)
    return moves


@njit(internal=True, allocates=True)
def _first_move_kwh(
    buy: Floats,
    sell: Floats,
    discharge_kwh: Floats,
    chain: PriceChain,
    car: Car,
    rules: Yield,
    curve: Floats,
    leaves: Leaves,
) -> float:
    idle = min(max(0.0, car.lo_kwh), car.hi_kwh)
    window = min(car.window, car.steps) if car.contract_kwh > NOISE_KWH else 0
    if window <= 0 and car.energy_kwh >= car.target_kwh - NOISE_KWH:
        return idle
    levels = levels_of(car, window, discharge_kwh.max(), rules, curve)
    if levels.unit_kwh <= 0.0:
        return idle
    after = value_after(buy, sell, discharge_kwh, chain, car, window, levels, rules, leaves)
    buy_now, sell_now = buy[0] + chain.now_eur, sell[0] + chain.now_eur
    best_eur = _cost_eur(idle, buy_now, sell_now, after, levels, car, rules)
    best_kwh = idle
    for k in range(levels.n + levels.budget + 3):
        move = _candidate_kwh(k, levels, car, rules)
        if car.lo_kwh <= move <= car.hi_kwh:
            cost = _cost_eur(move, buy_now, sell_now, after, levels, car, rules)
            if cost < best_eur - TIE_EUR:
                best_eur, best_kwh = cost, move
    return best_kwh


@njit(allocates=True, internal=True)
def levels_of(car: Car, window: int, discharge_kwh: float, rules: Yield, curve: Floats) -> Levels:
    """The grid on which an EV is planned: all that it can reach, the target among it."""
    none = np.zeros(0)
    unit = car.charge_kwh * rules.charge_eff
    if unit <= 0.0:
        unit = discharge_kwh / rules.discharge_eff
    if unit <= 0.0:
        return Levels(car.energy_kwh, 0.0, 0, 1, 0, False, none, none)
    room = max(car.energy_kwh - car.min_kwh, 0.0) if window > 0 else 0.0
    reach = min(room, window * unit)
    capped = car.contract_kwh < reach * rules.discharge_eff
    down = min(reach, car.contract_kwh / rules.discharge_eff + unit)
    budget = int(np.ceil(car.contract_kwh / (unit * rules.discharge_eff) - 1e-9)) if capped else 0
    top = max(car.energy_kwh, car.max_kwh if window > 0 else car.target_kwh)
    if curve.shape[1] > 0 and car.charge_kwh > 0.0:
        return _tapered_levels(car, unit, car.energy_kwh - down, top, budget, capped, curve)
    below = max(int(np.ceil((car.target_kwh - car.energy_kwh + down) / unit - 1e-9)), 0)
    above = max(int(np.ceil((top - car.target_kwh) / unit - 1e-9)), 0)
    lowest = car.target_kwh - below * unit
    return Levels(lowest, unit, below, below + above + 1, budget, capped, none, none)


@njit(internal=True, allocates=True)
def _tapered_levels(
    car: Car, unit: float, bottom: float, top: float, budget: int, capped: bool, curve: Floats
) -> Levels:
    """Levels a step at full power apart, or `LEAST_STEP` of the unit where that is less."""
    below, energy = 0, car.target_kwh
    while energy > bottom + NOISE_KWH:
        energy -= max(gain_before_kwh(energy, 1.0, unit, curve), LEAST_STEP * unit)
        below += 1
    above, energy = 0, car.target_kwh
    while energy < top - NOISE_KWH:
        energy += max(gain_kwh(energy, 1.0, unit, curve), LEAST_STEP * unit)
        above += 1
    n = below + above + 1
    at, rise = np.empty(n), np.ones(n)
    at[below] = car.target_kwh
    for a in range(below - 1, -1, -1):
        at[a] = at[a + 1] - max(gain_before_kwh(at[a + 1], 1.0, unit, curve), LEAST_STEP * unit)
    for a in range(below + 1, n):
        at[a] = at[a - 1] + max(gain_kwh(at[a - 1], 1.0, unit, curve), LEAST_STEP * unit)
    for a in range(n - 1):
        rise[a] = min(gain_kwh(at[a], 1.0, unit, curve) / (at[a + 1] - at[a]), 1.0)
    return Levels(at[0], unit, below, n, budget, capped, at, rise)


@njit(allocates=True, internal=True)
def value_after(
    buy: Floats,
    sell: Floats,
    discharge_kwh: Floats,
    chain: PriceChain,
    car: Car,
    window: int,
    levels: Levels,
    rules: Yield,
    leaves: Leaves,
) -> Floats:
    """(levels, budget + 1) EUR: expected cost to come behind this step."""
    states = len(chain.state_eur)
    value = np.empty((levels.n, levels.budget + 1, states))
    for a in range(levels.n):
        missing_kwh = _missing_kwh(a, levels)
        value[a] = rules.shortfall_eur_per_kwh * missing_kwh
    mean = np.empty_like(value)
    for i in range(car.steps - 1, 0, -1):
        _average(value, chain.move, mean)
        if len(leaves.hazard):
            for a in range(levels.n):
                for b in range(levels.budget + 1):
                    for s in range(states):
                        mean[a, b, s] = _unless_left(mean[a, b, s], a, i, levels, leaves)
        limit = discharge_kwh[min(i, len(discharge_kwh) - 1)] if i < window else 0.0
        step = buy[i], sell[i], limit, i < window, chain.state_eur, car, levels, rules, mean, value
        if len(levels.energy_kwh) > 0:
            _tapered_step_back(*step)
        else:
            _step_back(*step)
    after = np.zeros((levels.n, levels.budget + 1))
    for a in range(levels.n):
        for b in range(levels.budget + 1):
            for s in range(states):
                after[a, b] += chain.first[s] * value[a, b, s]
            if len(leaves.hazard) and car.steps > 1:
                after[a, b] = _unless_left(after[a, b], a, 0, levels, leaves)
    return after


@njit(internal=True)
def _missing_kwh(a: int, levels: Levels) -> float:
    """To the target, at a level of energy."""
    if len(levels.energy_kwh) > 0:
        return max(levels.energy_kwh[levels.below] - levels.energy_kwh[a], 0.0)
    return max(levels.below - a, 0) * levels.unit_kwh


@njit(internal=True)
def _unless_left(cost_eur: float, a: int, step: int, levels: Levels, leaves: Leaves) -> float:
    """Cost behind a step at a level of energy, where the EV may have left."""
    hazard = leaves.hazard[step]
    energy_kwh = levels.lowest_kwh + a * levels.unit_kwh
    if len(levels.energy_kwh) > 0:
        energy_kwh = levels.energy_kwh[a]
    missing_kwh = max(leaves.due_kwh[step] - energy_kwh, 0.0)
    return hazard * leaves.missing_eur * missing_kwh + (1.0 - hazard) * cost_eur


@njit(internal=True)
def _average(value: Floats, move: Floats, mean: Floats) -> None:
    """Expected value over the next state, from each state."""
    for a in range(value.shape[0]):
        for b in range(value.shape[1]):
            for s in range(value.shape[2]):
                total = 0.0
                for q in range(value.shape[2]):
                    total += move[s, q] * value[a, b, q]
                mean[a, b, s] = total


@njit(internal=True)
def _step_back(
    buy: float,
    sell: float,
    limit_kwh: float,
    in_window: bool,
    state_eur: Floats,
    car: Car,
    levels: Levels,
    rules: Yield,
    mean: Floats,
    value: Floats,
) -> None:
    """Value before a step from its mean behind it: idle, or one level up or down."""
    unit = levels.unit_kwh
    up_kwh, down_kwh = unit / rules.charge_eff, unit * rules.discharge_eff
    down = min(limit_kwh / down_kwh, 1.0)
    spent = 1 if levels.capped else 0
    for a in range(levels.n):
        energy = levels.lowest_kwh + a * unit
        below_max = in_window and energy + unit <= car.max_kwh + NOISE_KWH
        rises = car.charge_kwh > 0.0 and (a < levels.below or (below_max and a + 1 < levels.n))
        falls = a > 0 and down > 0.0 and energy - unit >= car.min_kwh - NOISE_KWH
        for b in range(levels.budget + 1):
            for s in range(len(state_eur)):
                best = mean[a, b, s]
                if rises:
                    best = min(best, (buy + state_eur[s]) * up_kwh + mean[a + 1, b, s])
                if falls and b >= spent:
                    gain = (sell + state_eur[s]) * down_kwh
                    change = mean[a - 1, b - spent, s] - mean[a, b, s] - gain
                    best = min(best, mean[a, b, s] + down * change)
                value[a, b, s] = best


@njit(internal=True)
def _tapered_step_back(
    buy: float,
    sell: float,
    limit_kwh: float,
    in_window: bool,
    state_eur: Floats,
    car: Car,
    levels: Levels,
    rules: Yield,
    mean: Floats,
    value: Floats,
) -> None:
    """The same where levels lie as the taper has it."""
    at, spent = levels.energy_kwh, 1 if levels.capped else 0
    for a in range(levels.n):
        up_kwh, rise, down_kwh, fall = 0.0, 0.0, 0.0, 0.0
        if a + 1 < levels.n:
            below_max = in_window and at[a + 1] <= car.max_kwh + NOISE_KWH
            rise = levels.rise[a] if a < levels.below or below_max else 0.0
            up_kwh = (at[a + 1] - at[a]) / rules.charge_eff
        if a > 0 and at[a - 1] >= car.min_kwh - NOISE_KWH:
            down_kwh = (at[a] - at[a - 1]) * rules.discharge_eff
            fall = min(limit_kwh / down_kwh, 1.0)
        for b in range(levels.budget + 1):
            for s in range(len(state_eur)):
                best = mean[a, b, s]
                if rise > 0.0:
                    change = (buy + state_eur[s]) * up_kwh + mean[a + 1, b, s] - mean[a, b, s]
                    best = min(best, mean[a, b, s] + rise * change)
                if fall > 0.0 and b >= spent:
                    gain = (sell + state_eur[s]) * down_kwh
                    change = mean[a - 1, b - spent, s] - mean[a, b, s] - gain
                    best = min(best, mean[a, b, s] + fall * change)
                value[a, b, s] = best


@njit(internal=True)
def _candidate_kwh(k: int, levels: Levels, car: Car, rules: Yield) -> float:
    """Move k at which the cost may break: a limit, a level of energy or of the budget."""
    if k < 2:
        return car.hi_kwh if k == 0 else car.lo_kwh
    if k < 2 + levels.n:
        change = levels.lowest_kwh + (k - 2) * levels.unit_kwh - car.energy_kwh
        if len(levels.energy_kwh) > 0:
            change = levels.energy_kwh[k - 2] - car.energy_kwh
        return change / rules.charge_eff if change > 0.0 else change * rules.discharge_eff
    left = (k - 2 - levels.n) * levels.unit_kwh * rules.discharge_eff
    return min(left - car.contract_kwh, 0.0) if levels.capped else 0.0


@njit(internal=True)
def _cost_eur(
    move_kwh: float, buy: float, sell: float, after: Floats, levels: Levels, car: Car, rules: Yield
) -> float:
    """Cost of a move now and of all behind it, between levels interpolated."""
    if move_kwh > 0.0:
        paid, energy = move_kwh * buy, car.energy_kwh + move_kwh * rules.charge_eff
    else:
        paid, energy = move_kwh * sell, car.energy_kwh + move_kwh / rules.discharge_eff
    x = min(max((energy - levels.lowest_kwh) / levels.unit_kwh, 0.0), levels.n - 1.0)
    if len(levels.energy_kwh) > 0:
        x = _place(levels.energy_kwh, energy)
    y = 0.0
    if levels.capped:
        left = car.contract_kwh + min(move_kwh, 0.0)
        unit = levels.unit_kwh * rules.discharge_eff
        y = min(max(left / unit, 0.0), float(levels.budget))
    return paid + _between(after, x, y)


@njit(internal=True)
def _place(at: Floats, energy_kwh: float) -> float:
    """Place of an energy on the grid of levels, 0 to n - 1, between two of them in proportion."""
    if energy_kwh <= at[0]:
        return 0.0
    for a in range(len(at) - 1):
        if energy_kwh < at[a + 1]:
            return a + (energy_kwh - at[a]) / (at[a + 1] - at[a])
    return len(at) - 1.0


@njit(internal=True)
def _between(after: Floats, x: float, y: float) -> float:
    """Value at a place of the grid, linear in the triangle whose long side is the diagonal."""
    i, j = min(int(x), len(after) - 1), min(int(y), after.shape[1] - 1)
    i_next, j_next = min(i + 1, len(after) - 1), min(j + 1, after.shape[1] - 1)
    right, up = x - i, y - j
    low, high = after[i, j], after[i_next, j_next]
    if right >= up:
        return low * (1.0 - right) + after[i_next, j] * (right - up) + high * up
    return low * (1.0 - up) + after[i, j_next] * (up - right) + high * right
