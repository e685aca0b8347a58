"""The settings of a training run, their checks, and the values that worked best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.names import MAX_LENGTH, NAME_PATTERN
from vpp_gym.scenarios.named import as_source
from vpp_gym.training.environments import DAY_AHEAD, STAY, TRAITS, EnvTraits, traits_of

Algorithm = Literal["ppo", "sac"]
Widths = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]

CHECKPOINT, BEST = "checkpoint.pt", "best"
"""In the folder of a run: file of its state, and folder of its best policy."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WorldSettings(_Frozen):
    """The environments for training, and those for validation.

    Attributes:
        train: name of the scenarios for training.
        validation: name of the scenarios for choosing the best policy.
        arguments: other keyword arguments of the environment, which checks them.
        in_training: more of them, in training only.
        episode_days: length of a training episode; validation runs whole years. Single stays
            have no days.
        n_envs: environments in the batch.
        n_scenarios: scenarios for training, of fuel-cell cars.
        n_validation: scenarios for validation, of fuel-cell cars.
        validation_years: of EVs, on how many years of the validation split, from its first;
            null: on all of them.
        first_scenario: number of the first scenario for training, of fuel-cell cars.
            Those for validation follow far behind, so that neither shares drivers or
            weather with tests, which count from 0.
    """

    train: str = "synthetic:train"
    validation: str = "synthetic:validation"
    arguments: dict[str, Any] = {}
    in_training: dict[str, Any] = {}
    episode_days: int = Field(default=7, ge=1)
    n_envs: int = Field(default=64, ge=1)
    n_scenarios: int = Field(default=16, ge=1)
    n_validation: int = Field(default=4, ge=1)
    validation_years: int | None = Field(default=None, ge=1)
    first_scenario: int = Field(default=1_000, ge=0)

    def training(self, traits: EnvTraits) -> dict[str, Any]:
        """Keyword arguments of the environment for training."""
        numbers = self._numbers(traits, self.first_scenario, self.n_scenarios)
        given = {**self.arguments, **self.in_training}
        days = {} if traits.one_stay else {"episode_days": self.episode_days}
        return {"scenario": self.train, **numbers, **days, **given}

    def validating(self, traits: EnvTraits) -> dict[str, Any]:
        """Keyword arguments of the environment for validation: whole years, or stays."""
        first = 2 * self.first_scenario + self.n_scenarios
        numbers = self._numbers(traits, first, self.n_validation)
        days = {} if traits.one_stay else {"episode_days": None}
        return {"scenario": self.validation, **numbers, **days, **self.arguments}

    def n_years(self, traits: EnvTraits) -> int:
        """Number of years for validation."""
        if traits.numbers_scenarios:
            return self.n_validation
        years = as_source(self.validation).n_scenarios
        return years if self.validation_years is None else min(years, self.validation_years)

    @staticmethod
    def _numbers(traits: EnvTraits, first: int, count: int) -> dict[str, int]:
        if not traits.numbers_scenarios:
            return {}
        return {"first_scenario": first, "n_scenarios": count}


class WrapperSettings(_Frozen):
    """Rewards and foresight in training; the trained policy does not need them.

    Attributes:
        reward: "profit" is the environment's reward; "gain" is the profit above that of the
            reference action in a copy of the environment; "load" is the environment's reward
            without what the bids of EVs come to.
        action_cost_eur: of a step with one entry of the action at 1 or -1, by its square: holds an
            agent back whose reward makes acting look better than it is.
        reward_scale: factor on the reward; null divides it by the running standard
            deviation of the discounted return.
        foresight_h: hours of future prices and arrivals that only the critic sees, where
            every action dispatches EVs.
        fields: of the observation, those that the agent sees; null: all.
    """

    reward: Literal["profit", "gain", "load"] = "profit"
    action_cost_eur: float = Field(default=0.0, ge=0)
    reward_scale: float | None = Field(default=None, gt=0)
    foresight_h: int = Field(default=0, ge=0)
    fields: tuple[str, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, given: Any) -> Any:
        """Cards of older runs have a price level, which is the environment's now."""
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if name != "price_level_eur_per_kwh"}


