"""A training run: rounds of learning, each followed by a validation and a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure

from vpp_gym.errors import InvalidInputError
from vpp_gym.training.checkpoint import Progress, begin_round, load_checkpoint, save_checkpoint
from vpp_gym.training.config import BEST, RunSettings
from vpp_gym.training.export import card_of, export_policy
from vpp_gym.training.learner import Stack, build_model, network_of
from vpp_gym.training.stay_validation import StayValidation
from vpp_gym.training.validation import GAIN, Score, Validation

Report = Callable[[int, Score | None], None]


class _Ticker(BaseCallback):
    """Reports the steps done, once in a while."""

    def __init__(self, report: Report, every: int = 20) -> None:
        super().__init__()
        self._report, self._every = report, every

    def _on_step(self) -> bool:
        if self.n_calls % self._every == 0:
            self._report(self.num_timesteps, None)
        return True


class Trainer:
    """One run, from its settings or from its last checkpoint.

    Args:
        run: settings.
        folder: where checkpoint, best policy and TensorBoard files go.
        resume: continue from the checkpoint in the folder.
        arguments: of the environment, in place of those in the settings.
        validation: of the environment that validates, likewise.
        report: called with the steps done, and the score after each round.
    """

    def __init__(
        self,
        run: RunSettings,
        folder: Path,
        *,
        resume: bool = False,
        arguments: Mapping[str, Any] | None = None,
        validation: Mapping[str, Any] | None = None,
        report: Report = lambda steps, score: None,
    ) -> None:
        self.run, self.folder, self._report = run, folder, report
        self.stack = Stack(run, **(arguments or {}))
        self.model: BaseAlgorithm = build_model(run, self.stack)
        self.model.set_logger(_logger(folder))
        validates = StayValidation if run.traits.one_stay else Validation
        self.validation: Any = validates(run, **(validation or {}))
        self.progress = (
            load_checkpoint(folder, run, self.model, self.stack) if resume else Progress()
        )

    def train(self) -> Progress:
        """Learn to the end of the run; after every round all of it is on disk.

        The first policy is validated, too: a run keeps nothing worse than what it began with.
        """
        if not self.progress.history:
            self._validate()
        while self.progress.steps < self.run.timesteps:
            self._learn()
            self._validate()
            save_checkpoint(self.folder, self.run, self.model, self.stack, self.progress)
        return self.progress

    def _learn(self) -> None:
        run, progress = self.run, self.progress
        begin_round(self.model, run, progress)
        self._set_learning_rate(progress.steps / run.timesteps)
        target = min((progress.rounds + 1) * run.validate_every, run.timesteps)
        begun, stepped_s = time.perf_counter(), self.stack.base.stepping_s
        try:
            self.model.learn(
                max(target - self.model.num_timesteps, 1),
                callback=_Ticker(self._report),
                reset_num_timesteps=False,
            )
        finally:
            self._refuse_divergence()
        progress.learning_s += time.perf_counter() - begun
        progress.stepping_s += self.stack.base.stepping_s - stepped_s
        progress.rounds += 1
        progress.steps = self.model.num_timesteps

    def _refuse_divergence(self) -> None:
        """Refuse to go on, or to keep anything, once weights are no longer finite."""
        weights = self.model.policy.state_dict().values()
        if not all(bool(weight.isfinite().all()) for weight in weights):
            raise InvalidInputError(
                f"{self.run.algorithm}.learning_rate",
                self.run.learner.learning_rate,
                "learning has diverged: weights of the network are no longer finite; set it lower",
            )

    def _set_learning_rate(self, share_done: float) -> None:
        """Falls from round to round."""
        first, last = self.run.learner.learning_rate, self.run.learner.final_learning_rate
        self.model.learning_rate = first + share_done * (last - first)
        self.model._setup_lr_schedule()

    def _validate(self) -> None:
        network, progress = network_of(self.model, self.stack), self.progress
        score = self.validation(network)
        progress.history.append({"steps": progress.steps, **score})
        for name, value in score.items():
            self.model.logger.record(f"validation/{name}", value)
        self.model.logger.dump(progress.steps)
        if score[GAIN] > progress.best_eur:
            progress.best_eur = score[GAIN]
            core, ends = self.stack.base.batch.core, tuple(progress.ends)
            card = card_of(self.run, core, steps=progress.steps, score=score, ends=ends)
            export_policy(network, card, self.folder / BEST)
        self._report(progress.steps, score)


def _logger(folder: Path) -> Any:
    formats = ["tensorboard"] if find_spec("tensorboard") else []
    return configure(str(folder / "tensorboard"), formats)
