"""Environments whose agent decides in every step: one kernel call steps the batch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.envs.core import Core
from vpp_gym.envs.episodes import EpisodeSpan
from vpp_gym.envs.fields import CHARGER_FIELDS, FLEET_FIELDS, Codec
from vpp_gym.envs.observation import observe
from vpp_gym.envs.step_kernel import ActionSpec
from vpp_gym.envs.threaded_batch import ThreadedBatch
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.source import ScenarioSource


class Bidding(NamedTuple):
    """How the schedule comes about: way of `step_kernel`, entries of the action, scale."""

    way: int
    entries: int
    scale: float


class HourlyCore(Core):
    """The agent dispatches in every step, and may bid.

    Args:
        source: the worlds that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
        preload: see `Core`.
        threads: that share the batch; the result is the same, bit for bit.

    Attributes:
        draft: (B, L) of the next bid schedule: entries of actions, or kWh.
    """

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams | Mapping[str, Any] | str | None,
        settings: Any,
        n_envs: int = 1,
        preload: bool = False,
        threads: int = 1,
    ) -> None:
        super().__init__(source, params, settings, n_envs, preload)
        per_charger = settings.control == "per_ev"
        fields = FLEET_FIELDS + (CHARGER_FIELDS if per_charger else ())
        self.codec = Codec(self.params, self.simulation.dt_h, fields)
        site, limit_kwh = self.params.site, self.simulation.bid_limit_kwh
        bidding = self._bidding()
        self.action_shape = ((site.n_chargers if per_charger else 1) + bidding.entries,)
        self.draft = np.zeros((n_envs, self.simulation.periods))
        self._action_spec = ActionSpec(
            per_charger=per_charger,
            bids=bidding.way,
            bid_step_kwh=bidding.scale * limit_kwh,
            bid_limit_kwh=limit_kwh,
            lag_steps=self.params.market.imbalance_lag_steps,
            per_scale=self.codec.per_scale,
        )
        self._threads = ThreadedBatch(
            n_envs, threads, site.n_chargers, self.simulation.periods, self.codec.size
        )

    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Decode (B, A) actions, advance, and look: see `Core.step`."""
        simulation = self.simulation
        array = self._numbers(actions)
        self._let_bid()
        record = np.empty((simulation.n_envs, len(TERMS)))
        flat = np.empty((simulation.n_envs, self.codec.size), dtype=np.float32)
        self._threads.run(
            simulation.dataset,
            simulation.rules,
            simulation.state,
            self._action_spec,
            array,
            self.draft,
            record,
            flat,
        )
        if self.on_step is not None:
            self.on_step(record[0])
        return record, self._shaped(flat)

    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""
        simulation = self.simulation
        flat = np.empty((simulation.n_envs, self.codec.size), dtype=np.float32)
        observe(
            simulation.dataset,
            simulation.rules,
            simulation.state,
            self._action_spec.lag_steps,
            self._action_spec.per_charger,
            self.codec.per_scale,
            flat,
        )
        return self._shaped(flat)

    @abstractmethod
    def _bidding(self) -> Bidding:
        """How the settings want the schedule to come about."""

    def _let_bid(self) -> None:
        """Have the schedule drafted by somebody else than the agent."""

    def _begin(self, runs: Ints, drawn: Sequence[EpisodeSpan]) -> None:
        self.draft[runs] = 0.0
