"""What a policy earned more than another over the same days, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.leaderboard import Daily, by_world, gain_by_world_eur
from vpp_gym.evaluation.metrics import mean_year
from vpp_gym.evaluation.statistics import (
    Interval,
    block_weights,
    interquartile_mean,
    paired_difference,
    share_of_wins,
)
from vpp_gym.ledger import PROFIT

EXPLAINED = ("owners_eur", "payoff_eur", "discharge_kwh", "contracts")
VALUE = "value [EUR]"


@dataclass(frozen=True)
class Difference:
    """What a policy earned more than another.

    Attributes:
        eur: with its 95 % interval, mean of the worlds [EUR over all days].
        worlds_more: number of worlds in which it earned more.
        worlds: how many there are.
        weeks_more: share of the weeks of all worlds in which it earned more, ties half.
    """

    eur: Interval
    worlds_more: int
    worlds: int
    weeks_more: float


class Comparison:
    """Differences between policies that ran on the same days, all with the same draws.

    Args:
        days: rows of `vpp_gym.evaluate`, with a column `world` if there are several scenarios.
        value_eur: EUR of a day that are compared; by default the profit.
        block_days: of the bootstrap.
        n_resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    def __init__(
        self,
        days: pd.DataFrame,
        *,
        value_eur: Callable[[pd.DataFrame], pd.Series] = itemgetter(PROFIT),
        block_days: int = 7,
        n_resamples: int = 2000,
        seed: int = 0,
    ) -> None:
        self._days = by_world(days).assign(**{VALUE: value_eur(days)})
        self.policies = frozenset(days["policy"])
        self._block_days = block_days
        self._weights = block_weights(
            self._days["day"].nunique(),
            n_worlds=self._days["world"].nunique(),
            block_days=block_days,
            n_resamples=n_resamples,
            rng=np.random.default_rng(seed),
        )

    def daily_eur(self, policy: str) -> Floats:
        """(seeds, worlds, days) EUR of a policy.

        Raises:
            InvalidInputError: it did not run, or its seeds on other days.
        """
        if policy not in self.policies:
            raise InvalidInputError("policies", policy, "name policies that ran")
        return Daily(self._days, policy).seeds(VALUE)

    def difference(self, policy: str, over: str) -> Difference:
        """What a policy earned more than another.

        Raises:
            InvalidInputError: one of them did not run, or they ran on different days.
        """
        pair = self.daily_eur(policy), self.daily_eur(over)
        rng = np.random.default_rng(0)  # not used: the draws are made
        by_world_eur = gain_by_world_eur(*pair)
        return Difference(
            paired_difference(*pair, rng=rng, weights=self._weights),
            int((by_world_eur > 0).sum()),
            len(by_world_eur),
            share_of_wins(*pair, block_days=self._block_days),
        )


def gains(
    days: pd.DataFrame,
    policies: Sequence[str],
    *,
    over: str,
    value_eur: Callable[[pd.DataFrame], pd.Series] = itemgetter(PROFIT),
    block_days: int = 7,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Profit of each policy less that of one of them, on the same days.

    Args:
        days: rows of `vpp_gym.evaluation.rollout.evaluate`, of one scenario; or of several,
            with a column `world`.
        policies: to be compared.
        over: policy whose profit is subtracted.
        value_eur: EUR of a day that are compared; by default the profit.
        block_days: of the bootstrap.
        n_resamples: of the bootstrap.
        seed: of the bootstrap; every policy gets the same draws.

    Returns:
        One row for each policy: gain_eur, gain_eur_low, gain_eur_high (95 %), gain_worlds, the
        number of worlds with a gain, and the totals in `EXPLAINED`.

    Raises:
        InvalidInputError: a policy that did not run, or on other days.
    """
    draws = {"block_days": block_days, "n_resamples": n_resamples, "seed": seed}
    comparison = Comparison(days, value_eur=value_eur, **draws)
    if missing := {over, *policies} - comparison.policies:
        raise InvalidInputError("policies", sorted(missing), "name policies that ran")
    all_totals = mean_year(days).groupby("policy")
    rows = []
    for policy in policies:
        found = comparison.difference(policy, over)
        runs = all_totals.get_group(policy)
        rows.append(
            {
                "policy": policy,
                "gain_eur": found.eur.estimate,
                "gain_eur_low": found.eur.low,
                "gain_eur_high": found.eur.high,
                "gain_worlds": found.worlds_more,
                **{name: float(interquartile_mean(runs[name])) for name in EXPLAINED},
            }
        )
    return pd.DataFrame(rows)
