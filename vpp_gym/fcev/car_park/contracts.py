"""Price-based contracts: minimum prices, margins, and what a driver is paid."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.contracts.choice import pay_eur_per_kwh as contract_pay_eur_per_kwh
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.kernels import njit


def draw_min_prices(rng: np.random.Generator, params: CarParkParams) -> Floats:
    """(n_cars,) EUR/kWh: what each driver asks at least.

    Equal: the cost of V2G. Random: the cost times a factor from U(1, 1.5). The
    generator is used alike in both, so that the rest of a scenario stays the same.

    Source: Park Lee et al. 2018, Sec. 4.2.1.
    """
    cost = params.fuel_cell.v2g_cost_eur_per_kwh
    factor = rng.uniform(*params.contract.random_factor, size=params.n_cars)
    return cost * (factor if params.contract.min_price == "random" else np.ones(params.n_cars))


@njit(internal=True)
def driver_margin(level: float, tier_levels: Floats, tier_margins: Floats) -> float:
    """Share of the market's excess over the minPrice that the driver gets.

    Args:
        level: of the tank at plug-in, a share of its capacity.
        tier_levels: (k,) levels from which the next margin applies, rising.
        tier_margins: (k + 1,) margins.
    """
    tier = 0
    while tier < len(tier_levels) and level >= tier_levels[tier]:
        tier += 1
    return tier_margins[tier]


@njit
def pay_eur_per_kwh(market: float, min_price: float, margin: float) -> float:
    """What the driver gets per kWh: minPrice + margin * (market - minPrice), or the minPrice.

    All prices in EUR/kWh.

    >>> round(pay_eur_per_kwh(0.10, 0.06, 0.75), 3), pay_eur_per_kwh(0.05, 0.06, 0.75)
    (0.09, 0.06)

    Source: Park Lee et al. 2018, Sec. 4.2: a car used below its minPrice is still
    paid its minPrice.
    """
    return contract_pay_eur_per_kwh(min_price, margin, min_price, market)
