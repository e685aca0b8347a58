"""What a user asks a training run to be: a new one, or one that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.changes import checked_changes
from agents.dotted import merged
from agents.hyperparameters import WORLDS, run_settings
from agents.resumption import as_settings, extended
from agents.settings import CHECKPOINT, DAY_AHEAD, RunSettings
from vpp_gym.errors import InvalidInputError

RUNS = Path("runs")


@dataclass(frozen=True)
class RunRequest:
    """Options of the command line; None for what was not given.

    Attributes:
        env_id: environment.
        algorithm: "ppo" or "sac".
        world: "synthetic" or "real".
        name: of the policy.
        seed: of learner and environments.
        timesteps: environment steps in all.
        validate_every: environment steps between validations.
        changes: of settings, by name.
    """

    env_id: str | None = None
    algorithm: str | None = None
    world: str | None = None
    name: str | None = None
    seed: int | None = None
    timesteps: int | None = None
    validate_every: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    def new_run(self) -> RunSettings:
        """Settings of a new run.

        Raises:
            InvalidInputError: an unknown name, or a value that cannot be used.
        """
        return run_settings(
            self.env_id or DAY_AHEAD,
            algorithm=self.algorithm or "ppo",
            world=self.world or "synthetic",
            name=self.name,
            seed=self.seed or 0,
            timesteps=self.timesteps,
            validate_every=self.validate_every,
            changes=self.changes,
        )

    def folder(self) -> Path:
        """Where a run of this name and seed lies if no other folder is given."""
        name = self.name or self.new_run().name
        return RUNS / f"{name}-seed{self.seed or 0}"

    def resumed_run(self, saved: RunSettings, *, done: int) -> RunSettings:
        """The saved run, with later steps to end at if they are asked for.

        Args:
            saved: settings of the run.
            done: environment steps of the run so far.

        Raises:
            InvalidInputError: an option that differs from the saved run's.
        """
        named = {
            "env_id": self.env_id,
            "algorithm": self.algorithm,
            "name": self.name,
            "seed": self.seed,
            "timesteps": self.timesteps,
            "validate_every": self.validate_every,
            "world": self.world and self._years(self.world),
        }
        asked = {name: value for name, value in named.items() if value is not None}
        extended(saved, asked, done=done)
        changes = checked_changes(saved.env_id, saved.algorithm, self.changes)
        return extended(saved, merged(asked, as_settings(changes)), done=done)

    @staticmethod
    def _years(world: str) -> Mapping[str, str]:
        if world not in WORLDS:
            raise InvalidInputError("world", world, f"use one of {', '.join(WORLDS)}")
        return WORLDS[world]


def saved_runs(folder: Path = RUNS) -> list[str]:
    """Folders of runs that can be resumed."""
    return sorted(str(path.parent) for path in folder.glob(f"*/{CHECKPOINT}"))
