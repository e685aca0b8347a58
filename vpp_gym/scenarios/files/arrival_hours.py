"""At which hour of the local day cars arrive: a clock that is wrong shows there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_gym.scenarios.files.report import Fact

NIGHT_H = 5
MOST_AT_NIGHT = 0.2
"""Share of arrivals from midnight to five; 1 % in ElaadNL's 2019, 2 to 8 % in ACN-Data."""


def arrival_facts(local: pd.Series) -> dict[str, Fact]:
    """Arrivals by hour, with a remark on what they say about the clock.

    Args:
        local: naive times of arrival on the local clock.

    Returns:
        "arrivals by hour": 24 numbers from midnight on, with blanks between; "median arrival":
        HH:MM; "clock": a remark.
    """
    hours = np.bincount(local.dt.hour, minlength=24)
    middle = (local - local.dt.normalize()).quantile(0.5, interpolation="lower")
    median = str(middle).split()[-1][:5]
    peak = int(hours.argmax())
    night = hours[:NIGHT_H].sum() / hours.sum()
    remark = (
        f"{night:.0%} arrive between 0:00 and {NIGHT_H}:00: is the clock of the file right?"
        if night > MOST_AT_NIGHT
        else f"half arrive by {median}, most from {peak}:00 to {peak + 1}:00: "
        "if that is hours off, so is the clock"
    )
    return {
        "arrivals by hour": " ".join(map(str, hours)),
        "median arrival": median,
        "clock": remark,
    }
