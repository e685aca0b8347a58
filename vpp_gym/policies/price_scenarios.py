"""Paths that prices may take, from the past errors of an honest forecaster."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.price_history import periods_ahead
from vpp_gym.views import Snapshot


class SampledPaths:
    """Adds sampled paths to a forecaster that can name its past errors.

    A path is the forecast plus e_h = persistence e_{h-1} + shock_h. Shocks are blocks
    of a day from the past, each beginning at the period of the day that it is laid on:
    so the hours keep their own scale, and what followed in one day follows here.
    """

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        raise NotImplementedError

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) past shocks of the middle price [EUR/kWh], and the persistence of errors."""
        raise NotImplementedError

    def scenarios(
        self, snapshot: Snapshot, n_steps: int, n_samples: int, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """(n_samples, n_steps) short and long prices [EUR/kWh], this step first.

        Without two days of history every path is the forecast itself.

        Raises:
            InvalidInputError: fewer than one step or sample.
        """
        for name, number in (("n_steps", n_steps), ("n_samples", n_samples)):
            if number < 1:
                raise InvalidInputError(name, number, "give at least 1")
        short, long = self.forecast(snapshot, n_steps)
        shocks, persistence = self.past_shocks(snapshot)
        known = snapshot.im_short_now_eur_per_kwh is not None
        blocks = day_blocks(snapshot, n_steps, n_samples, rng)
        errors = np.zeros((n_samples, n_steps))
        if blocks is not None:
            drawn, before = shocks[blocks] - shocks.mean(), np.zeros(n_samples)
            for h in range(int(known), n_steps):
                before = errors[:, h] = persistence * before + drawn[:, h]
        return short + errors, long + errors


def day_blocks(
    snapshot: Snapshot, n_steps: int, n_samples: int, rng: np.random.Generator
) -> Ints | None:
    """(n_samples, n_steps) places in the history: whole days in a row, from the same period.

    None where the history holds no whole day from that period on.
    """
    periods = len(snapshot.expected_load_kwh)
    period = int(periods_ahead(snapshot, 1)[0])
    starts = np.flatnonzero(snapshot.period_past == period)
    starts = starts[starts + periods <= len(snapshot.period_past)]
    if not len(starts):
        return None
    n_blocks = -(-n_steps // periods)
    first = starts[rng.integers(len(starts), size=(n_samples, n_blocks))]
    return (first[:, :, None] + np.arange(periods)).reshape(n_samples, -1)[:, :n_steps]
