"""The page of the fit report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.differences import made_by, markdown
from benchmarks.fit_quarters import outside
from vpp_gym.arrays import Floats


def page(
    *,
    years: int,
    targets: pd.DataFrame,
    why: pd.DataFrame,
    held_out: pd.DataFrame,
    quarters: pd.DataFrame,
    occupancy: tuple[Floats, Floats],
    order: str | None,
) -> str:
    """Markdown of the whole report; every number comes from the arguments.

    Args:
        years: pooled synthetic years.
        targets: rows of `benchmarks.fit_targets`.
        why: what the distance of the prices is made of.
        held_out: as `targets`, with a column case.
        quarters: rows of `benchmarks.fit_quarters`.
        occupancy: (24,) cars connected by hour, real and synthetic.
        order: Markdown about the ranking of policies, if it was measured.
    """
    failed = targets[targets["verdict"] != "pass"]
    names = ", ".join(f"{row.quantity} ({row.statistic})" for row in failed.itertuples())
    summary = f"{len(targets) - len(failed)} of {len(targets)} targets are met"
    summary += f"; not met: {names}." if names else "."
    gap = np.abs(occupancy[1] - occupancy[0])
    parts = [
        "# Fit of the synthetic years",
        made_by("python -m benchmarks.fit_report --data FOLDER"),
        f"{years} synthetic training years, pooled, against what they were fitted on: the recorded "
        "sessions of 2019 (none of 2018 exist) and the recorded hourly prices of 2018. "
        f"Autocorrelations and the correlation are means over the years. {summary}",
        markdown(_shown(targets)),
        "![Distribution functions](../../docs/images/fit_marginals.png)",
        "![Correlations, cars connected, prices by hour](../../docs/images/fit_courses.png)",
        f"Cars connected by hour of the day differ by {gap.mean():.2f} on average and "
        f"{gap.max():.2f} at most, of {occupancy[0].mean():.2f} in the mean of the real year.",
        "`energy`, `largest kw` and `idle` are those of the metered rule (`SyntheticParams(demand="
        '"metered")`, the default; recorded power of the car), real and synthetic. The other '
        "marginals of sessions follow the reference's rule: all cars charge at 11 kW, for the "
        "recorded hours.",
        "## How much years differ",
        "Deviations of the price last for weeks, so that years differ in their courses and in "
        "their spread; the deviations of every year add up to nothing, so that they hardly differ "
        "in their mean. The columns: standard deviation of the means of years [EUR/kWh]; distance "
        "from 2018 of one year, least and most; of ten years at a time, and how many of those tens "
        "meet the target; of all years at once, which is what the calibration itself is off by.",
        markdown(_rounded(why)),
        "## Quarters within the hour",
        "Imbalance less day-ahead price by quarters of an hour [EUR/kWh], synthetic training years "
        "against recorded ones: mean over the years, and the interval that holds 95 % of them. "
        "Quarters of October to December 2018 were fitted, and are compared with the same months "
        "of the synthetic years; 2019 is the hold-out. Outside in both: the synthetic law misses "
        "it. Outside in 2019 only: the market of 2019 differs from the one that policies are "
        "trained in. The sds are those of the quarters, of the quarters around the mean of their "
        "hour, and the median of the latter by hour; beyond: share of quarters further from the "
        "day-ahead price than that.",
        *(
            f"**{case}**: {outside(rows)}\n\n"
            + markdown(_rounded(rows.drop(columns=["case", "quantity"])))
            for case, rows in quarters.groupby("case", sort=False)
        ),
        "## Hold-out: fitted on 2018, seen on 2019",
        "The same years against the hourly prices of 2019, which nothing was fitted on. The level "
        "moved between the years, which no calibration on 2018 can know; with mean and standard "
        "deviation of each year taken off, what is left is shape. The last block compares the "
        "recorded 2018 itself.",
        "![Distribution functions of the hold-out](../../docs/images/fit_hold_out.png)",
        *(
            f"**{str(case).capitalize()}**\n\n{markdown(_shown(rows.drop(columns='case')))}"
            for case, rows in held_out.groupby("case", sort=False)
        ),
        "## Order of policies",
        order or "Not measured: run `python -m benchmarks.order` first.",
    ]
    return "\n\n".join(parts) + "\n"


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    return _rounded(rows.drop(columns="gap"))


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers with four digits after the point."""
    numbers = table.select_dtypes(np.number).columns
    return table.assign(**{name: table[name].map("{:.4f}".format) for name in numbers})
