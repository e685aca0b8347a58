"""How an arriving owner answers the menu. Scalar kernels, called for every arrival."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UTILITY_TOLERANCE_EUR = 1e-9


@njit(cache=True)
def choose_contract(
    own_type: int,
    menu_energy_kwh: Floats,
    menu_payoff_eur: Floats,
    owner_types: Floats,
    wear_eur_per_kwh: float,
    stay_h: float,
    term_h: float,
    stored_kwh: float,
    dischargeable_kwh: float,
) -> int:
    """Contract that the owner signs on arrival, -1 for none.

    Entry checks: (a) the stay covers the term, (b) the battery holds the energy,
    (c) the energy can be discharged and recharged before departure. The owner
    takes the own type's contract if it passes, else the nearest one below, which
    is the largest left, as the menu rises with the type; never one that costs
    more wear than it pays. A contract without energy is no offer.

    Args:
        own_type: index of the owner's type.
        menu_energy_kwh: (m,) kWh at the meter.
        menu_payoff_eur: (m,) EUR.
        owner_types: (m,) the owner perceives wear / type.
        wear_eur_per_kwh: true wear cost of discharging.
        stay_h: declared stay.
        term_h: length of the contract's window.
        stored_kwh: energy in the battery on arrival.
        dischargeable_kwh: most that can be exported and still recharged by
            departure; negative where the target is out of reach.

    Returns:
        Index into the menu, at most own_type, or -1.

    Source: Rahman et al. 2023, Sec. 4 (choice) and Sec. 6.3 (entry checks).
    """
    if not stay_h >= term_h:
        return -1
    perceived_eur_per_kwh = wear_eur_per_kwh / owner_types[own_type]
    for k in range(own_type, -1, -1):
        energy_kwh = menu_energy_kwh[k]
        if not (energy_kwh > 0.0 and energy_kwh <= stored_kwh and energy_kwh <= dischargeable_kwh):
            continue
        # The lowest type's utility is exactly zero by design: allow for rounding.
        if menu_payoff_eur[k] - energy_kwh * perceived_eur_per_kwh >= -UTILITY_TOLERANCE_EUR:
            return k
    return -1


@njit(cache=True)
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
