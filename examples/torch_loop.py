"""PPO in a plain torch loop on a batch of environments, judged like any other model.

python examples/torch_loop.py

Such a short training is worth little: it shows where everything goes.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import nn

import vpp_gym

ENV_ID, N_ENVS, N_STEPS, GAMMA, LAMBDA = "VPPDispatch-v0", 16, 64, 0.97, 0.9
ARGUMENTS: dict[str, Any] = {"params": {"contract": {"families": ()}}}


class Agent(nn.Module):
    """Mean action and value of an observation; the statistics that scale it are part of it."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, seen: torch.Tensor, n_actions: int) -> None:
        super().__init__()
        self.register_buffer("mean", seen.mean(dim=0))
        self.register_buffer("std", seen.std(dim=0) + 1e-3)
        size = seen.shape[1]
        self.actor = nn.Sequential(nn.Linear(size, 64), nn.Tanh(), nn.Linear(64, n_actions))
        self.critic = nn.Sequential(nn.Linear(size, 64), nn.Tanh(), nn.Linear(64, 1))
        self.log_std = nn.Parameter(torch.full((n_actions,), -0.5))

    def forward(self, seen: torch.Tensor) -> torch.distributions.Normal:
        """What to do; the mean of it where the agent is judged."""
        return torch.distributions.Normal(self.actor(self.scaled(seen)), self.log_std.exp())

    def value(self, seen: torch.Tensor) -> torch.Tensor:
        """(n,) what is still to come."""
        return self.critic(self.scaled(seen))[:, 0]

    def scaled(self, seen: torch.Tensor) -> torch.Tensor:
        """Observations with the statistics of the first week."""
        return ((seen - self.mean) / self.std).clamp(-10, 10)


def week_of_idling(envs: Any) -> torch.Tensor:
    """Observations of a week with action 0, by which all later ones are scaled."""
    envs.reset(seed=0)
    idle = np.zeros(envs.action_space.shape, np.float32)
    return torch.as_tensor(np.concatenate([envs.step(idle)[0] for _ in range(96 * 7)]))


def collected(envs: Any, agent: Agent, seen: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Observations, actions, log-probabilities, advantages and returns, and what is seen last."""
    rows: list[tuple[torch.Tensor, ...]] = []
    with torch.no_grad():
        for _ in range(N_STEPS):
            law = agent(seen)
            action = law.sample()
            after, reward, ended, cut_off, _ = envs.step(action.clamp(-1, 1).numpy())
            log_probability, value = law.log_prob(action).sum(-1), agent.value(seen)
            over = torch.as_tensor(ended | cut_off)
            rows.append(
                (seen, action, log_probability, value, torch.as_tensor(reward).float(), over)
            )
            seen = torch.as_tensor(after)
        later, advantage, advantages = agent.value(seen), torch.zeros(N_ENVS), []
        for *_, value, reward, over in reversed(rows):
            later = torch.where(over, value, later)  # the next row is of another episode
            delta = reward + GAMMA * later - value
            advantage = delta + GAMMA * LAMBDA * torch.where(over, 0.0, advantage)
            advantages.append(advantage)
            later = value
    parts = [torch.cat(part) for part in zip(*(row[:4] for row in rows), strict=True)]
    gains = torch.cat(advantages[::-1])
    return (*parts[:3], gains, gains + parts[3], seen)


def trained(updates: int, seed: int = 0) -> Agent:
    """An agent after some updates of PPO."""
    torch.manual_seed(seed)
    envs = gym.make_vec(
        ENV_ID,
        N_ENVS,
        vectorization_mode="vector_entry_point",
        autoreset_mode="SameStep",
        scenario="synthetic:train",
        **ARGUMENTS,
    )
    shape = envs.single_action_space.shape
    assert shape is not None
    agent = Agent(week_of_idling(envs), shape[0])
    optimiser = torch.optim.Adam(agent.parameters(), lr=1e-3)
    seen = torch.as_tensor(envs.reset(seed=seed)[0])
    for _ in range(updates):
        *batch, seen = collected(envs, agent, seen)
        for _ in range(4):
            for rows in torch.randperm(len(batch[0])).split(256):
                shown, action, before, advantage, value = (part[rows] for part in batch)
                ratio = (agent(shown).log_prob(action).sum(-1) - before).exp()
                gain = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                surrogate = torch.minimum(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()
                loss = 0.5 * (agent.value(shown) - value).square().mean() - surrogate
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
                optimiser.step()
    return agent


def fortnight_eur(policy: Any) -> float:
    """Profit of the first fortnight of a validation year."""
    env = gym.make(ENV_ID, **ARGUMENTS)
    run = vpp_gym.evaluate(policy, env, scenario="synthetic:validation", end_step=14 * 96)
    return float(run.days["profit_eur"].sum())


if __name__ == "__main__":
    print(f"charge_on_arrival {fortnight_eur('charge_on_arrival'):8.2f} EUR")
    for updates in (0, 60):
        print(f"{updates:3d} updates       {fortnight_eur(trained(updates)):8.2f} EUR")
