"""Policies that play an environment: observations in, actions in [-1, 1] out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from vpp_gym.envs.settings import (
    BiddingSettings,
    ContractsSettings,
    DayAheadSettings,
    DispatchSettings,
)
from vpp_gym.settings import Settings, checked

SETTINGS: dict[str, type[Settings]] = {
    "VPPDayAhead-v0": DayAheadSettings,
    "VPPDispatch-v0": DispatchSettings,
    "VPPBidding-v0": BiddingSettings,
    "VPPContracts-v0": ContractsSettings,
}
"""Of the virtual power plant; the fuel-cell worlds check their own when a run begins."""


class Predictor(Protocol):
    """What a model of Stable-Baselines3 offers."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Action and the predictor's own state."""
        ...


class EnvironmentAgent:
    """A policy of an environment that is evaluated like any other policy.

    It sees the environment's observations and its actions are read by the
    environment's own core, in the same simulator as every rule.

    Args:
        predictor: a trained model; its observations are those of one environment.
        name: row label in results.
        env_id: environment that it plays.
        settings: of the environment it was trained in: `control`, `bids`, `volumes` and
            the like; neither worlds nor parameters.
        term_h: term of the menu on offer; None leaves it to the world.
        contract: changes of the contracts on offer beyond that.
        guarantee: True keeps every target within reach even where the world does
            not ask for it: the agent then restricts itself to such dispatches.
            False or None leaves it to the world.
        dt_h: hours per step it was trained for; None: it suits any.
    """

    privileged = False

    def __init__(
        self,
        predictor: Predictor,
        *,
        name: str,
        env_id: str = "VPPDayAhead-v0",
        settings: Mapping[str, Any] | None = None,
        term_h: int | None = None,
        contract: Mapping[str, Any] | None = None,
        guarantee: bool | None = None,
        dt_h: float | None = None,
    ) -> None:
        self.predictor, self.name, self.env_id = predictor, name, env_id
        self.settings = dict(settings or {})
        if env_id in SETTINGS:
            checked(SETTINGS[env_id], **self.settings)
        self.term_h, self.contract = term_h, dict(contract or {})
        self.guarantee, self.dt_h = guarantee, dt_h

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """The predictor's action, and its state."""
        return self.predictor.predict(observation, state, episode_start, deterministic)
