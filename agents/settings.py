"""What a training run is made of: frozen settings, checked when they are put together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from agents.worlds import Family, family_of
from vpp_gym.scenarios.named import as_source

Algorithm = Literal["ppo", "sac"]
Widths = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
DAY_AHEAD = "VPPDayAhead-v0"
CHECKPOINT, BEST = "checkpoint.pt", "best"
"""In the folder of a run: where it stands, and the folder of its best policy."""


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class WorldSettings(_Frozen):
    """The environments that are trained in, and those that validate.

    Attributes:
        train: name of the years for training.
        validation: name of the years for choosing the best model.
        arguments: other keyword arguments of the environment, which checks them.
        in_training: more of them, in training only.
        episode_days: length of a training episode.
        n_envs: environments in the batch.
        n_worlds: worlds for training, where they are numbered (fuel-cell cars).
        n_validation: worlds for validation, likewise.
        first_world: number of the first world for training; those for validation follow
            far behind, so that neither shares drivers or weather with tests, which count
            from 0.
    """

    train: str = "synthetic:train"
    validation: str = "synthetic:validation"
    arguments: dict[str, Any] = {}
    in_training: dict[str, Any] = {}
    episode_days: int = Field(default=7, ge=1)
    n_envs: int = Field(default=64, ge=1)
    n_worlds: int = Field(default=16, ge=1)
    n_validation: int = Field(default=4, ge=1)
    first_world: int = Field(default=1_000, ge=0)

    def training(self, family: Family) -> dict[str, Any]:
        """Keyword arguments of the environment for training."""
        years = {"scenario": self.train}
        if family.is_numbered:
            years = {**years, **self._numbers(self.first_world, self.n_worlds)}
        given = {**self.arguments, **self.in_training}
        return {**years, "episode_days": self.episode_days, **given}

    def validating(self, family: Family) -> dict[str, Any]:
        """Keyword arguments of the environment for validation: whole years."""
        years = {"scenario": self.validation}
        if family.is_numbered:
            first = 2 * self.first_world + self.n_worlds
            years = {**years, **self._numbers(first, self.n_validation)}
        return {**years, "episode_days": None, **self.arguments}

    def n_years(self, family: Family) -> int:
        """Number of the years for validation."""
        return self.n_validation if family.is_numbered else as_source(self.validation).n_scenarios

    @staticmethod
    def _numbers(first: int, count: int) -> dict[str, Any]:
        return {"first_scenario": first, "n_scenarios": count}


class WrapperSettings(_Frozen):
    """What the learner is shown and paid in training; the policy never needs it.

    Attributes:
        reward: "profit" is the environment's; "gain" the same above that of the usual
            action in a twin of the world; "load" what the dispatch of EVs changes.
        reward_scale: factor on the reward; None divides it by the running standard
            deviation of the discounted return.
        price_level_eur_per_kwh: subtracted from the price of the load in "load".
            All energy must be bought at some time, so it moves no optimum, but
            without it discounting makes late charging look cheap.
        foresight_h: hours of prices and arrivals to come that the critic is
            shown, and only the critic; hourly environments of EVs only.
    """

    reward: Literal["profit", "gain", "load"] = "profit"
    reward_scale: float | None = Field(default=None, gt=0)
    price_level_eur_per_kwh: float = 0.045
    foresight_h: int = Field(default=0, ge=0)


class PPOSettings(_Frozen):
    """Of `stable_baselines3.PPO`.

    Attributes:
        hidden: widths of the hidden layers of actor and critic.
        learning_rate: of Adam, at first; it falls from stretch to stretch.
        final_learning_rate: towards which it falls.
        n_steps: of each environment before an update.
        batch_size: transitions of a gradient step.
        n_epochs: passes through the transitions of an update.
        gamma: discount factor of a step.
        gae_lambda: of the generalised advantage estimate.
        clip_range: of the ratio of probabilities.
        ent_coef: weight of the entropy in the loss.
        vf_coef: weight of the critic in the loss.
        max_grad_norm: gradients are scaled down to it.
        target_kl: an update ends early beyond this divergence; None: never.
        log_std_init: logarithm of the standard deviation of the first actions; of each of
            them, or of all.
        start_at_zero: the first policy's mean action is 0 whatever it sees: the
            environment's usual strategy, from which learning sets out.
    """

    hidden: Widths = (64, 64)
    learning_rate: float = Field(default=3e-4, gt=0)
    final_learning_rate: float = Field(default=0.0, ge=0)
    n_steps: int = Field(default=128, ge=1)
    batch_size: int = Field(default=2048, ge=2)
    n_epochs: int = Field(default=8, ge=1)
    gamma: float = Field(default=0.99, gt=0, le=1)
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    clip_range: float = Field(default=0.2, gt=0)
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = Field(default=0.5, gt=0)
    target_kl: float | None = Field(default=None, gt=0)
    log_std_init: float | tuple[float, ...] = -1.0
    start_at_zero: bool = False


class SACSettings(_Frozen):
    """Of `stable_baselines3.SAC`.

    Attributes:
        hidden: widths of the hidden layers of actor and critics.
        learning_rate: of Adam, at first; it falls from stretch to stretch.
        final_learning_rate: towards which it falls.
        buffer_size: transitions that the replay buffer holds.
        batch_size: transitions of a gradient step.
        learning_starts: environment steps of random actions before the first gradient step.
        gradient_steps: after each step of the batch of environments.
        gamma: discount factor of a step.
        tau: share of the critics that goes into their targets in a gradient step.
    """

    hidden: Widths = (128, 128)
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
        env_id: environment it is for.
        algorithm: "ppo" or "sac".
        timesteps: environment steps in all.
        seed: of learner and environments.
        validate_every: environment steps between two validations.
        world: see there.
        wrappers: see there.
        ppo: used if the algorithm is "ppo".
        sac: used if the algorithm is "sac".

    The first agents' cards call the wrappers "lesson".
    """

    name: str = Field(pattern=r"^[\w-][\w.-]*$")
    env_id: str = DAY_AHEAD
    algorithm: Algorithm = "ppo"
    timesteps: int = Field(default=3_000_000, ge=1)
    seed: int = Field(default=0, ge=0)
    validate_every: int = Field(default=250_000, ge=1)
    world: WorldSettings = WorldSettings()
    wrappers: WrapperSettings = Field(
        default=WrapperSettings(), validation_alias=AliasChoices("wrappers", "lesson")
    )
    ppo: PPOSettings = PPOSettings()
    sac: SACSettings = SACSettings()

    @property
    def family(self) -> Family:
        """What training needs to know of the environment's kind."""
        return family_of(self.env_id)

    @property
    def gamma(self) -> float:
        """Discount factor of the algorithm."""
        return self.ppo.gamma if self.algorithm == "ppo" else self.sac.gamma
