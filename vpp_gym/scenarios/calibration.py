"""The fitted numbers behind the synthetic source, read from a file beside this module.

`benchmarks/calibrate_synthetic.py` writes that file from real data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats

DAY_TYPES = 3


@dataclass(frozen=True, eq=False)  # compared by identity, as a key of caches
class Calibration:
    """Parameters of Dutch public charging and prices.

    Day types are 0 workday, 1 Saturday, 2 Sunday. A table of quantiles holds the
    values at `levels` (probabilities) or at `scores` (standard normal).

    Attributes:
        month_factor: (12,) arrivals relative to the year's mean.
        weekday_factor: (7,) arrivals relative to the week's mean, Monday first.
        hour_share: (3, 24) share of the day's arrivals, by day type.
        day_dispersion: variance of the day's Gamma factor (its mean is 1).
        stay_group: (3, 24) row of `stay_h` for an arrival hour.
        levels: (k,) probabilities of the session tables.
        stay_h: (groups, k) quantiles of the stay.
        stay_edges_h: (b - 1,) inner edges of the stay classes.
        period: (24,) period of the day of an arrival hour.
        full_share: (periods, b) share of cars that charge as long as they stay.
        charge_h: (periods, b, k) quantiles of the charge time of the others.
        load_stay_edges_h: (b - 1,) inner edges of the stay classes of the next two.
        power_kw: (b, k) quantiles of the largest power of a session.
        power_edges_kw: (a - 1,) inner edges of classes of it.
        load_factor: (a, b, k) quantiles of metered energy / (largest power * stay).
        season_eur_per_kwh: (4, 24) waves of the year in the DA price of each hour, see
            `vpp_gym.scenarios.synthetic_prices.waves`: level, and how the day's shape moves.
        shape_eur_per_kwh: (3, 24) mean DA price by day type and hour.
        da_scale_eur_per_kwh: (24,) standard deviation around both.
        scores: (m,) standard normal scores of the price tables.
        da_quantiles: (m,) of the scaled DA deviation, such that the price itself has the
            distribution of the recorded one.
        da_memory: (c, 3) weight, decay per hour and period in hours (0: none) of
            the processes that add up to the normal score of the DA deviation.
        im_shape_eur_per_kwh: (24,) mean of IM - DA by hour.
        im_season_eur_per_kwh: (4, 24) waves of the year in it.
        im_scale_eur_per_kwh: (24,) standard deviation of IM - DA around both by hour.
        da_edges_eur_per_kwh: (d - 1,) inner edges of DA classes.
        im_quantiles: (d, m) of the scaled IM - DA in each DA class.
        im_memory: (c, 3) as `da_memory`, for IM - DA.
        scatter_edges_eur_per_kwh: (e - 1,) inner edges of classes of an hour's IM price.
        scatter_eur_per_kwh: (e, k) quantiles of the standard deviation of its four
            quarters, by that class.
        size_parts: (2,) probabilities that part those into small, middle and large.
        scatter_profile: (f, 4) rising prices of four quarters, mean 0, variance 1.
        scatter_profile_share: (e, 3, f) how often, by class and part.
        scatter_order_share: (24, 24) how often the quarters of an hour come in each
            order of `vpp_gym.scenarios.synthetic_prices.quarter_orders`.
        dual_share: share of hours in regulation state 2. Assumed.
        dual_spread_eur_per_kwh: mean of short - long in them. Assumed.
        targets: statistics of the real data that the source aims at.
    """

    month_factor: Floats
    weekday_factor: Floats
    hour_share: Floats
    day_dispersion: float
    stay_group: NDArray[np.int64]
    levels: Floats
    stay_h: Floats
    stay_edges_h: Floats
    period: NDArray[np.int64]
    full_share: Floats
    charge_h: Floats
    load_stay_edges_h: Floats
    power_kw: Floats
    power_edges_kw: Floats
    load_factor: Floats
    season_eur_per_kwh: Floats
    shape_eur_per_kwh: Floats
    da_scale_eur_per_kwh: Floats
    scores: Floats
    da_quantiles: Floats
    da_memory: Floats
    im_shape_eur_per_kwh: Floats
    im_season_eur_per_kwh: Floats
    im_scale_eur_per_kwh: Floats
    da_edges_eur_per_kwh: Floats
    im_quantiles: Floats
    im_memory: Floats
    scatter_edges_eur_per_kwh: Floats
    scatter_eur_per_kwh: Floats
    size_parts: Floats
    scatter_profile: Floats
    scatter_profile_share: Floats
    scatter_order_share: Floats
    dual_share: float
    dual_spread_eur_per_kwh: float
    targets: Mapping[str, float]


@cache
def dutch_2019() -> Calibration:
    """Dutch public charging of 2019 with the prices of 2018 and 2019."""
    text = files("vpp_gym.scenarios").joinpath("dutch_2019.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return Calibration(
        **{name: _read_only(value) for name, value in content["parameters"].items()},
        targets=content["targets"],
    )


def _read_only(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    array = np.array(value)
    array.setflags(write=False)
    return array
