"""The default source: synthetic Dutch years, seeded, calibrated on real data."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from vpp_gym.arrays import Dates, Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import (
    DEFAULT_CALIBRATION,
    Calibration,
    QuarterImbalance,
    calibration_named,
    fitted_on,
)
from vpp_gym.scenarios.columns import price_series, whole
from vpp_gym.scenarios.repeat_drivers import with_drivers
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import SPLITS, BuiltSource
from vpp_gym.scenarios.synthetic_params import SyntheticParams, as_synthetic_params
from vpp_gym.scenarios.synthetic_prices import (
    draw_day_ahead,
    draw_hourly_prices,
    draw_quarter_scatter,
    draw_two_prices,
)
from vpp_gym.scenarios.synthetic_quarters import PER_HOUR, draw_quarter_imbalance
from vpp_gym.scenarios.synthetic_regime import (
    day_ahead_spikes,
    imbalance_spikes,
    in_regime,
    renewable_dips,
)
from vpp_gym.scenarios.synthetic_sessions import draw_sessions, with_models
from vpp_gym.time_steps import step_minutes

START = np.datetime64("2019-01-01", "m")
N_SCENARIOS = {"train": 32, "validation": 8, "test": 24}
"""Of the test years, the benchmark runs the first twelve; the others check what it found."""
QUARTER_MIN = 15
_PRICES, _SESSIONS, _QUARTERS, _WEATHER, _SPIKES, _DEMANDS, _CARS, _DRIVERS = range(8)


class SyntheticSource(BuiltSource[Scenario]):
    """One synthetic Dutch year per index.

    The calendar is that of 2019, on a clock without summer time. Prices follow the Dutch
    day-ahead and imbalance markets of 2018, those within the hour of October to December
    2018: the prices of 2019 are as new to a year as to whoever is trained in it. Arrivals,
    stays and demands follow Dutch public charging of 2019, since no sessions of 2018 are
    known. Nothing links arrivals to prices. In 8 % of the hours two imbalance prices apply
    (regulation state 2): their share and spread are assumptions, all else is measured.
    `vpp_gym.scenarios.fit` reports how close a year comes.

    The prices of a year do not depend on the sessions, its day-ahead prices not on `dt_h`,
    and an hour's imbalance price is the mean of its four quarters.

    Args:
        split: "train", "validation" or "test"; no two share a random stream.
        n_scenarios: how many years; by default 32, 8 and 24.
        dt_h: hours per step, 0.25 or 1.0; prices of half an hour are means of two quarters, and
            in a step of 5 minutes the price of its quarter holds.
        sessions_per_day: mean number of arrivals, 0 to 100,000; 27.4 unless `params` say
            otherwise.
        days: length of each scenario, from 1 January.
        seed: of the whole family of years.
        params: how the years differ from the calibrated ones: more renewables, a price
            crisis, other chargers or demands. A `SyntheticParams`, a mapping of its
            fields or the name of a preset. Equal seeds draw the same weather and drivers
            in each.
        calibration: "dutch_2018", or "dutch_2018_2019" of earlier versions: prices of both
            years by the hour, and quarters scattered around each.

    Raises:
        InvalidInputError: naming the field, the value and the remedy.
    """

    def __init__(
        self,
        split: str = "train",
        n_scenarios: int | None = None,
        *,
        dt_h: float = 0.25,
        sessions_per_day: float | None = None,
        days: int = 365,
        seed: int = 0,
        params: SyntheticParams | Mapping[str, Any] | str | None = None,
        calibration: str = DEFAULT_CALIBRATION,
    ) -> None:
        if split not in SPLITS:
            raise InvalidInputError("split", split, f"use one of {', '.join(SPLITS)}")
        changes = {} if sessions_per_day is None else {"sessions_per_day": sessions_per_day}
        self.params = as_synthetic_params(params, **changes)
        n_scenarios = N_SCENARIOS[split] if n_scenarios is None else n_scenarios
        self._changed = self.params.model_dump(include=set(self.params.changed_sections))
        self.fitted_on = fitted_on(calibration)
        self.calibration = calibration
        other = "" if calibration == DEFAULT_CALIBRATION else f"+{calibration}"
        name = f"synthetic:{split}{self.params.label}{other}"
        super().__init__(name=name, dt_h=dt_h, n_scenarios=n_scenarios)
        self.split = split
        self.days = whole("days", days, least=1)
        self.seed = whole("seed", seed, least=0)

    def rng(self, index: int, stream: int) -> np.random.Generator:
        """Generator of one stream of one year; equal arguments give equal draws."""
        key = (SPLITS.index(self.split), index, stream)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    @property
    def sessions_per_day(self) -> float:
        """Mean number of arrivals."""
        return self.params.sessions_per_day

    @property
    def fitted(self) -> Calibration:
        """The calibration in the regime of the source's parameters."""
        return in_regime(calibration_named(self.calibration), self.params)

    @property
    def dates(self) -> Dates:
        """(days,) of every year."""
        return START.astype("datetime64[D]") + np.arange(self.days)

    def day_ahead_parts(self, index: int) -> tuple[Floats, Floats]:
        """(hours,) EUR/kWh each: calibrated day-ahead price, and what is added to it.

        Weather and spikes of the source's parameters are added, to both prices alike.
        """
        da = draw_day_ahead(self.rng(index, _PRICES), self.fitted, self.dates)
        return da, self._added_prices(index, self.dates)[0]

    def _build(self, index: int) -> Scenario:
        fitted, dates = self.fitted, self.dates
        da, im, spread = self._prices(index, fitted, dates)
        sessions = draw_sessions(
            self.rng(index, _SESSIONS),
            fitted,
            dates,
            sessions_per_day=self.sessions_per_day,
            dt_h=self.dt_h,
            mix=self.params.site,
            metered_rng=self.rng(index, _DEMANDS) if self.params.demand == "metered" else None,
        )
        if self.params.cars.models:
            sessions = with_models(
                self.rng(index, _CARS), sessions, self.params.cars, dt_h=self.dt_h
            )
        if self.params.drivers.known:
            sessions = with_drivers(
                self.rng(index, _DRIVERS), sessions, self.params.drivers, dt_h=self.dt_h
            )
        return Scenario(  # sessions and clock are right as they were drawn
            da_eur_per_kwh=price_series("da_eur_per_kwh", da),
            im_short_eur_per_kwh=price_series("im_short_eur_per_kwh", im + spread / 2),
            im_long_eur_per_kwh=price_series("im_long_eur_per_kwh", im - spread / 2),
            sessions=sessions,
            start=START,
            dt_h=self.dt_h,
            name=f"{self.name}:{index}",
            notes=self._notes(index),
        )

    def _prices(self, index: int, fitted: Calibration, dates: Dates) -> tuple[Floats, ...]:
        """(T,) EUR/kWh each: day-ahead, mean imbalance price, and short less long."""
        added_da, added_im = self._added_prices(index, dates)
        if isinstance(fitted.imbalance, QuarterImbalance):
            da, im, spread = self._price_by_quarters(index, fitted, dates)
            if self.dt_h == 1.0:
                return da + added_da, im.reshape(-1, PER_HOUR).mean(axis=1) + added_im, spread
            da, added_im, spread = (
                np.repeat(one, PER_HOUR) for one in (da + added_da, added_im, spread)
            )
            return self._on_steps(da, im + added_im, spread)
        da, im, spread = draw_hourly_prices(self.rng(index, _PRICES), fitted, dates)
        if self.dt_h == 1.0:
            return da + added_da, im + added_im, spread
        scatter = draw_quarter_scatter(self.rng(index, _QUARTERS), fitted, im)
        da, im, spread = (np.repeat(one, 4) for one in (da + added_da, im + added_im, spread))
        return self._on_steps(da, im + scatter, spread)

    def _on_steps(self, *by_quarter: Floats) -> tuple[Floats, ...]:
        """Prices of the steps: means of quarters in longer ones, repeated in shorter ones."""
        minutes = step_minutes(self.dt_h)
        if minutes == QUARTER_MIN:
            return by_quarter
        if minutes > QUARTER_MIN:
            per_step = minutes // QUARTER_MIN
            return tuple(one.reshape(-1, per_step).mean(axis=1) for one in by_quarter)
        return tuple(np.repeat(one, QUARTER_MIN // minutes) for one in by_quarter)

    def _price_by_quarters(
        self, index: int, fitted: Calibration, dates: Dates
    ) -> tuple[Floats, Floats, Floats]:
        """EUR/kWh: (hours,) day-ahead, (4 * hours,) mean imbalance, (hours,) short less long."""
        rng = self.rng(index, _PRICES)
        da = draw_day_ahead(rng, fitted, dates)
        spread = draw_two_prices(rng, fitted, len(da))
        return da, draw_quarter_imbalance(self.rng(index, _QUARTERS), fitted, dates, da), spread

    def _added_prices(self, index: int, dates: Dates) -> tuple[Floats, Floats]:
        """(hours,) EUR/kWh each that weather and spikes add to the two prices."""
        da, im = np.zeros((2, 24 * len(dates)))
        if "price" in self._changed:
            spikes = self.rng(index, _SPIKES)
            da += day_ahead_spikes(spikes, self.params.price, dates)
            im += imbalance_spikes(spikes, self.params.price, dates)
        if "renewables" in self._changed:
            da -= renewable_dips(self.rng(index, _WEATHER), self.params.renewables, dates)
        return da, da + im

    def _notes(self, index: int) -> dict[str, Any]:
        notes = {
            "source": f"synthetic, {self.calibration}.json",
            **{f"{what}_fitted_on": on for what, on in self.fitted_on.items()},
            "seed": self.seed,
            "index": index,
        }
        return notes | ({"changed": deepcopy(self._changed)} if self._changed else {})