class PPOSettings(_Frozen):
    """Of `stable_baselines3.PPO`.

    Attributes:
        hidden: widths of the hidden layers of actor and critic.
        learning_rate: of Adam, at first; it falls after every validation.
        final_learning_rate: towards which it falls.
        n_steps: steps of each environment before an update.
        batch_size: transitions of a gradient step.
        n_epochs: passes through the transitions of an update.
        gamma: discount factor of a step.
        gae_lambda: of the generalised advantage estimate.
        clip_range: of the ratio of probabilities.
        ent_coef: weight of the entropy in the loss.
        vf_coef: weight of the critic in the loss.
        max_grad_norm: gradients are scaled down to it.
        target_kl: an update ends early beyond this divergence; null: never.
        log_std_init: logarithm of the standard deviation of the first actions; one number,
            or one for each entry of the action.
        start_at_zero: the first policy's mean action is 0 for every observation: the
            environment's default strategy, from which learning starts.
        first_action: what it is instead of 0 with `start_at_zero`, in every entry; "reference" is
            the action that validations compare with.
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
    first_action: Annotated[float, Field(ge=-1, le=1)] | Literal["reference"] = 0.0


class SACSettings(_Frozen):
    """Of `stable_baselines3.SAC`.

    Attributes:
        hidden: widths of the hidden layers of actor and critics.
        learning_rate: of Adam, at first; it falls after every validation.
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
        world: the environments; see `WorldSettings`.
        wrappers: rewards and features; see `WrapperSettings`.
        ppo: used if the algorithm is "ppo".
        sac: used if the algorithm is "sac".
    """

    name: str = Field(pattern=NAME_PATTERN, max_length=MAX_LENGTH)
    env_id: str = DAY_AHEAD
    algorithm: Algorithm = "ppo"
    timesteps: int = Field(default=3_000_000, ge=1)
    seed: int = Field(default=0, ge=0)
    validate_every: int = Field(default=250_000, ge=1)
    world: WorldSettings = WorldSettings()
    wrappers: WrapperSettings = WrapperSettings()
    ppo: PPOSettings = PPOSettings()
    sac: SACSettings = SACSettings()

    @property
    def traits(self) -> EnvTraits:
        """What training needs to know of the environment."""
        return traits_of(self.env_id)

    @property
    def learner(self) -> PPOSettings | SACSettings:
        """Settings of the algorithm."""
        return self.ppo if self.algorithm == "ppo" else self.sac


SECTIONS: dict[str, type[BaseModel]] = {
    "world": WorldSettings,
    "wrappers": WrapperSettings,
    "ppo": PPOSettings,
    "sac": SACSettings,
}


def validated(content: Mapping[str, Any]) -> RunSettings:
    """Settings of a run, each in range and all of them together possible.

    Raises:
        InvalidInputError: naming the first that is wrong.
    """
    try:
        run = RunSettings.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidInputError(field, first.get("input"), first["msg"]) from error
    _refuse_conflicts(run)
    return run


def _refuse_conflicts(run: RunSettings) -> None:
    """Refuse settings of which each is right, but which cannot go together."""
    stepwise = ", ".join(name for name, traits in TRAITS.items() if traits.dispatches_evs)
    wrappers = run.wrappers
    if wrappers.reward == "load" and not run.traits.dispatches_evs:
        remedy = f"use profit or gain in {run.env_id}; load is for {stepwise}"
        raise InvalidInputError("wrappers.reward", wrappers.reward, remedy)
    if wrappers.foresight_h and not run.traits.dispatches_evs:
        remedy = f"use 0 in {run.env_id}; foresight is for {stepwise}"
        raise InvalidInputError("wrappers.foresight_h", wrappers.foresight_h, remedy)
    if wrappers.foresight_h and wrappers.fields is not None:
        remedy = "use 0 with chosen fields: what is foreseen is shown relative to fields of prices"
        raise InvalidInputError("wrappers.foresight_h", wrappers.foresight_h, remedy)
    if wrappers.reward == "gain" and run.traits.one_stay:
        remedy = f"use profit in {run.env_id}, whose episodes differ in length"
        raise InvalidInputError("wrappers.reward", wrappers.reward, remedy)
    if run.algorithm == "ppo" and run.world.n_envs * run.ppo.n_steps < 2:
        remedy = "an update needs 2 steps: set ppo.n_steps or world.n_envs higher"
        raise InvalidInputError("ppo.n_steps", run.ppo.n_steps, remedy)
    if run.algorithm == "sac" and run.sac.learning_starts >= run.timesteps:
        remedy = (
            f"sac acts at random for sac.learning_starts={run.sac.learning_starts} steps and "
            "would learn nothing: ask for more steps, or --set sac.learning_starts lower"
        )
        raise InvalidInputError("timesteps", run.timesteps, remedy)


DATA = {
    "synthetic": {"train": "synthetic:train", "validation": "synthetic:validation"},
    "real": {"train": "real:train", "validation": "synthetic:validation"},
    "site": {"train": "site:train", "validation": "site:validation"},
    "shifting": {"train": "shifting:train", "validation": "shifting:validation"},
}
"""Names of the scenarios, by the word on the command line."""

_STEPWISE = {
    "timesteps": {"ppo": 1_600_000, "sac": 1_000_000},
    "wrappers": {"reward": "load", "foresight_h": 24},
    "ppo": {"gamma": 0.97, "gae_lambda": 0.9, "log_std_init": 0.5},
}
_DAILY = {
    "timesteps": {"ppo": 20_000, "sac": 10_000},
    "world": {"n_envs": 8, "episode_days": 28},
    "ppo": {"n_steps": 32, "batch_size": 128, "log_std_init": -1.5, "start_at_zero": True},
    "sac": {"learning_starts": 500, "gradient_steps": 4},
}

_SHORT_STEPWISE = {
    "wrappers": {"reward": "gain"},
    "ppo": {
        "n_steps": 64,
        "batch_size": 512,
        "learning_rate": 1e-3,
        "log_std_init": -0.7,
        "start_at_zero": True,
        "first_action": "reference",
    },
}

TUNED: dict[str, dict[str, Any]] = {
    DAY_AHEAD: {**_STEPWISE, "world": {"arguments": {"bids": "expected_load"}}},
    "VPPDispatch-v0": _STEPWISE,
    "VPPBidding-v0": _DAILY,
    "VPPContracts-v0": _DAILY,
    STAY: {
        "timesteps": {"ppo": 4_000_000, "sac": 500_000},
        "world": {"n_envs": 256},
        "ppo": {
            "n_steps": 64,
            "batch_size": 4096,
            "n_epochs": 5,
            "learning_rate": 1e-3,
            "final_learning_rate": 5e-5,
            "gamma": 0.995,
            "log_std_init": -0.7,
            "start_at_zero": True,
            "first_action": 0.5,
        },
    },
    "FCEVCarPark-v0": {
        "timesteps": {"ppo": 800_000, "sac": 100_000},
        "world": {
            "arguments": {"control": "shape"},
            "n_envs": 128,
            "n_scenarios": 24,
            "n_validation": 8,
            "episode_days": 28,
        },
        "wrappers": {"reward": "gain"},
        "ppo": {
            "n_steps": 28,
            "batch_size": 896,
            "n_epochs": 4,
            "learning_rate": 1e-3,
            "gamma": 0.9,
            "gae_lambda": 0.9,
            "log_std_init": -1.3,
            "start_at_zero": True,
        },
    },
    "FCEVMicrogrid-v0": {
        "timesteps": {"ppo": 600_000, "sac": 300_000},
        "world": {
            "n_envs": 256,
            "n_scenarios": 16,
            "n_validation": 4,
            "episode_days": 28,
            "in_training": {"drawn_stock": True},
        },
        "wrappers": {"reward": "gain"},
        "ppo": {
            "n_steps": 48,
            "batch_size": 3072,
            "n_epochs": 5,
            "learning_rate": 1.5e-3,
            "gamma": 0.995,
            "log_std_init": -1.8,
            "start_at_zero": True,
        },
    },
}
"""What worked best in each environment: steps by algorithm, and what differs from the
defaults above, section by section. Whoever finds better values edits this table."""

SHORT_STEPS = 300_000
"""Environment steps up to which a run of PPO is a short one."""
SHORT: dict[str, dict[str, Any]] = {
    DAY_AHEAD: _SHORT_STEPWISE,
    "VPPDispatch-v0": _SHORT_STEPWISE,
}
"""What short runs of PPO have instead of what `TUNED` says, where that pays off in long ones only.
They begin at charging on arrival, and are rewarded for what they earn above it."""


def is_short(env_id: str, algorithm: str, timesteps: int) -> bool:
    """Whether a run has settings of its own because it is short."""
    return env_id in SHORT and algorithm == "ppo" and timesteps <= SHORT_STEPS


def tuned(env_id: str, algorithm: str, timesteps: int) -> dict[str, dict[str, Any]]:
    """What differs from the defaults in a run of some steps, section by section."""
    more = SHORT[env_id] if is_short(env_id, algorithm, timesteps) else {}
    return {name: {**TUNED[env_id].get(name, {}), **more.get(name, {})} for name in SECTIONS}
