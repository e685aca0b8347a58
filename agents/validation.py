"""Score of a network on whole years it has not been trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.hyperparameters import WorldSettings
from agents.policy import Network
from vpp_gym.envs.day_ahead import DayAheadCore
from vpp_gym.envs.settings import checked_settings
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import as_params
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.source import ScenarioSource

Floats = NDArray[np.float64]
N_MONEY = len(MONEY)


@dataclass(frozen=True)
class Score:
    """Means over the validation years.

    Attributes:
        saving_eur: profit without the bids, above that of charging on arrival.
        load_cost_eur: of the net load at the reference price.
        position_eur: what the bids earned.
        satisfaction: share of the demanded energy that was served.
    """

    saving_eur: float
    load_cost_eur: float
    position_eur: float
    satisfaction: float


class Validation:
    """The years of a source side by side, played from the first gate to the end.

    Args:
        world: names the source and the rules.
        source: other scenarios than those that `world.validation` names.
    """

    def __init__(self, world: WorldSettings, source: Any = None) -> None:
        chosen = world.environment()
        self._params = as_params(chosen["params"])
        self._settings = checked_settings(bids=world.bids, episode_days=None)
        self._source: ScenarioSource = as_source(world.validation if source is None else source)
        self._core = self._batch(self._params)
        at_once = self._batch(self._params.replace(contract={"term_h": 0}))
        full = np.ones((self._source.n_scenarios, *at_once.action_shape))
        full[:, 1:] = 0.0
        self.on_arrival = self._totals(at_once, lambda observations: full)

    def __call__(self, network: Network) -> Score:
        """Play every year with the network's actions."""
        total = self._totals(self._core, lambda seen: network.predict(seen)[0])
        return Score(
            saving_eur=_without_bids_eur(total) - _without_bids_eur(self.on_arrival),
            load_cost_eur=-total["load_value_eur"],
            position_eur=total["da_eur"] + total["im_eur"] - total["load_value_eur"],
            satisfaction=total["served_kwh"] / max(total["demand_kwh"], 1e-9),
        )

    def _batch(self, params: Any) -> DayAheadCore:
        n = self._source.n_scenarios
        return DayAheadCore(self._source, params, self._settings, n, preload=True)

    def _totals(self, core: DayAheadCore, act: Any) -> dict[str, float]:
        """Mean over the years of each term's sum."""
        simulation = core.simulation
        bank = simulation.bank
        for year in range(simulation.n_envs):
            at = slice(bank.first_step[year], bank.first_step[year + 1])
            gate = int(np.argmax(bank.line[at] == simulation.rules.gate_line))
            simulation.reset(year, gate, runs=[year])
        core.draft[:] = 0.0
        total, observations = np.zeros(len(TERMS)), core.observe()
        while not simulation.done.all():
            records, observations = core.step(act(observations))
            total += records.mean(axis=0)
        return dict(zip(TERMS, total.tolist(), strict=True))


def _without_bids_eur(total: dict[str, float]) -> float:
    terms = ("load_value_eur", "payoff_eur", "retail_eur", "shortfall_eur")
    return sum(total[name] for name in terms)
