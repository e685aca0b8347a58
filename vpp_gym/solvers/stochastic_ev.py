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


BLOCK = 16
"""Numbers that a processor adds at a time."""


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


class Step(NamedTuple):
    """A later step of the plan.

    Attributes:
        buy_eur: per kWh, path of the price of charging.
        sell_eur: per kWh, path of the price of discharging.
        limit_kwh: discharged at most, at the meter.
        in_window: the contract runs.
    """

    buy_eur: float
    sell_eur: float
    limit_kwh: float
    in_window: bool


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
        moves[j] = first_move_kwh(*problem, curves[j], leaves)
    return moves


@njit(internal=True, allocates=True)
def first_move_kwh(
    buy: Floats,
    sell: Floats,
    discharge_kwh: Floats,
    chain: PriceChain,
    car: Car,
    rules: Yield,
    curve: Floats,
    leaves: Leaves,
) -> float:
    """Best net load of this step of one EV: see `first_moves_leaving_kwh`."""
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
    """(budget + 1, levels) EUR: expected cost to come behind this step."""
    shape = len(chain.state_eur), levels.budget + 1, _places(levels)
    value, mean, missing_eur = np.zeros(shape), np.zeros(shape), np.empty(levels.n)
    flat_value, flat_mean = value.reshape((shape[0], -1)), mean.reshape((shape[0], -1))
    moves = np.empty((4, len(levels.energy_kwh)))
    for a in range(levels.n):
        value[:, :, a] = rules.shortfall_eur_per_kwh * _missing_kwh(a, levels)
    for i in range(car.steps - 1, 0, -1):
        _average(flat_value, chain.move, flat_mean)
        if len(leaves.hazard):
            _missing_if_left(i, levels, leaves, missing_eur)
            _unless_left(mean, missing_eur, 1.0 - leaves.hazard[i])
        limit = discharge_kwh[min(i, len(discharge_kwh) - 1)] if i < window else 0.0
        step = Step(buy[i], sell[i], limit, i < window)
        if len(levels.energy_kwh) > 0:
            _tapered_step_back(step, chain.state_eur, car, levels, rules, moves, mean, value)
        else:
            _step_back(step, chain.state_eur, car, levels, rules, mean, value)
    after = np.zeros((1, shape[1], shape[2]))
    _average(flat_value, chain.first.reshape((1, -1)), after.reshape((1, -1)))
    if len(leaves.hazard) and car.steps > 1:
        _missing_if_left(0, levels, leaves, missing_eur)
        _unless_left(after, missing_eur, 1.0 - leaves.hazard[0])
    return after[0, :, : levels.n]


@njit(internal=True)
def _places(levels: Levels) -> int:
    """Of levels in memory, some of them empty: what is left over of a block is slow to add."""
    rows, places = levels.budget + 1, levels.n
    while rows * places % BLOCK:
        places += 1
    return places


@njit(internal=True)
def _missing_kwh(a: int, levels: Levels) -> float:
    """To the target, at a level of energy."""
    if len(levels.energy_kwh) > 0:
        return max(levels.energy_kwh[levels.below] - levels.energy_kwh[a], 0.0)
    return max(levels.below - a, 0) * levels.unit_kwh


@njit(internal=True)
def _missing_if_left(step: int, levels: Levels, leaves: Leaves, missing_eur: Floats) -> None:
    """Fill (levels,) EUR of what is missing where the EV leaves behind a step, expected."""
    weight_eur, due_kwh = leaves.hazard[step] * leaves.missing_eur, leaves.due_kwh[step]
    for a in range(levels.n):
        energy_kwh = levels.lowest_kwh + a * levels.unit_kwh
        if len(levels.energy_kwh) > 0:
            energy_kwh = levels.energy_kwh[a]
        missing_eur[a] = weight_eur * max(due_kwh - energy_kwh, 0.0)


@njit(internal=True)
def _unless_left(cost_eur: Floats, missing_eur: Floats, stays: float) -> None:
    """Cost behind a step, in every state, with what is missing where the EV has left."""
    for s in range(cost_eur.shape[0]):
        for b in range(cost_eur.shape[1]):
            row = cost_eur[s, b]
            for a in range(len(missing_eur)):
                row[a] = missing_eur[a] + stays * row[a]


@njit(internal=True)
def _average(value: Floats, move: Floats, mean: Floats) -> None:
    """Expected value over the next state, from each state.

    States are added from the first to the last. Places lie side by side, so that many are added
    at a time; four states in one go spare three of four turns through memory.

    Args:
        value: (k, places) in each state.
        move: (m, k) probability of each state.
        mean: (m, places) result.
    """
    k, places = value.shape
    apart = k % 4
    for s in range(len(move)):
        to, chance = mean[s], move[s]
        if apart == 0:
            to[:] = 0.0
        for q in range(apart):
            v, p = value[q], chance[q]
            for c in range(places):
                to[c] = (to[c] if q > 0 else 0.0) + p * v[c]
        for q in range(apart, k, 4):
            v0, v1, v2, v3 = value[q], value[q + 1], value[q + 2], value[q + 3]
            p0, p1, p2, p3 = chance[q], chance[q + 1], chance[q + 2], chance[q + 3]
            for c in range(places):
                to[c] = to[c] + p0 * v0[c] + p1 * v1[c] + p2 * v2[c] + p3 * v3[c]


