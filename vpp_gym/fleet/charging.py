"""What one car can still charge: how far it comes in a time, and how long it needs.

A car charges at the power of its charger, or less where the battery asks for less: above some
state of charge most batteries are charged ever more slowly. That is its taper, here a curve of
the stored power (kWh per hour, losses taken off) over the stored energy: linear between knots,
falling, and concave, so that it falls ever faster.

At full power the stored energy e follows de/dt = p(e), where p is the least of charger and
curve. On a knot-free piece p is linear, p(e) = p0 - m (e - e0), so that with h hours

    e(h) = e0 + p0 (1 - exp(-m h)) / m,      h(e) = ln(p0 / p(e)) / m,

and both are plain division where m is 0. Nothing depends on the length of a step: an hour in
four quarters comes as far as one hour. The time that is needed is convex in the energy, and how
far a car comes is concave in where it begins: what a later step can charge shrinks with what is
stored already. All that asks how much a car can still charge asks here: laxity, guarantee,
envelope, observations and planners.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.kernels import njit

NO_CURVE: Floats = np.zeros((2, 0))
"""Of a car that takes full power at any state of charge."""
HALVINGS = 50
"""Of an interval, until it is as narrow as rounding."""
STEEPNESS = 1e-9
"""Rounding, in kW per kWh, of slopes that are compared."""


@njit
def stored_kw(energy_kwh: float, full_kw: float, curve: Floats) -> float:
    """Power at which the stored energy can rise.

    Args:
        energy_kwh: stored.
        full_kw: that the charger allows, losses taken off.
        curve: (2, K) knots: stored kWh, rising, and the stored kW that the battery takes there,
            falling; K may be 0. Below the first and above the last knot power is constant.

    >>> curve = np.array([[40.0, 50.0], [10.0, 2.0]])
    >>> [stored_kw(energy, 8.0, curve) for energy in (0.0, 42.5, 45.0, 50.0)]
    [8.0, 8.0, 6.0, 2.0]
    """
    last = curve.shape[1] - 1
    if last < 0:
        return full_kw
    if energy_kwh <= curve[0, 0]:
        return min(full_kw, curve[1, 0])
    for k in range(last):
        if energy_kwh < curve[0, k + 1]:
            width = curve[0, k + 1] - curve[0, k]
            share = (energy_kwh - curve[0, k]) / width
            return min(full_kw, curve[1, k] + share * (curve[1, k + 1] - curve[1, k]))
    return min(full_kw, curve[1, last])


@njit
def tapers(full_kw: float, curve: Floats) -> bool:
    """Whether the battery ever takes less than the charger allows; without knots it does not."""
    last = curve.shape[1] - 1
    return last >= 0 and curve[1, last] < full_kw


@njit
def charging_h(energy_kwh: float, target_kwh: float, full_kw: float, curve: Floats) -> float:
    """Hours at full power from one stored energy to another; negative if it is stored already.

    Args:
        energy_kwh: from which.
        target_kwh: to which.
        full_kw: that the charger allows, losses taken off.
        curve: see `stored_kw`.

    >>> curve = np.array([[40.0, 50.0], [10.0, 5.0]])
    >>> charging_h(20.0, 40.0, 10.0, NO_CURVE), charging_h(20.0, 40.0, 10.0, curve)
    (2.0, 2.0)
    >>> round(charging_h(40.0, 50.0, 10.0, curve), 6), round(2 * math.log(2), 6)
    (1.386294, 1.386294)
    """
    if not tapers(full_kw, curve):
        return (target_kwh - energy_kwh) / full_kw
    low, high = min(energy_kwh, target_kwh), max(energy_kwh, target_kwh)
    hours, at = 0.0, low
    for k in range(2 * curve.shape[1] + 1):
        end = min(_piece_end_kwh(k, full_kw, curve), high)
        if end > at:
            hours += _piece_h(end - at, _kw_in(k, at, full_kw, curve), _fall_in(k, full_kw, curve))
            at = end
    return hours if target_kwh >= energy_kwh else -hours


@njit
def gain_kwh(energy_kwh: float, hours: float, full_kw: float, curve: Floats) -> float:
    """Energy stored in so many hours at full power; the battery's limit is not looked at.

    Args:
        energy_kwh: stored now.
        hours: >= 0.
        full_kw: that the charger allows, losses taken off.
        curve: see `stored_kw`.

    >>> curve = np.array([[40.0, 50.0], [10.0, 5.0]])
    >>> gain_kwh(20.0, 2.0, 10.0, NO_CURVE), gain_kwh(20.0, 2.0, 10.0, curve)
    (20.0, 20.0)
    >>> round(gain_kwh(30.0, 1.0 + 2.0 * math.log(2.0), 10.0, curve), 9)
    20.0
    """
    if not tapers(full_kw, curve):
        return full_kw * hours
    at, left_h = energy_kwh, hours
    for k in range(2 * curve.shape[1] + 1):
        end = _piece_end_kwh(k, full_kw, curve)
        if end <= at:
            continue
        kw, fall = _kw_in(k, at, full_kw, curve), _fall_in(k, full_kw, curve)
        piece_h = _piece_h(end - at, kw, fall) if end < np.inf else np.inf
        if piece_h >= left_h:
            return at - energy_kwh + kw * left_h * _mean_decay(-fall * left_h)
        at, left_h = end, left_h - piece_h
    return at - energy_kwh


@njit
def gain_before_kwh(target_kwh: float, hours: float, full_kw: float, curve: Floats) -> float:
    """Energy stored in the last so many hours at full power before a target is reached.

    The target less this is the least energy from which it can still be reached.

    Args:
        target_kwh: to be stored then.
        hours: >= 0.
        full_kw: that the charger allows, losses taken off.
        curve: see `stored_kw`.

    >>> curve = np.array([[40.0, 50.0], [10.0, 5.0]])
    >>> gain_before_kwh(40.0, 2.0, 10.0, NO_CURVE), gain_before_kwh(40.0, 2.0, 10.0, curve)
    (20.0, 20.0)
    >>> round(gain_before_kwh(50.0, 1.0 + 2.0 * math.log(2.0), 10.0, curve), 9)
    20.0
    """
    if not tapers(full_kw, curve):
        return full_kw * hours
    at, left_h = target_kwh, hours
    for k in range(2 * curve.shape[1], -1, -1):
        begin = _piece_end_kwh(k - 1, full_kw, curve) if k > 0 else -np.inf
        if begin >= at:
            continue
        fall = _fall_in(k, full_kw, curve)
        piece_h = np.inf
        if begin > -np.inf:
            piece_h = _piece_h(at - begin, _kw_in(k, begin, full_kw, curve), fall)
        if piece_h >= left_h:
            kw = _kw_in(k, at, full_kw, curve)
            return target_kwh - at + kw * left_h * _mean_decay(fall * left_h)
        at, left_h = begin, left_h - piece_h
    return target_kwh - at


@njit
def exportable_kwh(
    laxity_h: float,
    energy_kwh: float,
    discharge_kw: float,
    discharge_eff: float,
    full_kw: float,
    curve: Floats,
) -> float:
    """Largest export that still lets an EV that tapers reach its target in time.

    As `vpp_gym.fleet.laxity.dischargeable_kwh`, which knows no taper: to export and to charge
    again what the battery lost must fit in the laxity. The time grows with the export; it is
    found by halving.

    Args:
        laxity_h: hours of slack.
        energy_kwh: stored now.
        discharge_kw: largest discharging power at the meter.
        discharge_eff: fraction of the energy taken out that reaches the meter.
        full_kw: that the charger allows, losses taken off.
        curve: see `stored_kw`.

    Returns:
        kWh at the meter, zero where the laxity is not positive.

    >>> round(exportable_kwh(4.0, 50.0, 11.0, 0.98, 11.0 * 0.98, NO_CURVE), 3)
    21.556
    """
    if laxity_h <= 0.0 or discharge_kw <= 0.0:
        return 0.0
    low, high = 0.0, laxity_h * discharge_kw
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        again_h = charging_h(energy_kwh - middle / discharge_eff, energy_kwh, full_kw, curve)
        if middle / discharge_kw + again_h > laxity_h:
            high = middle
        else:
            low = middle
    return low


@njit(internal=True)
def _mean_decay(exponent: float) -> float:
    """(exp(x) - 1) / x, 1 at zero."""
    return math.expm1(exponent) / exponent if exponent != 0.0 else 1.0


@njit(internal=True)
def _piece_h(width_kwh: float, kw: float, fall_per_h: float) -> float:
    """Hours through a piece that begins at some power and loses so much of it per kWh."""
    lost = fall_per_h * width_kwh / kw
    return width_kwh / kw * (-math.log1p(-lost) / lost if lost > 0.0 else 1.0)


@njit(internal=True)
def _piece_end_kwh(k: int, full_kw: float, curve: Floats) -> float:
    """Where piece k of 2 K + 1 ends.

    Piece 2 j lies before knot j, and ends with it or, the charger being the limit, where the
    charger stops to be; piece 2 j + 1 fills the rest to knot j. The last has no end.
    """
    j = k // 2
    if j >= curve.shape[1]:
        return np.inf
    if k % 2 == 1 or j == 0 or curve[1, j] >= full_kw:
        return curve[0, j]
    if curve[1, j - 1] <= full_kw:
        return curve[0, j - 1]
    share = (curve[1, j - 1] - full_kw) / (curve[1, j - 1] - curve[1, j])
    return curve[0, j - 1] + share * (curve[0, j] - curve[0, j - 1])


@njit(internal=True)
def _fall_in(k: int, full_kw: float, curve: Floats) -> float:
    """Power [kW] that is lost per stored kWh in piece k."""
    j = k // 2
    if k % 2 == 0 or j == 0 or curve[0, j] <= curve[0, j - 1]:
        return 0.0
    return (curve[1, j - 1] - curve[1, j]) / (curve[0, j] - curve[0, j - 1])


@njit(internal=True)
def _kw_in(k: int, energy_kwh: float, full_kw: float, curve: Floats) -> float:
    """Power at an energy of piece k."""
    j = k // 2
    if j >= curve.shape[1]:
        return min(full_kw, curve[1, curve.shape[1] - 1])
    if k % 2 == 0:
        return min(full_kw, curve[1, 0]) if j == 0 else full_kw
    return min(full_kw, curve[1, j] + _fall_in(k, full_kw, curve) * (curve[0, j] - energy_kwh))


@njit
def is_taper(curves: Floats) -> bool:
    """Whether (n, 2, K) knots are of curves that fall ever faster, from some energy on.

    >>> knots = np.array([[[40.0, 50.0], [10.0, 5.0]]])
    >>> is_taper(knots), is_taper(knots[:, :, ::-1].copy()), is_taper(-knots)
    (True, False, False)
    """
    for i in range(len(curves)):
        fall = 0.0
        for k in range(curves.shape[2]):
            if not (0.0 < curves[i, 1, k] < np.inf and abs(curves[i, 0, k]) < np.inf):
                return False
            if k == 0:
                continue
            width = curves[i, 0, k] - curves[i, 0, k - 1]
            lost = curves[i, 1, k - 1] - curves[i, 1, k]
            if width < 0.0 or lost < (fall - STEEPNESS) * width or (width == 0.0 and lost != 0.0):
                return False
            fall = lost / width if width > 0.0 else fall
    return True


def line_curves(
    capacity_kwh: Floats, own_kw: Floats, taper_soc: Floats, taper_share: Floats
) -> Floats:
    """(n, 2, 2) curves of cars at full power up to a state of charge, then on a line to the end.

    Args:
        capacity_kwh: (n,) of the battery.
        own_kw: (n,) largest power of the car, losses taken off.
        taper_soc: (n,) state of charge at which power begins to fall.
        taper_share: (n,) share of the power in a full battery.
    """
    curves = np.empty((len(capacity_kwh), 2, 2))
    curves[:, 0, 0], curves[:, 0, 1] = taper_soc * capacity_kwh, capacity_kwh
    curves[:, 1, 0], curves[:, 1, 1] = own_kw, taper_share * own_kw
    return curves


@dataclass(frozen=True)
class Charging:
    """How n EVs charge, asked by steps: the same for those who plan.

    Attributes:
        charge_kwh: (n,) most of a step at the meter, the taper apart.
        charge_eff: fraction of the metered energy that is stored.
        dt_h: hours per step.
        curves: (n, 2, K) of `stored_kw`; K is 0 where no car tapers.
    """

    charge_kwh: Floats
    charge_eff: float
    dt_h: float
    curves: Floats

    @property
    def by_curve(self) -> bool:
        """Whether some car charges more slowly at a high state of charge."""
        return self.curves.shape[2] > 0

    @property
    def full_kwh(self) -> Floats:
        """(n,) stored in a step, the taper apart."""
        full: Floats = self.charge_eff * self.charge_kwh
        return full

    @property
    def step_curves(self) -> Floats | None:
        """(n, 2, K) as planners take them: stored kWh, and most stored in a step; None without."""
        return self.curves * np.array([[1.0], [self.dt_h]]) if self.by_curve else None

    def take(self, rows: Ints | Bools) -> Charging:
        """Of some of the EVs."""
        return Charging(self.charge_kwh[rows], self.charge_eff, self.dt_h, self.curves[rows])

    def gain_kwh(self, energy_kwh: Floats, steps: Floats | Ints) -> Floats:
        """(n,) stored in so many steps at full power, from (n,) stored energies on."""
        if not self.by_curve:
            return self.full_kwh * steps
        return _gains_kwh(*self._given(energy_kwh, steps))

    def gain_before_kwh(self, target_kwh: Floats, steps: Floats | Ints) -> Floats:
        """(n,) stored in the last so many steps at full power before (n,) targets are reached."""
        if not self.by_curve:
            return self.full_kwh * steps
        return _gains_before_kwh(*self._given(target_kwh, steps))

    def _given(self, energy_kwh: Floats, steps: Floats | Ints) -> tuple[Floats, ...]:
        """Energies, hours, powers and curves in the one form that the kernels are compiled for."""
        hours = np.empty(energy_kwh.shape)
        hours[:] = np.multiply(steps, self.dt_h)
        full_kw = np.array(self.full_kwh / self.dt_h, dtype=np.float64)
        energies = np.array(energy_kwh, dtype=np.float64, order="C")
        return energies, hours, full_kw, np.array(self.curves, dtype=np.float64, order="C")

    def rise_lines(self, n_lines: int = 12) -> Floats:
        """(n, n_lines + 1, 2) offset [kWh] and slope of lines over the energy before a step.

        The gain of a step at full power is concave in the energy at its beginning, up to a full
        battery. The lines are its chords from where it begins to fall, and the level before
        that: what lies below all of them, and within the battery, can be stored.
        """
        curves, n = self.curves, len(self.charge_kwh)
        full_kw = self.full_kwh / self.dt_h
        falls = [
            np.interp(kw, curve[1, ::-1], curve[0, ::-1])
            for kw, curve in zip(full_kw, curves, strict=True)
        ]
        ends = np.append(np.array(falls, dtype=np.float64), curves[:, 0, -1])
        each_end = self.take(np.tile(np.arange(n), 2))
        first, last = (ends - each_end.gain_before_kwh(ends, np.ones(2 * n))).reshape(2, n, 1)
        knots = first + np.arange(n_lines + 1) / n_lines * (last - first)
        each_knot = self.take(np.repeat(np.arange(n), n_lines + 1))
        gains = each_knot.gain_kwh(knots.ravel(), np.ones(knots.size)).reshape(knots.shape)
        slope = np.diff(gains, axis=1) / np.maximum(np.diff(knots, axis=1), STEEPNESS)
        chords = np.stack([gains[:, :-1] - slope * knots[:, :-1], slope], axis=2)
        level = np.stack([gains[:, :1], np.zeros((n, 1))], axis=2)
        return np.concatenate([level, chords], axis=1)

    def metered_kwh(self, energy_kwh: Floats, horizon: int) -> Floats:
        """(n, horizon + 1) charged at the meter in 0, 1, .. steps at full power."""
        if not self.by_curve:
            full: Floats = np.arange(horizon + 1) * self.charge_kwh[:, None]
            return full
        first = np.zeros(len(self.charge_kwh), np.int64)
        stored_kwh = self.reaches_kwh(energy_kwh, first, horizon + 1) - energy_kwh[:, None]
        return stored_kwh / self.charge_eff

    def reaches_kwh(self, energy_kwh: Floats, first: Ints, horizon: int) -> Floats:
        """(n, horizon) stored after `first` steps at full power, after one more, and so on."""
        if self.by_curve:
            return _reaches_kwh(self.dt_h, horizon, *self._given(energy_kwh, first))
        steps = first[:, None] + np.arange(horizon)
        reach: Floats = energy_kwh[:, None] + self.full_kwh[:, None] * steps
        return reach


@njit(allocates=True)
def _gains_kwh(energy_kwh: Floats, hours: Floats, full_kw: Floats, curves: Floats) -> Floats:
    """`gain_kwh` of each."""
    gain = np.empty(len(curves))
    for i in range(len(curves)):
        gain[i] = gain_kwh(energy_kwh[i], hours[i], full_kw[i], curves[i])
    return gain


@njit(allocates=True)
def _reaches_kwh(
    dt_h: float,
    horizon: int,
    energy_kwh: Floats,
    hours: Floats,
    full_kw: Floats,
    curves: Floats,
) -> Floats:
    """Stored after so many hours, and after each step behind them."""
    reach = np.empty((len(curves), horizon))
    for i in range(len(curves)):
        for k in range(horizon):
            later_h = hours[i] + k * dt_h
            gained_kwh = gain_kwh(energy_kwh[i], later_h, full_kw[i], curves[i])
            reach[i, k] = energy_kwh[i] + gained_kwh
    return reach


@njit(allocates=True)
def _gains_before_kwh(target_kwh: Floats, hours: Floats, full_kw: Floats, curves: Floats) -> Floats:
    """`gain_before_kwh` of each."""
    gain = np.empty(len(curves))
    for i in range(len(curves)):
        gain[i] = gain_before_kwh(target_kwh[i], hours[i], full_kw[i], curves[i])
    return gain
