"""Ask the published results what a rank is worth: other years, weeks, bids, prices of service.

python examples/read_leaderboard.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

WEEKS = Path(__file__).parents[1] / "benchmarks" / "results" / "embedded_weeks.csv"


def operations_eur(weeks: pd.DataFrame) -> pd.Series:
    """What dispatch and contracts are worth: the profit less what the bids earned."""
    return weeks["profit_eur"] - weeks["position_eur"]


def by_world(weeks: pd.DataFrame, policy: str) -> pd.Series:
    """EUR a year of a policy in each world; the mean of its seeds, if it was trained."""
    rows = weeks[weeks["policy"] == policy]
    yearly = operations_eur(rows).groupby([rows["world"], rows["seed"]]).sum()
    return yearly.groupby("world").mean()


def gain(weeks: pd.DataFrame, policy: str, over: str, seed: int = 0) -> str:
    """How much more one policy earns than another in the same years, with a 95 % interval."""
    more = (by_world(weeks, policy) - by_world(weeks, over)).to_numpy()
    drawn = np.random.default_rng(seed).choice(more, (2000, len(more))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    won = f"more in {(more > 0).sum()} of {len(more)} years"
    return f"{more.mean():.0f} [{low:.0f}, {high:.0f}], {won}"


def weeks_won(weeks: pd.DataFrame, policy: str, over: str) -> float:
    """Share of the weeks of all worlds in which a policy earned more than another."""
    table = weeks.assign(eur=operations_eur(weeks)).pivot_table(
        index=["world", "week"], columns="policy", values="eur"
    )
    return float((table[policy] > table[over]).mean())


def rank(weeks: pd.DataFrame, policies: list[str], missing_eur_per_kwh: float) -> list[str]:
    """Policies in the order of what they earn if every missing kWh costs so much, best first."""
    eur = operations_eur(weeks) - weeks["shortfall_eur"]
    worth = eur - missing_eur_per_kwh * weeks["unserved_kwh"]
    total = worth.groupby(weeks["policy"]).mean()
    return list(total[policies].sort_values(ascending=False).index)


def main() -> None:
    """Print what the results say beyond the ranks."""
    weeks = pd.read_csv(WEEKS)
    print("EUR a year more, in the same years:")
    for policy, over in (
        ("hazard_mpc_price", "rolling_mpc_price"),
        ("ppo_synthetic", "charge_on_arrival"),
        ("ppo_synthetic", "rolling_mpc_2h"),
    ):
        share = 100 * weeks_won(weeks, policy, over)
        print(f"  {policy} over {over}: {gain(weeks, policy, over)}, {share:.0f} % of weeks")
    policies = ["hazard_mpc_price", "rolling_mpc", "ppo_synthetic", "charge_on_arrival"]
    for price in (0.0, 0.5, 2.0):
        print(f"at {price} EUR per missing kWh: {' > '.join(rank(weeks, policies, price))}")
    plain, bids = "hazard_mpc_price", "hazard_mpc_price+two_stage"
    yearly = weeks.groupby(["policy", "world"])["profit_eur"].sum()
    print(
        f"{bids} over {plain}: profit {(yearly[bids] - yearly[plain]).mean():.0f} EUR, "
        f"operations {(by_world(weeks, bids) - by_world(weeks, plain)).abs().max():.2f} EUR"
    )


if __name__ == "__main__":
    main()
