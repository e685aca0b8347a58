"""Score of a network on whole years it has not been trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.agents.policy import Network
from vpp_gym.env import VectorEnv
from vpp_gym.envs.core import HourlyCore
from vpp_gym.markets.ledger import LEDGER, POSITION
from vpp_gym.training.config import RunSettings
from vpp_gym.training.environments import corrects_prices, make_batch, observed_columns

Score = dict[str, float]
"""Means over the validation years: `GAIN`, by which the best network is chosen, and what
explains it."""

GAIN = "saving_eur"
"""Profit above that of the reference action. Where dispatch is learned it leaves bids out."""


class Validation:
    """All validation years side by side, from the first step to the last.

    Args:
        run: names the environment and its years.
        arguments: of the environment, in place of those in the settings.
    """

    def __init__(self, run: RunSettings, **arguments: Any) -> None:
        self._run = run
        self._arguments = {**run.world.validating(run.traits), **arguments}
        given = arguments.get("scenario")
        self._n_years = run.world.n_years(run.traits) if given is None else _count(given)
        self._batch = self._years(self._arguments)
        self._columns = observed_columns(self._batch.core, run.wrappers.fields)
        self.reference = self._reference_totals()

    def __call__(self, network: Network) -> Score:
        """Score of the network's actions."""
        total = self._totals(self._batch, lambda seen: network.predict(seen[:, self._columns])[0])
        gain_eur = self._value_eur(total) - self._value_eur(self.reference)
        return {GAIN: gain_eur, **self._figures(total)}

    def _value_eur(self, total: dict[str, float]) -> float:
        if self._run.wrappers.reward == "load":
            return sum(total[name] for name in LEDGER.split_without(POSITION.name))
        return sum(total[name] for name in self._money)

    def _figures(self, total: dict[str, float]) -> dict[str, float]:
        """What explains a gain: for EVs the costs and the energy served, else every money term."""
        if "demand_kwh" not in total:
            return {name: total[name] for name in self._money}
        return {
            "load_cost_eur": -total["load_value_eur"],
            POSITION.eur: LEDGER.part_eur(POSITION.name, total),
            "satisfaction": total["served_kwh"] / max(total["demand_kwh"], 1e-9),
        }

    @property
    def _money(self) -> tuple[str, ...]:
        core = self._batch.core
        names: tuple[str, ...] = core.terms[: core.n_money]
        return names

    def _reference_totals(self) -> dict[str, float]:
        """Totals of the reference action; charging on arrival makes no use of contracts."""
        batch = self._batch
        if isinstance(batch.core, HourlyCore) and not corrects_prices(batch.core):
            without = batch.core.params.replace(contract={"families": ()})
            batch = self._years({**self._arguments, "params": without})
        actions = self._run.traits.reference_action(batch.core, batch.action_space)
        return self._totals(batch, lambda observations: actions)

    def _years(self, arguments: dict[str, Any]) -> VectorEnv:
        mode = AutoresetMode.DISABLED
        return make_batch(self._run.env_id, self._n_years, autoreset_mode=mode, **arguments)

    def _totals(self, batch: VectorEnv, act: Callable[[Any], Any]) -> dict[str, float]:
        """Mean over the years of each term's sum."""
        observations = self._first_observations(batch)
        core: Any = batch.core
        total = np.zeros(len(core.terms))
        while not core.over.all():
            records, observations = core.step(act(observations))
            total += records.mean(axis=0)
        return dict(zip(core.terms, total.tolist(), strict=True))

    def _first_observations(self, batch: VectorEnv) -> Any:
        """Begin each year once; all runs first, since a batch shows none before all have begun."""
        observations, _ = batch.reset(seed=[0] * self._n_years)
        for year in range(self._n_years):
            mask = np.arange(self._n_years) == year
            chosen = {"scenario": year, "start_day": 0, "reset_mask": mask}
            observations, _ = batch.reset(seed=[0] * self._n_years, options=chosen)
        return observations


def _count(scenario: Any) -> int:
    """Number of the scenarios that a user gives."""
    if hasattr(scenario, "n_scenarios"):
        return int(scenario.n_scenarios)
    return len(scenario) if isinstance(scenario, list | tuple) else 1
