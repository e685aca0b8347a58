"""Trained policies on disk: arrays without pickle, and a card that says how they came about."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vpp_gym.agents.policy import CARD, TRAINED, WEIGHTS, AgentPolicy, Network
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.files.folders import replace_folder
from vpp_gym.files.reader import DIGEST, digest_of, read_bytes
from vpp_gym.files.writer import write_text
from vpp_gym.training.config import RunSettings
from vpp_gym.training.environments import guaranteed, hours_per_step, observed_fields
from vpp_gym.training.options import flat
from vpp_gym.training.request import default_interval, run_settings
from vpp_gym.training.validation import Score

KEPT = TRAINED.relative_to(TRAINED.parents[2]).as_posix()
"""Where `--keep` copies policies to, which no training reads: a seed that was kept before changes
tracked files, but not what trains the next one."""


def card_of(
    run: RunSettings,
    core: Any,
    *,
    steps: int,
    score: Score,
    ends: Sequence[int] = (),
) -> dict[str, Any]:
    """What is worth knowing about a trained policy, and what it needs to run.

    Args:
        run: that made it.
        core: of the environment that it was trained in.
        steps: environment steps until then.
        score: of its validation.
        ends: environment steps after which the run was extended.
    """
    return {
        "name": run.name,
        "seed": run.seed,
        "env_id": run.env_id,
        "arguments": {**run.world.arguments, **guaranteed(core)},
        "observation": [list(one) for one in observed_fields(core, run.wrappers.fields)],
        "steps": steps,
        "validation": {name: round(value, 4) for name, value in score.items()},
        "dt_h": hours_per_step(core),
        "run": run.model_dump(mode="json"),
        **provenance(apart=[KEPT]),
        "command": _command(run, ends),
    }


def _command(run: RunSettings, ends: Sequence[int]) -> str:
    """The commands that make this run again, without folders of any machine."""
    first, *later = (*ends, run.timesteps)
    commands = [_first_command(run.model_copy(update={"timesteps": first}))]
    for steps in later:
        again = ["vpp-gym", "train", "--resume", "--name", run.name]
        commands.append([*again, "--seed", str(run.seed), "--timesteps", str(steps)])
    commands[-1].append("--keep")
    return " && ".join(map(shlex.join, commands))


def _first_command(run: RunSettings) -> list[str]:
    world = "real" if run.world.train.startswith("real") else "synthetic"
    words = ["vpp-gym", "train", "--env", run.env_id, "--algo", run.algorithm]
    words += ["--world", world, "--timesteps", str(run.timesteps), "--seed", str(run.seed)]
    words += ["--name", run.name]
    # Only of PPO do the settings depend on the steps; few would be refused with those of SAC.
    steps = run.timesteps if run.algorithm == "ppo" else None
    tuned = run_settings(run.env_id, algorithm=run.algorithm, world=world, timesteps=steps)
    if run.validate_every != default_interval(run.env_id, run.algorithm, run.timesteps):
        words += ["--validate-every", str(run.validate_every)]
    for section in ("world", "wrappers", run.algorithm):
        theirs, mine = (flat({section: getattr(one, section).model_dump()}) for one in (tuned, run))
        for name, value in mine.items():
            if theirs.get(name) != value:
                words += ["--set", f"{name}={json.dumps(value)}"]
    return words


def export_policy(network: Network, card: Mapping[str, Any], folder: Path) -> None:
    """Write a policy's folder beside the old one, check it, and put it in its place.

    Raises:
        InvalidInputError: it cannot be written, or not be read again.
    """

    def fill(fresh: Path) -> None:
        network.save(fresh / WEIGHTS)
        digest = digest_of(card, read_bytes(fresh / WEIGHTS))
        text = json.dumps({**card, DIGEST: digest}, indent=1, allow_nan=False)
        write_text(fresh / CARD, text + "\n")
        AgentPolicy.load(fresh)

    replace_folder(folder, fill)


def publish(best: Path, run: RunSettings, trained: Path) -> Path:
    """Copy the best policy of a run to the trained policies."""
    folder = trained / run.name / f"seed_{run.seed}"
    agent = AgentPolicy.load(best)
    export_policy(agent.predictor, agent.card, folder)  # type: ignore[arg-type]
    return folder
