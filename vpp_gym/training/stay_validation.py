"""Score of a network on single stays of years that it has not been trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.agents.policy import Network
from vpp_gym.arrays import Floats
from vpp_gym.markets.ledger import COLUMN, MONEY
from vpp_gym.training.config import RunSettings
from vpp_gym.training.environments import make_batch, observed_columns
from vpp_gym.training.validation import GAIN, Score

N_STAYS = 4096
"""Drawn once from all validation years; every network plays the same."""


class StayValidation:
    """The same stays side by side, each from the arrival to the departure.

    Args:
        run: names the environment and its years.
        arguments: of the environment, in place of those in the settings.
        n_stays: how many; None: `N_STAYS`.

    Attributes:
        reference: (n_stays,) profit of the reference action, charging on arrival.
    """

    def __init__(self, run: RunSettings, *, n_stays: int | None = None, **arguments: Any) -> None:
        n_stays = N_STAYS if n_stays is None else n_stays
        given = {**run.world.validating(run.traits), **arguments}
        self._batch = make_batch(
            run.env_id, n_stays, autoreset_mode=AutoresetMode.DISABLED, **given
        )
        core: Any = self._batch.core
        source = core.source
        years = [source.scenario(index) for index in range(source.n_scenarios)]
        self._stays_a_year = float(np.mean([len(one.sessions) for one in years]))
        self._seeds = list(range(n_stays))
        self._columns = observed_columns(core, run.wrappers.fields)
        action = run.traits.reference_action(core, self._batch.action_space)
        self.reference, _ = self._played(lambda observations: action)

    def __call__(self, network: Network) -> Score:
        """Score of the network's actions: EUR of as many stays as a year has."""
        profit_eur, satisfaction = self._played(
            lambda seen: network.predict(seen[:, self._columns])[0]
        )
        gain_eur = float((profit_eur - self.reference).mean())
        return {GAIN: self._stays_a_year * gain_eur, "satisfaction": satisfaction}

    def _played(self, act: Callable[[Any], Any]) -> tuple[Floats, float]:
        """(n_stays,) profit of every stay, and the share of the demand that is served."""
        core: Any = self._batch.core
        observations, _ = self._batch.reset(seed=self._seeds)
        profit_eur = np.zeros(len(self._seeds))
        served_kwh = demand_kwh = 0.0
        while not (over := core.over).all():
            stays = ~over
            records, observations = core.step(act(observations))
            booked = records[stays]
            profit_eur[stays] += booked[:, : len(MONEY)].sum(axis=1)
            served_kwh += float(booked[:, COLUMN.served_kwh].sum())
            demand_kwh += float(booked[:, COLUMN.demand_kwh].sum())
        return profit_eur, served_kwh / max(demand_kwh, 1e-9)
