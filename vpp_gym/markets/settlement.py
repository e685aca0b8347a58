"""Settlement of one step on the day-ahead and the imbalance market."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit


@njit
def imbalance_eur(im_sold_kwh: float, short_eur_per_kwh: float, long_eur_per_kwh: float) -> float:
    """Income from the imbalance of a step.

    Args:
        im_sold_kwh: + the party is long and sells, - it is short and buys.
        short_eur_per_kwh: paid by a short party.
        long_eur_per_kwh: received by a long party.

    Returns:
        EUR; negative where it costs.

    >>> imbalance_eur(-2.0, 0.10, 0.04), imbalance_eur(2.0, 0.10, 0.04)
    (-0.2, 0.08)
    """
    return im_sold_kwh * (long_eur_per_kwh if im_sold_kwh > 0.0 else short_eur_per_kwh)


def applied_prices(
    pricing: str,
    da_eur_per_kwh: Floats,
    short_eur_per_kwh: Floats,
    long_eur_per_kwh: Floats,
) -> tuple[Floats, Floats]:
    """Short and long prices that a pricing rule makes of a scenario's own.

    Args:
        pricing: "dutch" keeps both; "single" settles both directions at their
            mean; "dual" lets no imbalance beat the day-ahead price.
        da_eur_per_kwh: (T,) day-ahead price.
        short_eur_per_kwh: (T,) of the scenario.
        long_eur_per_kwh: (T,) of the scenario.

    Returns:
        (short, long), each (T,) EUR/kWh, short >= long.
    """
    if pricing == "dutch":
        return short_eur_per_kwh, long_eur_per_kwh
    if pricing == "single":
        mean = (short_eur_per_kwh + long_eur_per_kwh) / 2
        return mean, mean
    if pricing == "dual":
        return (
            np.maximum(da_eur_per_kwh, short_eur_per_kwh),
            np.minimum(da_eur_per_kwh, long_eur_per_kwh),
        )
    raise InvalidInputError("imbalance_pricing", pricing, "use dutch, single or dual")


def reference_price(
    da_eur_per_kwh: Floats, short_eur_per_kwh: Floats, long_eur_per_kwh: Floats
) -> Floats:
    """Marginal value of energy in each hour under the best day-ahead bid.

    Where the day-ahead price lies between the long and the short price, the best
    bid covers the load exactly and a kWh more costs the day-ahead price. Outside,
    the best bid is a bet and the load's last kWh is settled at the imbalance
    price on that side. Under one imbalance price it is that price.

    Returns:
        (T,) EUR/kWh.
    """
    return np.clip(da_eur_per_kwh, long_eur_per_kwh, short_eur_per_kwh)
