"""Whether prices can be EUR/MWh: a market as nobody has seen it has another unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError

LEAST_MEDIAN, LARGEST_MEDIAN = 8.0, 1_500.0
"""EUR/MWh, of the absolute price over a week or more: an ordinary market. The cheapest
month of the Dutch day-ahead market so far, April 2020, had a mean of 17."""
LEAST_PEAK = 15.0
"""EUR/MWh, of the largest absolute price in less than a week: a calm day stays above."""
WEEK_H = 168.0

CHEAP_PEAK, CHEAP_SPREAD = 15.0, 3.0
"""A market that is near zero for half of the time, with much sun or water, still has dear hours:
its 95th percentile is above 15 EUR/MWh and three times the median. An ordinary market in ct/kWh has
neither: at most 9.5 and 1.8 in the months of the Dutch day-ahead market of 2018 and 2019."""
DECIMALS = 2
"""Of prices in EUR/MWh, on every exchange; converted prices have more."""
LEAST_CHEAP_PEAK = 1.0
"""EUR/MWh, of the 95th percentile where a cheap market is stated: EUR/kWh stay below it."""
TRUST = "trust the unit if it is right"
CHEAP = "or state a cheap market, which keeps the other checks"


def check_unit(
    stated: pd.Series,
    eur_per_mwh: pd.Series,
    dt_h: pd.Series,
    *,
    field: str,
    cheap_market: bool,
) -> None:
    """Refuse prices that look like another unit than EUR/MWh.

    Args:
        stated: prices as the file writes them; NaN where none is known.
        eur_per_mwh: the same in EUR/MWh.
        dt_h: hours of each row.
        field: for the error.
        cheap_market: whether prices may be low without a sign that they are right.

    Raises:
        InvalidInputError: with the unit that they look like.
    """
    size = eur_per_mwh.abs()
    known_h = float(dt_h[size.notna()].sum())
    if not known_h:
        return
    long = known_h >= WEEK_H
    typical, what = (size.median(), "median") if long else (size.max(), "largest")
    if typical > LARGEST_MEDIAN:
        _refuse(field, what, typical, f"EUR/GWh or ct/MWh; {TRUST}")
    if typical >= (LEAST_MEDIAN if long else LEAST_PEAK):
        return
    peak = float(size.quantile(0.95))
    seen = peak >= LEAST_CHEAP_PEAK if cheap_market else long and _is_cheap(stated, size, peak)
    if not seen:
        remedy = TRUST if cheap_market else f"{TRUST}, {CHEAP}"
        _refuse(field, what, typical, f"EUR/kWh or ct/kWh; {remedy}")


def _is_cheap(stated: pd.Series, size: pd.Series, peak: float) -> bool:
    """Whether low prices show by their dear hours and their digits that they are right."""
    known = stated.dropna().to_numpy(dtype=np.float64)
    digits = bool(np.allclose(known, known.round(DECIMALS), rtol=0, atol=1e-9))
    return digits and peak >= CHEAP_PEAK and peak >= CHEAP_SPREAD * float(size.median())


def _refuse(field: str, what: str, typical: float, likely: str) -> None:
    raise InvalidInputError(
        field, f"{what} {typical:g}", f"this should be EUR/MWh and looks like {likely}"
    )
