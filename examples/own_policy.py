"""Rank a policy of your own among the baselines, on the same days.

python examples/own_policy.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym import Snapshot, evaluate
from vpp_gym.evaluation import leaderboard
from vpp_gym.policies.base import Dispatcher


class NightCharger(Dispatcher):
    """Charges at full power from 23:00 to 6:00, and by day only what cannot wait."""

    name = "night_charger"
    term_h = 0  # it offers no V2G contracts

    def net_load_kwh(self, snapshot: Snapshot) -> NDArray[np.float64]:
        """(n,) kWh of each connected EV in this step, + takes from the grid."""
        hour = snapshot.time.astype(object).hour
        if hour >= 23 or hour < 6:
            return snapshot.hi_kwh
        must_charge = snapshot.laxity_h < snapshot.dt_h
        return np.where(must_charge, snapshot.hi_kwh, snapshot.idle_kwh)


def compare(days: int) -> pd.DataFrame:
    """The leaderboard of this policy, two baselines and the optimum in hindsight."""
    policies = (NightCharger(), "charge_on_arrival", "rolling_mpc", "hindsight")
    results = [evaluate(policy, "synthetic:validation", end_step=96 * days) for policy in policies]
    rows = pd.concat([result.days for result in results], ignore_index=True)
    return leaderboard(rows, privileged=["hindsight"])


if __name__ == "__main__":
    columns = ["rank", "policy", "profit_eur", "score", "flexibility_score", "demand_satisfaction"]
    print(compare(days=28)[columns].round(3).to_string(index=False))
