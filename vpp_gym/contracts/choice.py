"""Which offer an arriving owner signs, and the contract that follows.

Scalar kernels, called for every arrival.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Records
from vpp_gym.contracts.offer import Arrival, Contract
from vpp_gym.kernels import njit

Record = Any
"""One row of a record array: an OFFER."""

UTILITY_TOLERANCE_EUR = 1e-9


@njit
def choose_offer(offers: Records, arrival: Arrival) -> int:
    """Offer that the owner signs on arrival, -1 for none.

    First the owner picks one offer of each family. In a menu by type it is the offer for
    the own type if it passes the entry checks, else the one for the nearest lower type; in
    other families it is the one with the largest `sure_utility_eur`. Of these the owner
    signs the one with the largest sure utility; among equals the one with the largest least
    pay per kWh, then the first. An offer with a negative sure utility is never signed.

    Args:
        offers: (k,) OFFER records, sorted by family and within it by type.
        arrival: the EV and its owner.

    Returns:
        Place in the list, or -1.

    Source: Rahman et al. 2023, Sec. 4 (choice) and Sec. 6.3 (entry checks), for the
    fixed-term family; the choice between families is ours.
    """
    best, picked = -1, -1
    for k in range(len(offers)):
        if k > 0 and offers[k].family != offers[k - 1].family:
            best, picked = _better(offers, arrival, best, picked), -1
        # The lowest type's utility is exactly zero by design: allow for rounding.
        if (
            offers[k].owner_type <= arrival.own_type
            and may_enter(offers[k], arrival)
            and sure_utility_eur(offers[k], arrival) >= -UTILITY_TOLERANCE_EUR
        ):
            meant = offers[k].owner_type >= 0
            picked = k if meant else _better(offers, arrival, picked, k)
    return _better(offers, arrival, best, picked)


@njit(internal=True)
def _better(offers: Records, arrival: Arrival, first: int, second: int) -> int:
    """The one of two offers that the owner prefers; -1 stands for none."""
    if first < 0 or second < 0:
        return max(first, second)
    ahead_eur = sure_utility_eur(offers[second], arrival) - sure_utility_eur(offers[first], arrival)
    if abs(ahead_eur) > UTILITY_TOLERANCE_EUR:
        return second if ahead_eur > 0.0 else first
    more = sign(offers[second], arrival).tariff_eur_per_kwh
    more -= sign(offers[first], arrival).tariff_eur_per_kwh
    return second if more > UTILITY_TOLERANCE_EUR else first


@njit
def may_enter(offer: Record, arrival: Arrival) -> bool:
    """Whether the EV passes the entry checks.

    (a) The stay covers the window; (b) the battery holds the energy above the level that
    stays in it; (c) the energy can be discharged and recharged before departure. If the
    offer sets no limit on the energy, (b) and (c) ask for some. No EV passes for an offer
    whose window or energy is zero.

    Source: Rahman et al. 2023, Sec. 6.3.
    """
    stays = arrival.stay_h > offer.delay_h
    if offer.term_h < np.inf:
        stays = offer.term_h > 0.0 and arrival.stay_h >= offer.delay_h + offer.term_h
    spare_kwh = arrival.stored_kwh - offer.keep_soc * arrival.capacity_kwh
    if offer.energy_kwh < np.inf:
        fits = 0.0 < offer.energy_kwh <= spare_kwh
        fits = fits and offer.energy_kwh <= arrival.dischargeable_kwh
    else:
        fits = spare_kwh > 0.0 and arrival.dischargeable_kwh > 0.0
    return stays and fits


@njit(internal=True)
def sure_utility_eur(offer: Record, arrival: Arrival) -> float:
    """Utility that the contract guarantees the owner, however much of it is used.

    The payoff, less the loss on the most energy that may be discharged if a kWh pays less
    than the wear that the owner perceives. For a fixed-term contract this is
    g - w gamma / theta.

    Source: Rahman et al. 2023, individual rationality of program (7).
    """
    contract = sign(offer, arrival)
    most_kwh = contract.energy_kwh
    if most_kwh == np.inf:
        most_kwh = arrival.discharge_kw * (contract.end_h - contract.start_h)
    earns_eur_per_kwh = contract.tariff_eur_per_kwh - arrival.perceived_eur_per_kwh
    return contract.payoff_eur + min(earns_eur_per_kwh, 0.0) * most_kwh


@njit
def sign(offer: Record, arrival: Arrival) -> Contract:
    """The contract that an offer becomes when this owner signs it."""
    end_h = min(offer.delay_h + offer.term_h, arrival.stay_h)
    keep_kwh = offer.keep_soc * arrival.capacity_kwh
    min_price = offer.min_price_eur_per_kwh
    if offer.markup > 0.0:
        min_price = offer.markup * arrival.perceived_eur_per_kwh
    tariff = offer.tariff_eur_per_kwh + (min_price if min_price > -np.inf else 0.0)
    available_eur = offer.eur_per_h * (end_h - offer.delay_h)
    level_eur = offer.eur_per_kwh_arrival * max(arrival.stored_kwh - keep_kwh, 0.0)
    return Contract(
        offer.delay_h,
        end_h,
        min_price,
        offer.energy_kwh,
        keep_kwh,
        tariff,
        offer.margin,
        offer.payoff_eur + available_eur + level_eur,
    )


@njit
def pay_eur_per_kwh(
    tariff_eur_per_kwh: float, margin: float, min_price_eur_per_kwh: float, market_eur: float
) -> float:
    """What the owner is paid for a kWh discharged at a market price.

    Source: Park Lee et al. 2018, minPrice + margin * (market price - minPrice).
    """
    if min_price_eur_per_kwh == -np.inf:
        return tariff_eur_per_kwh
    return tariff_eur_per_kwh + margin * max(market_eur - min_price_eur_per_kwh, 0.0)


@njit
def owner_type_index(draw: float, cumulative_prob: Floats) -> int:
    """Type at a quantile of the distribution of types.

    Args:
        draw: quantile in [0, 1).
        cumulative_prob: (m,) running sum of the probabilities.

    Returns:
        Index of the first type whose cumulative probability exceeds the draw, so
        never a type of probability zero; where the sum falls short of one by
        rounding, the last type with positive probability.
    """
    k = int(np.searchsorted(cumulative_prob, draw, side="right"))
    if k == cumulative_prob.size:
        k -= 1
        while k > 0 and cumulative_prob[k] == cumulative_prob[k - 1]:
            k -= 1
    return k
