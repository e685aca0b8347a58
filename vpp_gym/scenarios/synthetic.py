"""The default source: synthetic Dutch years, seeded, calibrated on real data."""

from __future__ import annotations

import math

import numpy as np

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import dutch_2019
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import SPLITS, BuiltSource
from vpp_gym.scenarios.synthetic_prices import draw_hourly_prices, draw_quarter_scatter
from vpp_gym.scenarios.synthetic_sessions import draw_sessions

START = np.datetime64("2019-01-01")
N_SCENARIOS = {"train": 32, "validation": 4, "test": 1}
_PRICES, _SESSIONS, _QUARTERS = range(3)


class SyntheticSource(BuiltSource):
    """One synthetic Dutch year per index.

    The calendar is that of 2019, on a clock without summer time. Arrivals,
    stays and demands follow Dutch public charging, prices the Dutch day-ahead
    and imbalance markets of 2018 and 2019. Nothing links arrivals to prices. In
    8 % of the hours two imbalance prices apply (regulation state 2): their share
    and spread are assumptions, all else is measured. `vpp_gym.scenarios.fit`
    reports how close a year comes. The sessions and most of the price statistics
    are those of 2019, the year of "real:test": an agent trained here has seen its
    averages, though none of its hours.

    The prices of a year do not depend on the sessions, and an hour's imbalance
    price is the mean of its four quarters at dt_h=0.25.

    Args:
        split: "train", "validation" or "test"; no two share a random stream.
        n_scenarios: how many years; by default 32, 4 and 1.
        dt_h: hours per step, 1.0 or 0.25.
        sessions_per_day: mean number of arrivals.
        days: length of each scenario, from 1 January.
        seed: of the whole family of years.
    """

    def __init__(
        self,
        split: str = "train",
        n_scenarios: int | None = None,
        *,
        dt_h: float = 1.0,
        sessions_per_day: float = 27.4,
        days: int = 365,
        seed: int = 0,
    ) -> None:
        if split not in SPLITS:
            raise InvalidInputError("split", split, f"use one of {', '.join(SPLITS)}")
        if not (math.isfinite(sessions_per_day) and sessions_per_day >= 0):
            raise InvalidInputError("sessions_per_day", sessions_per_day, "give 0 or more")
        n_scenarios = N_SCENARIOS[split] if n_scenarios is None else n_scenarios
        super().__init__(name=f"synthetic:{split}", dt_h=dt_h, n_scenarios=n_scenarios)
        self.split = split
        self.sessions_per_day = float(sessions_per_day)
        self.days = whole("days", days, least=1)
        self.seed = whole("seed", seed, least=0)

    def rng(self, index: int, stream: int) -> np.random.Generator:
        """Generator of one stream of one year; equal arguments give equal draws."""
        key = (SPLITS.index(self.split), index, stream)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _build(self, index: int) -> Scenario:
        fitted = dutch_2019()
        dates = START + np.arange(self.days)
        da, im, spread = draw_hourly_prices(self.rng(index, _PRICES), fitted, dates)
        if self.dt_h != 1.0:
            scatter = draw_quarter_scatter(self.rng(index, _QUARTERS), fitted, im)
            da, spread = np.repeat(da, 4), np.repeat(spread, 4)
            im = np.repeat(im, 4) + scatter
        sessions = draw_sessions(
            self.rng(index, _SESSIONS),
            fitted,
            dates,
            sessions_per_day=self.sessions_per_day,
            dt_h=self.dt_h,
        )
        return Scenario.from_arrays(
            da_eur_per_kwh=da,
            im_short_eur_per_kwh=im + spread / 2,
            im_long_eur_per_kwh=im - spread / 2,
            sessions=sessions,
            start=START,
            dt_h=self.dt_h,
            name=f"{self.name}:{index}",
            notes={"source": "synthetic, dutch_2019.json", "seed": self.seed, "index": index},
        )
