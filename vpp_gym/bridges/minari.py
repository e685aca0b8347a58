"""Data sets of Minari: what a rule, a plan, the optimum in hindsight or an agent did."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import minari
import numpy as np

import vpp_gym
from vpp_gym.agents.origin import setting_of_agent
from vpp_gym.agents.stored import load, pretrained
from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.policies.baselines import baseline
from vpp_gym.policy import Privileged
from vpp_gym.views import Snapshot
from vpp_gym.wrappers.costs import core_of

ENV_ID = "VPPDispatch-v0"
PER_EV = {"control": "per_ev"}
NEAR = 1e-9
"""kWh: a range below it is none."""


def record(
    policy: Any,
    dataset_id: str,
    *,
    n_episodes: int = 100,
    seed: int = 0,
    arguments: Mapping[str, Any] | None = None,
    record_infos: bool = False,
    author: str | None = None,
) -> minari.MinariDataset:
    """Let a policy play episodes, and keep them as a data set of Minari.

    A policy that reads snapshots, such as "rolling_mpc" or "hindsight", plays `VPPDispatch-v0`
    with `control="per_ev"`: its load of each car is written as the entry that stands for it. It
    neither bids nor makes offers; those are the environment's. An agent plays the environment of
    its training.

    Args:
        policy: name of a baseline or of a pretrained agent, or an object of either kind.
        dataset_id: name of the data set, such as "vpp/dispatch/rolling_mpc-v0"; it is written
            to the folder that MINARI_DATASETS_PATH names.
        n_episodes: how many are played.
        seed: of the first; the next has one more.
        arguments: of the environment, such as `scenario` and `episode_days`; an agent has those
            of its training for what is not said.
        record_infos: whether to keep the terms of the ledger, too.
        author: of the data set.

    Returns:
        the data set.

    Raises:
        InvalidInputError: no such policy, an agent behind wrappers, or no episodes.
    """
    if n_episodes < 1:
        raise InvalidInputError("n_episodes", n_episodes, "record at least one")
    chosen = _named(policy)
    player: Any
    if isinstance(chosen, EnvironmentAgent):
        env = _env_of(chosen, arguments or {})
        player = AgentPlayer(chosen, env)
    else:
        env = gym.make(ENV_ID, **{**PER_EV, **(arguments or {})})
        player = PlanPlayer(chosen, env)
    collector = minari.DataCollector(env, record_infos=record_infos)
    for episode in range(n_episodes):
        observation, _ = collector.reset(seed=seed + episode)
        player.begin()
        over = False
        while not over:
            observation, _, ends, truncated, _ = collector.step(player.action(observation))
            over = ends or truncated
    return collector.create_dataset(
        dataset_id,
        eval_env=env.spec,
        algorithm_name=str(chosen.name),
        author=author,
        description=_description(chosen, n_episodes, seed),
        requirements=[f"vpp_gym=={vpp_gym.__version__}"],
    )


class PlanPlayer:
    """A policy that reads snapshots, as the agent of an environment with an entry per charger.

    Args:
        policy: baseline, or one of your own.
        env: `VPPDispatch-v0` or `VPPDayAhead-v0` with `control="per_ev"`, at any place of wrappers.

    Raises:
        InvalidInputError: an environment whose actions are no loads of chargers alone.
    """

    def __init__(self, policy: Any, env: gym.Env[Any, Any]) -> None:
        self.policy, self._core = policy, core_of(env)
        self._memory: Any = None
        how = getattr(self._core, "_action", None)
        if how is None or not how.per_charger or self._core.action_shape[0] != how.n_dispatch:
            remedy = "use VPPDispatch-v0 with control='per_ev'"
            raise InvalidInputError("env", type(env.unwrapped).__name__, remedy)

    def begin(self) -> None:
        """An episode has begun; a policy that may see the future is shown it."""
        simulation, self._memory = self._core.simulation, None
        if self.policy.privileged and isinstance(self.policy, Privileged):
            run = simulation.state.run[0]
            begin, end = int(run["start"]), int(run["end"])
            self.policy.reveal(simulation.scenarios[0], self._core.params, begin, end)

    def action(self, observation: Any) -> Floats:
        """(A,) what the policy does now, as the environment takes it."""
        snapshot = self._core.simulation.snapshot(0)
        begins = np.array([snapshot.step == 0])
        decisions, self._memory = self.policy.predict(snapshot, self._memory, begins, True)
        if decisions.net_load_kwh is None:
            remedy = "it decides for the fleet as a whole: give one that decides for each car"
            raise InvalidInputError("policy", self.policy.name, remedy)
        entries = np.zeros(self._core.action_shape)
        entries[snapshot.charger] = entries_of(snapshot, decisions.net_load_kwh[snapshot.charger])
        if (storage_kwh := decisions.storage_kwh) is not None and snapshot.site is not None:
            site = snapshot.site
            end_kwh = site.storage_hi_kwh if storage_kwh > 0 else -site.storage_lo_kwh
            entries[-1] = storage_kwh / end_kwh if end_kwh > NEAR else 0.0
        return entries.astype(np.float32)


class AgentPlayer:
    """An agent in the environment of its training.

    Args:
        agent: of any environment.
        env: as in its training.
    """

    def __init__(self, agent: EnvironmentAgent, env: gym.Env[Any, Any]) -> None:
        self._agent, self._space = agent, env.action_space
        self._read = agent.reader(core_of(env).layout.slices)
        self._memory: Any = None
        self._begins = True

    def begin(self) -> None:
        """An episode has begun."""
        self._memory, self._begins = None, True

    def action(self, observation: Any) -> Any:
        """(A,) what the agent does for what it is shown."""
        begins, self._begins = np.array([self._begins]), False
        seen = self._read(observation)
        action, self._memory = self._agent.predict(seen, self._memory, begins, True)
        return np.asarray(action, dtype=self._space.dtype)


def entries_of(snapshot: Snapshot, net_load_kwh: Floats) -> Floats:
    """(n,) entries in [-1, 1] that stand for (n,) loads of the connected cars.

    0 idles, -1 is the least load, +1 the largest, straight between them; 0 also where a car has
    no choice.
    """
    above_kwh = net_load_kwh - snapshot.idle_kwh
    range_kwh = np.where(
        above_kwh > 0, snapshot.hi_kwh - snapshot.idle_kwh, snapshot.idle_kwh - snapshot.lo_kwh
    )
    share = np.divide(above_kwh, range_kwh, out=np.zeros_like(above_kwh), where=range_kwh > NEAR)
    return np.clip(share, -1.0, 1.0)


def _named(policy: Any) -> Any:
    if not isinstance(policy, str):
        return policy
    return load(policy) if policy in pretrained() else baseline(policy)


def _env_of(agent: EnvironmentAgent, arguments: Mapping[str, Any]) -> gym.Env[Any, Any]:
    """The environment of an agent's training, with some other arguments."""
    setting = getattr(agent, "setting", None) or setting_of_agent(agent)
    layers = getattr(getattr(agent, "behind", None), "layers", ())
    if layers:
        names = ", ".join(type(layer).__name__ for layer in layers)
        raise InvalidInputError("policy", agent.name, f"it was trained behind {names}")
    rules = setting.params.model_dump(mode="json")
    own = {**setting.settings, "params": rules}
    if setting.world == "ev":
        own["dt_h"] = setting.dt_h
    if setting.scenario is not None:
        own["scenario"] = setting.scenario
    return gym.make(agent.env_id, **{**own, **arguments})


def _description(policy: Any, n_episodes: int, seed: int) -> str:
    last = seed + n_episodes - 1
    future = " It saw the future." if policy.privileged else ""
    return f"{shlex.quote(str(policy.name))}, seeds {seed} to {last}.{future}"
