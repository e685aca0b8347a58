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
        "run": run.model_dump(mode="json"),
        **provenance(),
    }


def export_policy(network: Network, card: Mapping[str, Any], folder: Path) -> None:
    """Write a policy's folder in one move: it is there whole, or as it was before."""
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
