"""Bid schedules written beforehand: the paper's, and ones drawn by its recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.reproduction.rahman2023.case import DAYS, HOURS, CaseStudy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Snapshot

POWER_KW = 11.0
PRICE_SD = 0.1
N_SAMPLES = 100

SAMPLED_EVS_PER_DAY = 10.7
"""EVs in the paper's sampled fleets, as its bids show; 25 really came."""

FLEXIBLE_EVS_PER_DAY = 11.5
"""They are drawn from so many sessions with the longest laxity: fitted to the mean size
of the paper's bids, 25.7 kWh an hour (10.2 kWh for the baselines)."""


class DatedSchedules:
    """Bids looked up by date. Privileged: they were written knowing the prices.

    Args:
        schedules_kwh: (days, 24) sold.
        first_date: of the first schedule.
        name: label in results.
    """

    privileged = True

    def __init__(self, schedules_kwh: Floats, *, first_date: str, name: str) -> None:
        self.schedules_kwh, self.name = schedules_kwh, name
        self._first = np.datetime64(first_date, "D")

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Nothing to learn: the schedules know the future already."""

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """(24,) kWh sold at the gate, else None; nothing beyond the last schedule."""
        if not snapshot.is_gate:
            return None, state
        tomorrow = snapshot.time.astype("datetime64[D]") + np.timedelta64(1, "D")
        day = int((tomorrow - self._first).astype(np.int64))
        if day < 0:
            raise InvalidInputError("scenario", str(snapshot.time), f"begin at {self._first} - 1")
        known = day < len(self.schedules_kwh)
        return (self.schedules_kwh[day] if known else np.zeros(HOURS)), state


def drawn_schedules_kwh(case: CaseStudy, *, sells: bool, seed: int) -> Floats:
    """Bids by the paper's recipe: the mean of the optima of 100 samples a day.

    Under one imbalance price the optimum of a sample is a bet of full power: every EV
    sells where the sampled day-ahead price is above the sampled imbalance price, and buys
    where it is below. Prices are drawn around tomorrow's, with a standard deviation of
    10 %, and cut at zero.

    The paper's bids show 10.7 EVs a day, connected for longer than most, that have
    nothing to do with the cars of that day. Here they are drawn from the sessions of
    the year that have the longest laxity, which fits the bids' size and their course
    over the day; where the paper's EVs came from is not known.

    Args:
        case: the data.
        sells: False for the baselines, which may only buy.
        seed: of all draws.

    Returns:
        (365, 24) kWh sold.

    Source: Rahman et al. 2023, Sec. 5-6.
    """
    rng = np.random.default_rng(seed)
    year = slice(HOURS, None)
    prices = (case.prices.da_eur_per_kwh[year], case.prices.im_eur_per_kwh[year])
    shape = (N_SAMPLES, len(prices[0]))
    da, im = (
        np.maximum(price, 0) * np.maximum(1 + PRICE_SD * rng.standard_normal(shape), 0)
        for price in prices
    )
    share = (da > im).mean(axis=0) * sells - (da < im).mean(axis=0)
    return POWER_KW * share.reshape(-1, HOURS) * _sampled_fleet(case.cut, rng)


def _sampled_fleet(sessions: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """(365, 24) EVs connected, on days that have nothing to do with the real ones."""
    stay_h = (sessions["departure_step"] - sessions["arrival_step"]).to_numpy()
    charging_h = (1 - sessions["arrival_soc"].to_numpy()) * 80 / (POWER_KW * 0.98)
    longest = np.argsort(charging_h - stay_h, kind="stable")
    flexible = longest[: round(FLEXIBLE_EVS_PER_DAY * DAYS)]
    hour = sessions["arrival_step"].to_numpy() % HOURS
    drawn = rng.choice(flexible, size=rng.poisson(SAMPLED_EVS_PER_DAY * DAYS))
    day = rng.integers(DAYS, size=len(drawn))
    change = np.zeros((DAYS, HOURS + 1))
    np.add.at(change, (day, hour[drawn]), 1)
    np.add.at(change, (day, hour[drawn] + stay_h[drawn]), -1)
    return np.cumsum(change, axis=1)[:, :HOURS]
