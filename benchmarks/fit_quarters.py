"""Imbalance prices by quarters: synthetic years against the quarters that are recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.calibrate_synthetic import QUARTERS_OF_2018
from vpp_gym.arrays import Floats
from vpp_gym.scenarios.fit import mean_imbalance, quarter_statistics
from vpp_gym.scenarios.real import QUARTERS_FILE, Prices, read_quarters
from vpp_gym.scenarios.synthetic import SyntheticSource

QUARTER_YEARS = 200
INTERVAL = (0.025, 0.975)


def drawn_quarters(years: int) -> Floats:
    """(years, T) EUR/kWh, imbalance less day-ahead price of training years."""
    source = SyntheticSource("train", years, dt_h=0.25, sessions_per_day=0)
    drawn = (source.scenario(index) for index in range(years))
    return np.array([mean_imbalance(year) - year.da_eur_per_kwh for year in drawn])


def recorded_quarters(folder: Path) -> tuple[Floats, Floats]:
    """(t,) and (T,) EUR/kWh, the same of October to December 2018 and of 2019."""
    path = folder / QUARTERS_FILE
    fitted = read_quarters(path, **QUARTERS_OF_2018)
    held_out = read_quarters(path, first_day="2019-01-01", last_day="2019-12-31")
    return _spread(fitted), _spread(held_out)


def _spread(prices: Prices) -> Floats:
    return np.asarray(prices.im_eur_per_kwh - prices.da_eur_per_kwh)


def quarter_rows(drawn: Floats, fitted: Floats, held_out: Floats) -> pd.DataFrame:
    """Statistics of synthetic years beside recorded ones.

    Args:
        drawn: (years, T) EUR/kWh, imbalance less day-ahead price.
        fitted: (t,) recorded, the last t quarters of a year, which the years were fitted on.
        held_out: (T,) recorded in a whole year that nothing was fitted on.

    Returns:
        Rows by case and statistic: real; the mean over the synthetic years of the same part of
        the year, with the interval that holds 95 % of them; and whether real is inside.
    """
    cases = {
        "Quarters of October to December 2018, fitted": (drawn[:, -len(fitted) :], fitted),
        "Quarters of 2019, hold-out": (drawn, held_out),
    }
    rows = []
    for case, (mine, real) in cases.items():
        years = pd.DataFrame([quarter_statistics(year) for year in mine])
        for statistic, value in quarter_statistics(real).items():
            low, high = years[statistic].quantile(INTERVAL)
            side = "inside" if low <= value <= high else "below" if value < low else "above"
            rows.append(
                {
                    "quantity": "imbalance less day-ahead price",
                    "statistic": statistic.replace("_", " ").replace(" eur per kwh", ""),
                    "real": value,
                    "synthetic": years[statistic].mean(),
                    "least": low,
                    "most": high,
                    "real_is": side,
                    "case": case,
                }
            )
    return pd.DataFrame(rows)


def outside(rows: pd.DataFrame) -> str:
    """One sentence: how many statistics of a case are inside, and which are not."""
    out = rows[rows["real_is"] != "inside"]
    names = (f"{row.statistic} ({row.real_is})" for row in out.itertuples())
    inside = f"{len(rows) - len(out)} of {len(rows)} lie inside the interval of synthetic years"
    return f"{inside}; outside: {', '.join(names)}." if len(out) else f"{inside}."
