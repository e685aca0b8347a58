"""Environment stack and SB3 model of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn

from vpp_gym.agents.policy import CLIP, Network
from vpp_gym.errors import InvalidInputError
from vpp_gym.training.config import RunSettings
from vpp_gym.training.environments import observed_columns
from vpp_gym.training.vec_env import BatchVecEnv
from vpp_gym.training.wrappers import (
    ActionCost,
    Foreseeing,
    Foresight,
    GainReward,
    LoadReward,
    ScaledReward,
    Selected,
)


class Stack:
    """The environments of a run, from the simulator to normalised observations.

    Args:
        run: settings.
        arguments: of the environment, in place of those in the settings.

    Attributes:
        base: the environments.
        n_public: columns that the actor sees: those of the environment.
        top: what the learner sees.
    """

    def __init__(self, run: RunSettings, **arguments: Any) -> None:
        chosen = run.wrappers
        given = {**run.world.training(run.traits), **arguments}
        self.base = BatchVecEnv(run.env_id, run.world.n_envs, **given)
        core = self.base.batch.core
        venv: Any = self.base
        if chosen.reward == "load":
            venv = LoadReward(venv, self.base)
        if chosen.reward == "gain":
            twin = BatchVecEnv(run.env_id, run.world.n_envs, **given)
            reference = run.traits.reference_action(core, self.base.action_space)
            venv = GainReward(venv, twin, reference)
        if chosen.action_cost_eur > 0.0:
            venv = ActionCost(venv, chosen.action_cost_eur)
        if chosen.reward_scale is not None:
            venv = ScaledReward(venv, chosen.reward_scale)
        if chosen.fields is not None:
            venv = Selected(venv, observed_columns(core, chosen.fields))
        self.n_public: int = venv.observation_space.shape[0]
        if run.algorithm == "ppo" and chosen.foresight_h > 0:
            venv = Foreseeing(venv, Foresight(core, chosen.foresight_h))
        self.top = VecNormalize(
            venv,
            gamma=run.learner.gamma,
            clip_obs=CLIP,
            norm_reward=chosen.reward_scale is None,
        )


class ForesightExtractor(nn.Module):
    """Two separate networks; the actor's sees the first columns only."""

    def __init__(self, n_public: int, n_all: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.n_public = n_public
        self.policy_net = _perceptron(n_public, hidden)
        self.value_net = _perceptron(n_all, hidden)
        self.latent_dim_pi = self.latent_dim_vf = hidden[-1]

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents of actor and critic."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        """Latent of the actor."""
        return self.policy_net(features[:, : self.n_public])

    def forward_critic(self, features: torch.Tensor) -> torch.Tensor:
        """Latent of the critic."""
        return self.value_net(features)


def _perceptron(n_inputs: int, hidden: tuple[int, ...]) -> nn.Sequential:
    sizes = (n_inputs, *hidden)
    layers: list[nn.Module] = []
    for before, after in zip(sizes, hidden, strict=False):
        layers += [nn.Linear(before, after), nn.Tanh()]
    return nn.Sequential(*layers)


class ForesightPolicy(ActorCriticPolicy):
    """Actor on the environment's observation, critic on all that is seen."""

    def __init__(self, *args: Any, n_public: int, hidden: tuple[int, ...], **kwargs: Any) -> None:
        self._n_public, self._hidden = n_public, hidden
        super().__init__(*args, **kwargs)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = ForesightExtractor(  # type: ignore[assignment]
            self._n_public, self.features_dim, self._hidden
        )


def build_model(run: RunSettings, stack: Stack, tensorboard: str | None = None) -> BaseAlgorithm:
    """The untrained learner, seeded, on one thread."""
    torch.set_num_threads(1)
    common: dict[str, Any] = {
        "env": stack.top,
        "seed": run.seed,
        "device": "cpu",
        "tensorboard_log": tensorboard,
    }
    if run.algorithm == "ppo":
        model = PPO(**common, **_ppo(run, stack))
        if run.ppo.start_at_zero:
            policy: Any = model.policy
            nn.init.zeros_(policy.action_net.weight)
            policy.action_net.bias.data = _first_action(run, stack)
        if isinstance(run.ppo.log_std_init, tuple):
            _refuse_other_length(run.ppo.log_std_init, stack.top.action_space.shape)
            model.policy.log_std.data = torch.tensor(run.ppo.log_std_init)
        return model
    return SAC(**common, **_sac(run))


def _first_action(run: RunSettings, stack: Stack) -> torch.Tensor:
    """(A,) mean action of the first policy."""
    space, first = stack.base.action_space, run.ppo.first_action
    if first == "reference":
        action = run.traits.reference_action(stack.base.batch.core, space)
        return torch.as_tensor(action, dtype=torch.float32)
    return torch.full(space.shape or (), first)


def _refuse_other_length(log_std_init: tuple[float, ...], shape: Any) -> None:
    if (len(log_std_init),) != shape:
        remedy = f"give one number, or one for each entry of an action of shape {shape}"
        raise InvalidInputError("ppo.log_std_init", log_std_init, remedy)


def _ppo(run: RunSettings, stack: Stack) -> dict[str, Any]:
    chosen = run.ppo
    given = chosen.model_dump(
        exclude={
            "hidden",
            "learning_rate",
            "final_learning_rate",
            "log_std_init",
            "start_at_zero",
            "first_action",
        }
    )
    return {
        **given,
        "policy": ForesightPolicy,
        "learning_rate": LinearSchedule(chosen.learning_rate, chosen.final_learning_rate, 1.0),
        "policy_kwargs": {
            "n_public": stack.n_public,
            "hidden": chosen.hidden,
            "log_std_init": 0.0 if isinstance(chosen.log_std_init, tuple) else chosen.log_std_init,
        },
    }


def _sac(run: RunSettings) -> dict[str, Any]:
    chosen = run.sac
    given = chosen.model_dump(exclude={"hidden", "learning_rate", "final_learning_rate"})
    return {
        **given,
        "policy": "MlpPolicy",
        "learning_rate": LinearSchedule(chosen.learning_rate, chosen.final_learning_rate, 1.0),
        "train_freq": 1,
        "policy_kwargs": {"net_arch": list(chosen.hidden)},
    }


def network_of(model: BaseAlgorithm, stack: Stack) -> Network:
    """The deterministic actor as plain arrays, normalisation included."""
    policy: Any = model.policy
    if isinstance(policy, ActorCriticPolicy):
        body, head = policy.mlp_extractor.policy_net, policy.action_net
        activation, squash = "tanh", "clip"
    else:
        body, head = policy.actor.latent_pi, policy.actor.mu
        activation, squash = "relu", "tanh"
    layers = [layer for layer in (*body, head) if isinstance(layer, nn.Linear)]
    arrays = [layer.weight.detach().numpy().T.copy() for layer in layers]
    seen: Any = stack.top.obs_rms
    public = slice(stack.n_public)
    return Network(
        features=np.eye(stack.n_public, dtype=np.float32),
        mean=seen.mean[public].astype(np.float32),
        std=np.sqrt(seen.var[public] + stack.top.epsilon).astype(np.float32),
        weights=tuple(arrays),
        biases=tuple(layer.bias.detach().numpy().copy() for layer in layers),
        activation=activation,
        squash=squash,
    )
