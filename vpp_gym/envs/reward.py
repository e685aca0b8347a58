"""The reward "spread": the profit without what no policy can change."""

from __future__ import annotations

from vpp_gym.arrays import Floats, Records
from vpp_gym.kernels import njit, sums
from vpp_gym.markets.ledger import COLUMN, MONEY

N_MONEY = len(MONEY)


@njit
def spread_rewards(
    run: Records,
    progress_kwh: Floats,
    level_eur_per_kwh: Floats,
    charge_eff: float,
    retail_eur_per_kwh: float,
    has_site: bool,
    records: Floats,
    rewards_eur: Floats,
) -> None:
    """Fill (B,) rewards of a step: the profit without what no policy can change.

    The demand is taken to be bought at the price level as it is charged. Over a whole stay that
    adds up to the demand, whatever has been served of it. The building's load is bought too,
    and all sun could be sold.

    Args:
        run: (B,) of `RUN`, after the step.
        progress_kwh: (B,) how much of their demand the connected EVs have in their batteries,
            at most up to their targets; before the step, and then after it.
        level_eur_per_kwh: (B,) price level of the episode.
        charge_eff: fraction of the metered energy that is stored.
        retail_eur_per_kwh: what drivers pay.
        has_site: there is more than chargers.
        records: (B, K) what the step booked.
        rewards_eur: result.
    """
    sums(records, N_MONEY, rewards_eur)
    for b in range(len(rewards_eur)):
        before_kwh, demand_kwh = progress_kwh[b], records[b, COLUMN.demand_kwh]
        # A run that has ended has none: its EVs are settled.
        going = run[b].position < run[b].end
        progress_kwh[b] = run[b].progress_kwh if going else 0.0
        bought_kwh = (progress_kwh[b] - before_kwh + demand_kwh) / charge_eff
        if has_site:
            sun_kwh = records[b, COLUMN.pv_kwh] + records[b, COLUMN.curtailed_kwh]
            bought_kwh = bought_kwh + records[b, COLUMN.building_kwh] - sun_kwh
        earned_eur = demand_kwh / charge_eff * retail_eur_per_kwh
        rewards_eur[b] = rewards_eur[b] - earned_eur + level_eur_per_kwh[b] * bought_kwh
