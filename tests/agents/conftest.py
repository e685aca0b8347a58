"""A world with a known answer, and a small one that looks like the real thing."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from vpp_gym.scenarios.scenario import Scenario  # noqa: E402
from vpp_gym.scenarios.synthetic import SyntheticSource  # noqa: E402

TOY_DAYS = 8
CHEAP, DEAR = 0.02, 0.08
FULL_HOUR_KWH = 11.0


@pytest.fixture(scope="session")
def toy() -> Scenario:
    """Every day one EV stays for two hours and needs one of them: the cheap one.

    It comes at noon. On even days the first hour is the cheap one, on odd days
    the second, as the day-ahead prices say.
    """
    hour, day = np.arange(24 * TOY_DAYS) % 24, np.arange(24 * TOY_DAYS) // 24
    cheap = (hour == 12) == (day % 2 == 0)
    price = np.where(np.isin(hour, (12, 13)), np.where(cheap, CHEAP, DEAR), 0.05)
    noon = 24 * np.arange(TOY_DAYS) + 12
    return Scenario.from_arrays(
        da_eur_per_kwh=price,
        im_eur_per_kwh=price,
        sessions={
            "arrival_step": noon,
            "departure_step": noon + 2,
            "arrival_soc": np.full(TOY_DAYS, 0.97 - FULL_HOUR_KWH * 0.98 / 80),
        },
        name="toy",
    )


@pytest.fixture(scope="session")
def small() -> SyntheticSource:
    """Two synthetic fortnights."""
    return SyntheticSource("train", n_scenarios=2, days=15)
