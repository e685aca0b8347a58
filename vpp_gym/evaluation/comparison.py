"""What policies earned more than one of them over the same days, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.leaderboard import daily_profit_eur
from vpp_gym.evaluation.metrics import totals
from vpp_gym.evaluation.statistics import interquartile_mean, paired_difference

EXPLAINED = ("profit_eur", "payoff_eur", "discharge_kwh", "contracts")


def gains(
    days: pd.DataFrame,
    policies: Sequence[str],
    *,
    over: str,
    block_days: int = 7,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Profit of each policy less that of one of them, on the same days.

    Args:
        days: rows of `vpp_gym.evaluation.rollout.evaluate`, of one scenario.
        policies: to be compared.
        over: policy whose profit is subtracted.
        block_days: of the bootstrap.
        n_resamples: of the bootstrap.
        seed: of the bootstrap; every policy gets the same draws.

    Returns:
        One row for each policy: gain_eur, gain_eur_low, gain_eur_high (95 %), and the
        totals in `EXPLAINED`.

    Raises:
        InvalidInputError: a policy that did not run, or on other days.
    """
    if missing := {over, *policies} - set(days["policy"]):
        raise InvalidInputError("policies", sorted(missing), "name policies that ran")
    base_eur = daily_profit_eur(days, over)
    all_totals = totals(days).groupby("policy")
    rows = []
    for policy in policies:
        interval = paired_difference(
            daily_profit_eur(days, policy),
            base_eur,
            block_days=block_days,
            n_resamples=n_resamples,
            rng=np.random.default_rng(seed),
        )
        runs = all_totals.get_group(policy)
        rows.append(
            {
                "policy": policy,
                "gain_eur": interval.estimate,
                "gain_eur_low": interval.low,
                "gain_eur_high": interval.high,
                **{name: float(interquartile_mean(runs[name])) for name in EXPLAINED},
            }
        )
    return pd.DataFrame(rows)
