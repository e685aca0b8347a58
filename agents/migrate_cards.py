"""Bring the cards of policies that were trained before 0.1.0 to today's format.

    python -m agents.migrate_cards [--check] [FOLDER]

Adds the fields of the observation, in the order of the columns that the network was trained
on, and writes settings under today's names. The fields are read from the environments of
the commit that these policies belong to, not from today's: git must know that commit. Weights
are not touched. `--check` writes nothing and fails if a card says something else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agents.config import RunSettings
from agents.environments import DAY_AHEAD
from agents.policy import CARD, TRAINED, AgentPolicy
from vpp_gym.errors import InvalidInputError

TRAINED_AT = "ac99b1e68f16f05bc64c8f0eac271eaaa8a4000b"
"""Last commit before cards had fields; observations had not changed since the first card."""
ROOT = Path(__file__).parents[1]
Fields = list[list[Any]]

ARGUMENTS = {"base": "scenario", "n_worlds": "n_scenarios", "first_world": "first_scenario"}
BIDS = {"sheet": "schedule", "line": "period"}
SECTIONS = {"lesson": "wrappers"}
FORMER = ("settings", "term_h", "guarantee")
"""What stood for `arguments` on the first cards."""

LAYOUTS = """
import json, sys
from agents.worlds import batch_of

layouts = []
for env_id, arguments in json.load(sys.stdin):
    core = batch_of(env_id, 1, **arguments).core
    if env_id.startswith("VPP"):
        layout = {name: part.stop - part.start for name, part in core.codec.slices.items()}
    else:
        known = core.layout if hasattr(core, "layout") else core.observer.layout
        layout = {field.name: field.size for field in known.fields}
    layouts.append(list(layout.items()))
json.dump(layouts, sys.stdout)
"""
"""Run in the tree of `TRAINED_AT`: (name, size) of the fields of some environments."""


def translated(card: Mapping[str, Any], fields: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """A card in today's format; one that is in it already stays as it is.

    Args:
        card: of a trained policy.
        fields: name and size of every field that it observes, in the order of the columns.
    """
    facts = {
        "name": card["name"],
        "seed": card["seed"],
        "env_id": env_id_of(card),
        "arguments": arguments_of(card),
        "observation": [list(one) for one in fields],
    }
    rest = {name: value for name, value in card.items() if name not in (*facts, *FORMER)}
    return {**facts, **rest, "run": _run(card["run"], facts)}


def env_id_of(card: Mapping[str, Any]) -> str:
    """Environment of a card; the first ones do not name it."""
    return str(card.get("env_id", DAY_AHEAD))


def arguments_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a card's environment, by their names of today."""
    if "arguments" in card:
        arguments = {ARGUMENTS.get(name, name): value for name, value in card["arguments"].items()}
    else:
        params = {"contract": {"term_h": card["term_h"]}, "guarantee": card["guarantee"]}
        arguments = {**card["settings"], "params": params}
    if "bids" in arguments:
        arguments["bids"] = BIDS.get(arguments["bids"], arguments["bids"])
    return arguments


def _run(run: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a run, complete: a setting that there was not yet has its default."""
    known = {SECTIONS.get(name, name): value for name, value in run.items()}
    world = {ARGUMENTS.get(name, name): value for name, value in known["world"].items()}
    for name in ("term_h", "guarantee", "bids"):
        world.pop(name, None)
    known |= {"env_id": facts["env_id"], "world": {**world, "arguments": facts["arguments"]}}
    return RunSettings.model_validate(known).model_dump(mode="json")


def former_fields(cards: Sequence[Mapping[str, Any]]) -> list[Fields]:
    """Fields of the environment of each card at `TRAINED_AT`.

    Raises:
        InvalidInputError: git does not know the commit.
    """
    asked = [
        (env_id_of(card), {name: v for name, v in arguments_of(card).items() if name != "bids"})
        for card in cards
    ]  # no field depends on the bids, whose names were others
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        archive = tree / "tree.tar"
        packed = ["git", "-C", str(ROOT), "archive", "-o", str(archive), TRAINED_AT]
        try:
            subprocess.run([*packed, "agents", "vpp_gym"], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            remedy = "fetch that commit, in which these policies were trained"
            raise InvalidInputError("commit", TRAINED_AT, remedy) from error
        subprocess.run(["tar", "-xf", str(archive), "-C", folder], check=True)
        found = subprocess.run(
            [sys.executable, "-c", LAYOUTS],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": folder, "NUMBA_DISABLE_JIT": "1"},
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
        )
    layouts: list[Fields] = json.loads(found.stdout)
    return layouts


def main(
    folder: Annotated[Path, typer.Argument(help="Searched for cards, subfolders too.")] = TRAINED,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; compare.")] = False,
) -> None:
    """Bring the cards in a folder to today's format."""
    paths = sorted(folder.rglob(CARD))
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    for path, card, fields in zip(paths, cards, former_fields(cards), strict=True):
        fresh = translated(card, fields)
        if check and fresh != card:
            raise InvalidInputError("card", str(path), "it differs from what the migration writes")
        if fresh != card:
            path.write_text(json.dumps(fresh, indent=1) + "\n", encoding="utf-8")
        AgentPolicy.load(path.parent)
        print(f"{'same' if fresh == card else 'written'}: {path}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
