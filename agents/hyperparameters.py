"""What a training run is made of: frozen settings, and the ones that worked best."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp_gym.errors import InvalidInputError

Algorithm = Literal["ppo", "sac"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WorldSettings(_Frozen):
    """The environment that is trained in, and the one that validates.

    Attributes:
        train: scenario name for training.
        validation: scenario name for choosing the best model; whole years.
        term_h: hours of the V2G menu, 0 offers none.
        guarantee: every target is kept within reach.
        bids: as in `VPPDayAheadEnv`.
        episode_days: length of a training episode.
        n_envs: environments in the batch.
    """

    train: str = "synthetic:train"
    validation: str = "synthetic:validation"
    term_h: int = Field(default=0, ge=0)
    guarantee: bool = True
    bids: Literal["sheet", "line", "expected_load"] = "expected_load"
    episode_days: int = Field(default=7, ge=1)
    n_envs: int = Field(default=64, ge=1)

    def environment(self) -> dict[str, Any]:
        """Keyword arguments of `VPPDayAheadEnv`, without the scenario."""
        return {
            "params": {"contract": {"term_h": self.term_h}, "guarantee": self.guarantee},
            "bids": self.bids,
            "episode_days": self.episode_days,
        }


class LessonSettings(_Frozen):
    """What the learner is shown and paid in training; the policy never needs it.

    Attributes:
        reward: "profit" is the environment's; "load" what the dispatch changes.
        price_level_eur_per_kwh: subtracted from the price of the load in "load".
            All energy must be bought at some time, so it moves no optimum, but
            without it discounting makes late charging look cheap.
        foresight_h: hours of prices and arrivals to come that the critic is
            shown, and only the critic.
    """

    reward: Literal["profit", "load"] = "load"
    price_level_eur_per_kwh: float = 0.045
    foresight_h: int = Field(default=24, ge=0)


class PPOSettings(_Frozen):
    """Of `stable_baselines3.PPO`."""

    hidden: tuple[int, ...] = (64, 64)
    learning_rate: float = Field(default=3e-4, gt=0)
    final_learning_rate: float = Field(default=0.0, ge=0)
    n_steps: int = Field(default=128, ge=1)
    batch_size: int = Field(default=2048, ge=1)
    n_epochs: int = Field(default=8, ge=1)
    gamma: float = Field(default=0.99, gt=0, le=1)
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    clip_range: float = Field(default=0.2, gt=0)
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = Field(default=0.5, gt=0)
    log_std_init: float = -1.0


class SACSettings(_Frozen):
    """Of `stable_baselines3.SAC`."""

    hidden: tuple[int, ...] = (128, 128)
    learning_rate: float = Field(default=3e-4, gt=0)
    final_learning_rate: float = Field(default=0.0, ge=0)
    buffer_size: int = Field(default=300_000, ge=1)
    batch_size: int = Field(default=512, ge=1)
    learning_starts: int = Field(default=10_000, ge=0)
    gradient_steps: int = Field(default=16, ge=1)
    gamma: float = Field(default=0.98, gt=0, le=1)
    tau: float = Field(default=0.005, gt=0, le=1)


class RunSettings(_Frozen):
    """One training run.

    Attributes:
        name: of the trained policy.
        algorithm: "ppo" or "sac".
        timesteps: environment steps in all.
        seed: of learner and environments.
        validate_every: environment steps between two validations.
        world: see there.
        lesson: see there.
        ppo: used if the algorithm is "ppo".
        sac: used if the algorithm is "sac".
    """

    name: str
    algorithm: Algorithm = "ppo"
    timesteps: int = Field(default=3_000_000, ge=1)
    seed: int = Field(default=0, ge=0)
    validate_every: int = Field(default=250_000, ge=1)
    world: WorldSettings = WorldSettings()
    lesson: LessonSettings = LessonSettings()
    ppo: PPOSettings = PPOSettings()
    sac: SACSettings = SACSettings()


WORLDS = {
    "synthetic": {"train": "synthetic:train", "validation": "synthetic:validation"},
    "real": {"train": "real:train", "validation": "synthetic:validation"},
}
"""Scenario names by the word on the command line."""

TIMESTEPS = {"ppo": 8_000_000, "sac": 1_000_000}


def run_settings(
    *,
    algorithm: str = "ppo",
    world: str = "synthetic",
    name: str | None = None,
    seed: int = 0,
    timesteps: int | None = None,
    validate_every: int | None = None,
    **changes: Any,
) -> RunSettings:
    """Settings of a run: the ones that worked best, with changes.

    Args:
        algorithm: "ppo" or "sac".
        world: one of `WORLDS`.
        name: of the policy; by default made of what it is.
        seed: of learner and environments.
        timesteps: environment steps; None for as many as paid off.
        validate_every: environment steps; None for 32 times in all.
        changes: fields of `WorldSettings`; None leaves the default.

    Raises:
        InvalidInputError: an unknown name, or a value out of range.
    """
    if world not in WORLDS:
        raise InvalidInputError("world", world, f"use one of {', '.join(WORLDS)}")
    if algorithm not in TIMESTEPS:
        raise InvalidInputError("algo", algorithm, f"use one of {', '.join(TIMESTEPS)}")
    given = {key: value for key, value in changes.items() if value is not None}
    steps = TIMESTEPS[algorithm] if timesteps is None else timesteps
    try:
        chosen = WorldSettings(**{**WORLDS[world], **given})
        return RunSettings.model_validate(
            {
                "name": _name(algorithm, world, chosen) if name is None else name,
                "algorithm": algorithm,
                "timesteps": steps,
                "validate_every": max(steps // 32, 1) if validate_every is None else validate_every,
                "seed": seed,
                "world": chosen,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidInputError(field, first.get("input"), first["msg"]) from error


def _name(algorithm: str, world: str, chosen: WorldSettings) -> str:
    """For example ppo_synthetic, ppo_synthetic_v2g3, ppo_real_open."""
    words = [algorithm, world]
    words += [f"v2g{chosen.term_h}"] if chosen.term_h else []
    words += [] if chosen.guarantee else ["open"]
    return "_".join(words + ([] if chosen.bids == "expected_load" else [chosen.bids]))
