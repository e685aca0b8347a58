"""A policy of your own, ranked among the baselines over the same days.

python examples/own_policy.py
"""

from __future__ import annotations

import pandas as pd

from vpp_gym import Policy, Snapshot, evaluate
from vpp_gym.arrays import Floats
from vpp_gym.evaluation import leaderboard, markdown_table
from vpp_gym.evaluation.tables import BRIEF
from vpp_gym.policies.base import Dispatcher, idle_until_forced_kwh, to_target_kwh
from vpp_gym.policies.baselines import baselines
from vpp_gym.scenarios.synthetic import SyntheticSource


class NightCharger(Dispatcher):
    """Charges at full power from 23:00 to 6:00, and by day only what cannot wait."""

    name = "night_charger"
    term_h: int | None = 0  # it offers no V2G contracts

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV, + takes from the grid."""
        hour = snapshot.time.astype(object).hour
        night = hour >= 23 or hour < 6
        return to_target_kwh(snapshot) if night else idle_until_forced_kwh(snapshot)


def compare(days: int) -> pd.DataFrame:
    """The leaderboard of the own policy, two baselines and the optimum in hindsight."""
    scenario = SyntheticSource("test", days=days).scenario(0)
    known = baselines()
    policies: list[Policy] = [NightCharger()]
    policies += [known[name] for name in ("charge_on_arrival", "rolling_mpc", "hindsight")]
    results = [evaluate(policy, scenario) for policy in policies]
    rows = pd.concat([result.days for result in results], ignore_index=True)
    return leaderboard(rows, privileged=["hindsight"])


if __name__ == "__main__":
    print(markdown_table(compare(days=28).to_dict("records"), BRIEF))
