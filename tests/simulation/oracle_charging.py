"""What a car can still charge, in plain Python: full power over a curve of knots, by halving."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Pace:
    """How fast a car charges.

    Attributes:
        full_kw: stored per hour at the power of car and charger.
        knots: stored kWh, and stored kW that the battery takes there, in rising order of energy.
    """

    full_kw: float
    knots: Sequence[tuple[float, float]] = ()

    def power_kw(self, stored_kwh: float) -> float:
        """At which the stored energy can rise."""
        if not self.knots:
            return self.full_kw
        low, power = self.knots[0]
        for high, less in self.knots:
            if stored_kwh < high:
                share = max(stored_kwh - low, 0.0) / (high - low) if high > low else 0.0
                return min(self.full_kw, power + share * (less - power))
            low, power = high, less
        return min(self.full_kw, power)

    def hours(self, start_kwh: float, end_kwh: float) -> float:
        """At full power: power is linear in the energy between its bends."""
        if end_kwh < start_kwh:
            return -self.hours(end_kwh, start_kwh)
        bends = [energy for energy, _ in self.knots]
        for (low, more), (high, less) in itertools.pairwise(self.knots):
            if less < self.full_kw < more:
                bends.append(low + (more - self.full_kw) / (more - less) * (high - low))
        inside = [bend for bend in sorted(bends) if start_kwh < bend < end_kwh]
        hours = 0.0
        for low, high in itertools.pairwise([start_kwh, *inside, end_kwh]):
            first, last = self.power_kw(low), self.power_kw(high)
            lost = first - last
            mean_kw = lost / math.log(first / last) if lost > 1e-9 * first else (first + last) / 2
            hours += (high - low) / mean_kw
        return hours

    def after(self, start_kwh: float, hours: float) -> float:
        """Stored after so many hours at full power."""
        return start_kwh + self._gained_kwh(start_kwh, hours, 1.0)

    def before(self, end_kwh: float, hours: float) -> float:
        """Stored so many hours of full power before."""
        return end_kwh - self._gained_kwh(end_kwh, hours, -1.0)

    def _gained_kwh(self, at_kwh: float, hours: float, sign: float) -> float:
        if not self.knots:
            return self.full_kw * hours
        knots = tuple((float(energy), float(power)) for energy, power in self.knots)
        return _gained_kwh(float(self.full_kw), knots, float(at_kwh), float(hours), sign)


@lru_cache(maxsize=100_000)
def _gained_kwh(
    full_kw: float, knots: tuple[tuple[float, float], ...], at_kwh: float, hours: float, sign: float
) -> float:
    """By halving, until there is nothing between the two ends."""
    pace = Pace(full_kw, knots)
    low, high = 0.0, full_kw * hours
    while low < (middle := (low + high) / 2) < high:
        if pace.hours(*sorted((at_kwh, at_kwh + sign * middle))) > hours:
            high = middle
        else:
            low = middle
    return low
