"""What the next imbalance prices of a synthetic year are expected to be, exactly.

The score of a past quarter is read from its price, since tables of quantiles rise strictly. A
Kalman filter then gives the law of the next score, a normal one, and the expectation of the
table, a line between any two of its points, has a closed form.

Such an expectation is what a penalty for knowing the future is made of: with it, the best plan in
hindsight bounds every policy that does not know the future.

Sources: Kalman 1960, doi:10.1115/1.3662552. Brown, Smith, Sun 2010, Information Relaxations and
Duality in Stochastic Dynamic Programs, doi:10.1287/opre.1090.0796.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Bools, Dates, Floats, Ints, read_only
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import Calibration, QuarterImbalance
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.normal_tables import (
    expected_clipped,
    expected_two_prices,
    expected_values,
    scores_of_values,
)
from vpp_gym.scenarios.quantiles import class_of
from vpp_gym.scenarios.score_filter import ScoreFilter
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_quarters import (
    PER_DAY,
    PER_HOUR,
    expected_im,
    quarters_of,
    ramp_of,
    scale_of,
    season_level,
)

DT_H = 0.25


@dataclass(frozen=True)
class PriceExpectations:
    """Expected imbalance prices of each quarter of a year, EUR/kWh.

    All are conditional on the day-ahead prices of the whole year.

    Attributes:
        next_im_eur_per_kwh: (T,) mean of short and long price, given all steps before.
        next_reference_eur_per_kwh: (T,) of the day-ahead price clipped between long and
            short price (`vpp_gym.markets.settlement.reference_price`), given all steps
            before. In hours with two prices the spread is known once the first quarter is.
        gate_im_eur_per_kwh: (T,) mean of short and long price, given the steps settled
            before the gate of the day before. On the first day nothing is known.
        gate_reference_eur_per_kwh: (T,) of the day-ahead price clipped between long and short
            price, given the same.
    """

    next_im_eur_per_kwh: Floats
    next_reference_eur_per_kwh: Floats
    gate_im_eur_per_kwh: Floats
    gate_reference_eur_per_kwh: Floats


def price_expectations(
    source: SyntheticSource, index: int, gate_closure_h: int = 12
) -> PriceExpectations:
    """Expected imbalance prices of one year of a source.

    Where the source's parameters add weather or spikes to the day-ahead price, it is known
    how much: a little more than its price tells, so that bounds stay bounds.

    Args:
        source: at quarter hours, calibrated by quarters, without spikes of the imbalance.
        index: of the year.
        gate_closure_h: hour of the day at which bids for the next day are due, 0 to 23.

    Raises:
        InvalidInputError: another time step or calibration, or spikes of the imbalance price:
            their expectation has no closed form.
    """
    gate_h = whole("gate_closure_h", gate_closure_h, least=0)
    if gate_h > 23:
        raise InvalidInputError("gate_closure_h", gate_closure_h, "use an hour from 0 to 23")
    law, year = price_law(source, index), source.scenario(index)
    spread = year.im_short_eur_per_kwh - year.im_long_eur_per_kwh
    return PriceExpectations(
        next_im_eur_per_kwh=law.next_im(),
        next_reference_eur_per_kwh=law.next_reference(year.da_eur_per_kwh, spread),
        gate_im_eur_per_kwh=law.gate_im(gate_h),
        gate_reference_eur_per_kwh=law.gate_reference(year.da_eur_per_kwh, gate_h),
    )


def price_law(source: SyntheticSource, index: int) -> PriceLaw:
    """The law of the imbalance prices of one year, with what its past tells.

    Raises:
        InvalidInputError: as of `price_expectations`.
    """
    if source.dt_h != DT_H:
        raise InvalidInputError("dt_h", source.dt_h, "use a source at quarter hours, dt_h=0.25")
    fitted, prices = source.fitted, source.params.price
    if not isinstance(fitted.imbalance, QuarterImbalance):
        raise InvalidInputError("calibration", source.calibration, "use dutch_2018")
    if prices.im_spikes_per_year > 0:
        remedy = "expectations are exact without spikes of the imbalance price: use 0"
        raise InvalidInputError("price.im_spikes_per_year", prices.im_spikes_per_year, remedy)
    if prices.im_volatility_factor == 0:
        raise InvalidInputError("price.im_volatility_factor", 0, "use a factor above 0")
    year = source.scenario(index)
    da, added = source.day_ahead_parts(index)
    im = (year.im_short_eur_per_kwh + year.im_long_eur_per_kwh) / 2
    return PriceLaw(fitted, source.dates, da, im, added)


class PriceLaw:
    """Law of the imbalance prices of a year, and what their past tells of the next ones.

    Args:
        fitted: calibration by quarters, in the regime of the year.
        dates: (days,) of the year.
        da_eur_per_kwh: (hours,) calibrated day-ahead price.
        im_eur_per_kwh: (T,) mean of short and long price of the quarters.
        added_eur_per_kwh: (hours,) what weather and spikes add to both prices.
    """

    def __init__(
        self,
        fitted: Calibration,
        dates: Dates,
        da_eur_per_kwh: Floats,
        im_eur_per_kwh: Floats,
        added_eur_per_kwh: Floats,
    ) -> None:
        law = quarters_of(fitted)
        self.fitted, self.law, self.n_steps = fitted, law, PER_DAY * len(dates)
        self._season = season_level(fitted.season_eur_per_kwh, dates).repeat(PER_HOUR)
        self._spread = expected_im(law, dates, np.zeros(len(da_eur_per_kwh)))
        self._ramp, self._scale = ramp_of(law, len(dates)), scale_of(law, len(dates))
        da = da_eur_per_kwh.repeat(PER_HOUR)
        self._row = self._classes(da, self._season)
        self._base = da + added_eur_per_kwh.repeat(PER_HOUR) + self._spread
        scaled = (im_eur_per_kwh - self._base) / self._scale
        score = scores_of_values(law.im_scores, law.im_quantiles, self._row, scaled)
        self.scores = read_only(score)
        """(T,) normal scores of the quarters, read from their prices."""
        self._filter = ScoreFilter(law.im_processes, score - self._ramp)

    def expectations_from(self, step: int, n: int, da_eur_per_kwh: Floats | None = None) -> Floats:
        """Expected mean of short and long price of the next steps, given the steps before.

        Args:
            step: the first one that is not known, 0 .. T - 1.
            n: how many are wanted.
            da_eur_per_kwh: (n,) day-ahead prices that are believed; None for the year's own,
                whether they are known by then or not.

        Returns:
            (n,) EUR/kWh; fewer at the end of the year.
        """
        if not 0 <= step < self.n_steps:
            raise InvalidInputError("step", step, f"use 0 to {self.n_steps - 1}")
        part = slice(step, min(step + n, self.n_steps))
        mean, variance = self._filter.ahead(step, part.stop - step)
        row, base = self._row[part], self._base[part]
        if da_eur_per_kwh is not None:
            believed = da_eur_per_kwh[: part.stop - step]
            row = self._classes(believed, self._season[part])
            base = believed + self._spread[part]
        return self._expected(part, row, base, self._ramp[part] + mean, variance)

    def next_im(self) -> Floats:
        """(T,) EUR/kWh, mean of short and long price, given all steps before."""
        mean, variance = self._filter.next_scores()
        return self._expected(slice(None), self._row, self._base, self._ramp + mean, variance)

    def next_reference(self, da_eur_per_kwh: Floats, spread_eur_per_kwh: Floats) -> Floats:
        """Day-ahead price clipped between long and short price, given all steps before.

        Args:
            da_eur_per_kwh: (T,) of the year.
            spread_eur_per_kwh: (T,) short less long price, the same in all quarters of an hour.

        Returns:
            (T,) EUR/kWh.
        """
        mean, variance = self._filter.next_scores()
        score, sd = self._ramp + mean, np.sqrt(variance)
        first = np.arange(self.n_steps) % PER_HOUR == 0
        expected = np.empty(self.n_steps)

        def part(mask: Bools) -> tuple[Floats, Floats, Ints, Floats, Floats, Floats, Floats]:
            return (
                self.law.im_scores,
                self.law.im_quantiles,
                self._row[mask],
                (self._base - da_eur_per_kwh)[mask],
                self._scale[mask],
                score[mask],
                sd[mask],
            )

        share, mean_spread = self.fitted.dual_share, self.fitted.dual_spread_eur_per_kwh
        expected[first] = expected_two_prices(*part(first), share, mean_spread)
        expected[~first] = expected_clipped(*part(~first), spread_eur_per_kwh[~first])
        return da_eur_per_kwh + expected

    def gate_im(self, gate_closure_h: int) -> Floats:
        """(T,) EUR/kWh, mean of short and long price, given what is settled at the gate before."""
        mean, variance = self._filter.at_gate(PER_HOUR * gate_closure_h, PER_DAY)
        return self._expected(slice(None), self._row, self._base, self._ramp + mean, variance)

    def gate_reference(self, da_eur_per_kwh: Floats, gate_closure_h: int) -> Floats:
        """Day-ahead price clipped between long and short price, given what the gate knows.

        No hour of the next day is known by then to have two prices.

        Args:
            da_eur_per_kwh: (T,) of the year.
            gate_closure_h: hour of the day before.

        Returns:
            (T,) EUR/kWh.
        """
        mean, variance = self._filter.at_gate(PER_HOUR * gate_closure_h, PER_DAY)
        return da_eur_per_kwh + expected_two_prices(
            self.law.im_scores,
            self.law.im_quantiles,
            self._row,
            self._base - da_eur_per_kwh,
            self._scale,
            self._ramp + mean,
            np.sqrt(variance),
            self.fitted.dual_share,
            self.fitted.dual_spread_eur_per_kwh,
        )

    def _classes(self, da: Floats, season: Floats) -> Ints:
        return class_of(self.law.da_edges_eur_per_kwh, da - season)

    def _expected(
        self, part: slice, row: Ints, base: Floats, mean: Floats, variance: Floats
    ) -> Floats:
        table = self.law.im_quantiles
        values = expected_values(self.law.im_scores, table, row, mean, np.sqrt(variance))
        return base + self._scale[part] * values
