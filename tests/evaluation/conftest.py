"""A ten-day world small enough to run many times."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.scenarios.scenario import Scenario

N_DAYS = 10


@pytest.fixture(scope="session")
def world() -> Scenario:
    """Ten days of two price levels and some sixty sessions; day 4 has nobody."""
    rng = np.random.default_rng(1)
    n_steps = 24 * N_DAYS
    hour = np.arange(n_steps) % 24
    da = 0.04 + 0.03 * np.sin(hour * np.pi / 12) + 0.002 * rng.standard_normal(n_steps)
    arrival = np.sort(rng.integers(0, n_steps - 12, 70))
    arrival = arrival[arrival // 24 != 3]
    return Scenario.from_arrays(
        da_eur_per_kwh=da,
        im_eur_per_kwh=da + 0.02 * rng.standard_normal(n_steps),
        sessions={
            "arrival_step": arrival,
            "departure_step": arrival + rng.integers(5, 12, len(arrival)),
            "arrival_soc": rng.uniform(0.3, 0.8, len(arrival)),
        },
        name="ten days",
    )
