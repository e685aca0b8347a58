"""What drivers got of what they asked for."""

from __future__ import annotations

import pandas as pd


def satisfaction(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Share of the demanded energy that was served, and of the sessions served in full.

    Both count the cars that have left, and are 1 where none has.
    """
    demand_kwh = table["demand_kwh"]
    return {
        "demand_satisfaction": (table["served_kwh"] / demand_kwh).where(demand_kwh > 0, 1.0),
        "fully_served_share": (table["fully_served"] / table["departures"]).where(
            table["departures"] > 0, 1.0
        ),
    }
