"""What the benchmark runs: its worlds, tracks and policies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.policies import rules
from vpp_gym.policies.base import Policy, with_offer
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.offering import in_words
from vpp_gym.policies.operator import HINDSIGHT_OFFER, MENU_TERM_H, SEARCHED, baselines
from vpp_gym.scenarios.real import real_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource

SUITES = {
    "embedded": "a synthetic Dutch year, the test split of the embedded generator",
    "real": "Dutch public charging and prices of 2019",
}
TRACKS = {
    "open": "demand may be missed, at a penalty per kWh",
    "guaranteed": "every dispatch keeps every target within reach",
}
WITHOUT_CONTRACTS = "rolling_mpc"
"""The scheduler on which offers to owners are compared, without any."""
PAPER_MENUS = ("rolling_mpc_1h", "rolling_mpc_2h", "rolling_mpc_3h")
"""It with the menus of the reference paper."""
OFFERS = (
    f"rolling_mpc_{MENU_TERM_H}h",
    *(f"rolling_mpc_{name}" for name in SEARCHED),
)
"""It with offers that were searched on synthetic validation years."""
AGENT_PACKAGES = {"agents", "agents.policy", "torch", "stable_baselines3"}


@dataclass(frozen=True)
class Run:
    """One policy through one world.

    Attributes:
        suite: one of `SUITES`.
        track: one of `TRACKS`.
        policy: name of a contestant.
        seed: of its training; 0 for what does not learn.
        days: how many days from the first, None for all.
    """

    suite: str
    track: str
    policy: str
    seed: int
    days: int | None = None


@dataclass(frozen=True)
class Contestants:
    """Who takes part.

    Attributes:
        baselines: names of the policies of vpp_gym.
        agents: (name, seed) of the trained agents.
        left_out: why there are no trained agents, if there are none.
    """

    baselines: tuple[str, ...]
    agents: tuple[tuple[str, int], ...]
    left_out: str | None = None

    @property
    def entries(self) -> list[tuple[str, int]]:
        """(name, seed) of all; baselines do not learn and have seed 0."""
        return [*((name, 0) for name in self.baselines), *self.agents]


@cache
def world(suite: str, data: Path | None = None) -> Scenario:
    """The scenario of a suite.

    Args:
        suite: one of `SUITES`.
        data: folder with the real files, for the suite "real".
    """
    if suite == "embedded":
        return SyntheticSource("test").scenario(0)
    if suite == "real":
        return real_source(data, "test").scenario(0)
    raise InvalidInputError("suite", suite, f"use one of {', '.join(SUITES)}")


def track_params(track: str) -> VPPParams:
    """The rules of a track."""
    if track not in TRACKS:
        raise InvalidInputError("track", track, f"use one of {', '.join(TRACKS)}")
    return DEFAULT.replace(guarantee=track == "guaranteed")


def contestants() -> Contestants:
    """The baselines, and the trained agents where they can be loaded."""
    names = tuple(baselines())
    try:
        agents = tuple(_agents())
    except ModuleNotFoundError as error:
        if error.name not in AGENT_PACKAGES:
            raise
        return Contestants(names, (), f"trained agents, because there is no module {error.name}")
    if clash := {name for name, _ in agents} & set(names):
        raise InvalidInputError("agents", clash, "give agents other names than the baselines have")
    return Contestants(names, agents, None if agents else "trained agents: none was found")


def kind_of(policy: Policy) -> str:
    """rule, optimiser, hindsight or learned."""
    if isinstance(policy, Hindsight):
        return "hindsight"
    module = type(policy).__module__
    if not module.startswith("vpp_gym."):
        return "learned"
    return "rule" if module == rules.__name__ else "optimiser"


def fresh_policy(name: str, seed: int) -> Policy:
    """A contestant that has not run yet."""
    known = baselines()
    return known[name] if name in known else _agents()[name, seed]


HINDSIGHT_WORDS = f"{in_words(HINDSIGHT_OFFER)} contracts"
"""What hindsight offers to owners."""


def offer_in_words(name: str) -> str:
    """What a baseline offers to owners."""
    offered = with_offer(baselines()[name], DEFAULT).contract
    return in_words(offered.model_dump(include=set(offered.model_fields)))


def _agents() -> dict[tuple[str, int], Policy]:
    loaded = import_module("agents.policy").load_agents()
    of_cars = [agent for agent in loaded if agent.env_id.startswith("VPP")]
    return {(agent.name, int(getattr(agent, "seed", 0))): agent for agent in of_cars}