@njit(internal=True)
def _step_back(
    step: Step,
    state_eur: Floats,
    car: Car,
    levels: Levels,
    rules: Yield,
    mean: Floats,
    value: Floats,
) -> None:
    """Value before a step from its mean behind it: idle, or one level up or down."""
    up_kwh, down_kwh = levels.unit_kwh / rules.charge_eff, levels.unit_kwh * rules.discharge_eff
    share, spent = min(step.limit_kwh / down_kwh, 1.0), 1 if levels.capped else 0
    rising, falling = _rising(step, car, levels), _falling(car, levels) if share > 0.0 else levels.n
    for s in range(len(state_eur)):
        paid = (step.buy_eur + state_eur[s]) * up_kwh
        earned = (step.sell_eur + state_eur[s]) * down_kwh
        for b in range(levels.budget + 1):
            idle, best = mean[s, b], value[s, b]
            for a in range(rising):
                best[a] = min(idle[a], paid + idle[a + 1])
            for a in range(rising, levels.n):
                best[a] = idle[a]
            if falling < levels.n and b >= spent:
                below = mean[s, b - spent][falling - 1 :]
                idle, best = idle[falling:], best[falling:]
                for a in range(levels.n - falling):
                    best[a] = min(best[a], idle[a] + share * (below[a] - idle[a] - earned))


@njit(internal=True)
def _rising(step: Step, car: Car, levels: Levels) -> int:
    """The EV may charge at so many levels, from the lowest on."""
    if car.charge_kwh <= 0.0:
        return 0
    rising = levels.below
    for a in range(levels.below, levels.n - 1):
        energy = levels.lowest_kwh + a * levels.unit_kwh
        if step.in_window and energy + levels.unit_kwh <= car.max_kwh + NOISE_KWH:
            rising = a + 1
    return rising


@njit(internal=True)
def _falling(car: Car, levels: Levels) -> int:
    """The lowest level at which the EV may discharge; the number of levels where there is none."""
    falling = levels.n
    for a in range(levels.n - 1, 0, -1):
        energy = levels.lowest_kwh + a * levels.unit_kwh
        if energy - levels.unit_kwh >= car.min_kwh - NOISE_KWH:
            falling = a
    return falling


@njit(internal=True)
def _tapered_step_back(
    step: Step,
    state_eur: Floats,
    car: Car,
    levels: Levels,
    rules: Yield,
    moves: Floats,
    mean: Floats,
    value: Floats,
) -> None:
    """The same where levels lie as the taper has it."""
    _tapered_moves(step, car, levels, rules, moves)
    up_kwh, rise, down_kwh, fall = moves[0], moves[1], moves[2], moves[3]
    spent = 1 if levels.capped else 0
    for s in range(len(state_eur)):
        buy, sell = step.buy_eur + state_eur[s], step.sell_eur + state_eur[s]
        for b in range(levels.budget + 1):
            idle, best = mean[s, b], value[s, b]
            best[levels.n - 1] = idle[levels.n - 1]
            for a in range(levels.n - 1):
                change = buy * up_kwh[a] + idle[a + 1] - idle[a]
                best[a] = min(idle[a], idle[a] + rise[a] * change)
            if step.limit_kwh > 0.0 and b >= spent:
                below = mean[s, b - spent]
                for a in range(1, levels.n):
                    change = below[a - 1] - idle[a] - sell * down_kwh[a]
                    best[a] = min(best[a], idle[a] + fall[a] * change)


@njit(internal=True)
def _tapered_moves(step: Step, car: Car, levels: Levels, rules: Yield, moves: Floats) -> None:
    """Fill what a step does at each level.

    Args:
        step: of the plan.
        car: the EV.
        levels: where it tapers.
        rules: efficiencies.
        moves: (4, levels) result: kWh at the meter to the next level, and the share of the way
            that the EV comes, 0 where it may not; then the same of the level before.
    """
    at = levels.energy_kwh
    moves[:] = 0.0
    for a in range(levels.n - 1):
        below_max = step.in_window and at[a + 1] <= car.max_kwh + NOISE_KWH
        moves[0, a] = (at[a + 1] - at[a]) / rules.charge_eff
        moves[1, a] = levels.rise[a] if a < levels.below or below_max else 0.0
        if at[a] >= car.min_kwh - NOISE_KWH:
            moves[2, a + 1] = (at[a + 1] - at[a]) * rules.discharge_eff
            moves[3, a + 1] = min(step.limit_kwh / moves[2, a + 1], 1.0)


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
    i, j = min(int(x), after.shape[1] - 1), min(int(y), len(after) - 1)
    i_next, j_next = min(i + 1, after.shape[1] - 1), min(j + 1, len(after) - 1)
    right, up = x - i, y - j
    low, high = after[j, i], after[j_next, i_next]
    if right >= up:
        return low * (1.0 - right) + after[j, i_next] * (right - up) + high * up
    return low * (1.0 - up) + after[j_next, i] * (up - right) + high * right
