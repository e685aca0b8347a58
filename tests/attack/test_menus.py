"""Fixed-term menus: nobody loses, nobody gains by another's contract, and no menu earns more."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attack.ev_worlds import distribution, somewhere
from tests.attack.sizes import seeds
from vpp_gym.contracts.design import design_menu


@pytest.mark.parametrize("seed", seeds(60))
def test_menus_keep_their_promises_and_are_the_best(seed: int) -> None:
    rng = np.random.default_rng([30, seed])
    n = int(rng.integers(1, 7))
    types, prob = np.cumsum(rng.uniform(0.05, 1.0, n)), np.array(distribution(rng, n))
    kappa, wear = somewhere(rng, 0.01, 5), somewhere(rng, 0.001, 0.2)
    cap, flat = somewhere(rng, 0, 100, 0.0, 33.0), somewhere(rng, 0.1, 20, 1.0)
    menu = design_menu(
        tuple(types),
        tuple(prob),
        kappa_eur=kappa,
        wear_eur_per_kwh=wear,
        energy_cap_kwh=cap,
        saturation_kwh=flat,
    )
    energy, pay = np.array(menu.energy_kwh), np.array(menu.payoff_eur)
    assert (energy >= 0).all()
    assert (energy <= cap + 1e-9).all()
    gain = pay[None] - energy[None] * wear / types[:, None]  # of a type by each contract
    own = np.diag(gain)
    assert (own >= -1e-9).all(), "an owner loses by the own contract"
    assert (own >= gain.max(axis=1) - 1e-9).all(), "an owner gains by another's contract"

    def profit(kwh: np.ndarray, eur: np.ndarray) -> float:
        return float(prob @ (kappa * np.log1p(kwh / flat) - eur))

    best = profit(energy, pay)
    for _ in range(300):  # any energies that rise with the type, at the least pay that will do
        kwh = np.sort(rng.uniform(0, cap, n))
        if rng.random() < 0.5:
            kwh = np.sort(np.clip(energy + rng.normal(0, 0.05 * (cap + 1e-9), n), 0, cap))
        eur = np.cumsum(np.diff(kwh, prepend=0.0) * wear / types)
        assert profit(kwh, eur) <= best + 1e-9
