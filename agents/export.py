"""Trained policies on disk: arrays without pickle, and a card that says how they came about."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.hyperparameters import RunSettings
from agents.policy import CARD, WEIGHTS, AgentPolicy, Network
from agents.validation import Score
from vpp_gym.evaluation.provenance import provenance


def card_of(run: RunSettings, *, steps: int, score: Score) -> dict[str, Any]:
    """What is worth knowing about a trained policy, and what it needs to run."""
    return {
        "name": run.name,
        "seed": run.seed,
        "settings": {"bids": run.world.bids},
        "term_h": run.world.term_h,
        "guarantee": run.world.guarantee,
        "steps": steps,
        "validation": {name: round(value, 4) for name, value in asdict(score).items()},
        "dt_h": 1.0,
        "run": run.model_dump(mode="json"),
        **provenance(),
        "command": _command(run),
    }


def _command(run: RunSettings) -> str:
    """The command that makes this run again, without folders of any machine."""
    world = "real" if run.world.train.startswith("real") else "synthetic"
    words = ["python -m agents.train", f"--algo {run.algorithm}", f"--world {world}"]
    words += [f"--timesteps {run.timesteps}", f"--seed {run.seed}"]
    words += [f"--term-h {run.world.term_h}"] if run.world.term_h else []
    words += [] if run.world.guarantee else ["--no-guarantee"]
    words += [f"--bids {run.world.bids}"] if run.world.bids != "expected_load" else []
    return " ".join([*words, "--keep"])


def export_policy(network: Network, card: Mapping[str, Any], folder: Path) -> None:
    """Write a policy's folder beside the old one, check it, and put it in its place."""
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
    fresh.mkdir(parents=True)
    network.save(fresh / WEIGHTS)
    (fresh / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    AgentPolicy.load(fresh)
    replace_folder(fresh, folder)


def replace_folder(fresh: Path, folder: Path) -> None:
    """Put a new folder in the place of an old one."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)


def publish(best: Path, run: RunSettings, trained: Path) -> Path:
    """Copy the best policy of a run to the trained policies."""
    folder = trained / run.name / f"seed_{run.seed}"
    agent = AgentPolicy.load(best)
    export_policy(agent.predictor, agent.card, folder)  # type: ignore[arg-type]
    return folder
