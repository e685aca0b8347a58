"""The fitted numbers behind the synthetic source, read from files beside this module.

`benchmarks/calibrate_synthetic.py` writes those files from real data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError

DAY_TYPES = 3
CALIBRATIONS = {
    "dutch_2018": "dutch_2018.json",
    "dutch_2018_2019": "dutch_2018_2019.json",
}
"""Files beside this module, by name."""

DEFAULT_CALIBRATION = "dutch_2018"


@dataclass(frozen=True, eq=False)
class HourlyImbalance:
    """IM - DA by hours, and how its four quarters lie around each.

    Attributes:
        im_shape_eur_per_kwh: (24,) mean of IM - DA by hour.
        im_season_eur_per_kwh: (4, 24) waves of the year in it.
        im_scale_eur_per_kwh: (24,) standard deviation of IM - DA around both by hour.
        da_edges_eur_per_kwh: (d - 1,) inner edges of DA classes.
        im_quantiles: (d, m) of the scaled IM - DA in each DA class, at `Calibration.scores`.
        im_memory: (c, 3) as `Calibration.da_memory`, for IM - DA.
        scatter_edges_eur_per_kwh: (e - 1,) inner edges of classes of an hour's IM price.
        scatter_eur_per_kwh: (e, k) quantiles of the standard deviation of its four
            quarters, by that class, at `Calibration.levels`.
        size_parts: (2,) probabilities that part those into small, middle and large.
        scatter_profile: (f, 4) rising prices of four quarters, mean 0, variance 1.
        scatter_profile_share: (e, 3, f) how often, by class and part.
        scatter_order_share: (24, 24) how often the quarters of an hour come in each
            order of `vpp_gym.scenarios.synthetic_prices.quarter_orders`.
    """

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


@dataclass(frozen=True, eq=False)
class QuarterImbalance:
    """IM - DA by quarters of an hour, see `vpp_gym.scenarios.synthetic_quarters`.

    Attributes:
        im_shape_eur_per_kwh: (24,) mean of IM - DA by hour.
        im_season_eur_per_kwh: (4, 24) waves of the year in it.
        im_ramp: (24, 4) mean of the normal score in the quarters of each hour, 0 on average.
        im_scale_eur_per_kwh: (24,) size of the deviations of quarters by hour.
        da_edges_eur_per_kwh: (d - 1,) inner edges of classes of DA less the season's level.
        im_scores: (m,) standard normal scores of the next table.
        im_quantiles: (d, m) of the scaled deviation in each DA class; they rise strictly.
        im_processes: (c, 6) decay per quarter, period in quarters (0: none), and weight in
            each quarter of an hour, of the processes that add up to the rest of the score.
    """

    im_shape_eur_per_kwh: Floats
    im_season_eur_per_kwh: Floats
    im_ramp: Floats
    im_scale_eur_per_kwh: Floats
    da_edges_eur_per_kwh: Floats
    im_scores: Floats
    im_quantiles: Floats
    im_processes: Floats


Imbalance = HourlyImbalance | QuarterImbalance


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
        imbalance: the law of IM - DA.
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
    imbalance: Imbalance
    dual_share: float
    dual_spread_eur_per_kwh: float
    targets: Mapping[str, float]


def dutch_2018() -> Calibration:
    """Dutch prices of 2018 alone, imbalance by quarters; public charging of 2019."""
    return calibration_named("dutch_2018")


def dutch_2018_2019() -> Calibration:
    """Dutch prices of 2018 and 2019, imbalance by hours; public charging of 2019."""
    return calibration_named("dutch_2018_2019")


@cache
def calibration_named(name: str) -> Calibration:
    """The calibration in the file of that name; the same object at every call.

    Raises:
        InvalidInputError: there is no such calibration.
    """
    content = _content(name)
    values = {key: _read_only(value) for key, value in content["parameters"].items()}
    law = QuarterImbalance if "im_processes" in values else HourlyImbalance
    imbalance = law(**{one.name: values.pop(one.name) for one in fields(law)})
    return Calibration(**values, imbalance=imbalance, targets=content["targets"])


def fitted_on(name: str) -> dict[str, str]:
    """What the prices and the sessions of a calibration were fitted on.

    >>> fitted_on("dutch_2018")["prices"]
    'hours of 2018, quarters of October to December 2018'
    """
    found: dict[str, str] = dict(_content(name)["provenance"]["fitted_on"])
    return found


@cache
def _content(name: str) -> dict[str, Any]:
    if name not in CALIBRATIONS:
        raise InvalidInputError("calibration", name, f"use one of {', '.join(CALIBRATIONS)}")
    text = files("vpp_gym.scenarios").joinpath(CALIBRATIONS[name]).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def _read_only(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    array = np.array(value)
    array.setflags(write=False)
    return array
