"""The page about training: its code runs, and its commands are understood."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from tests.agents.test_training import only, settings
from vpp_gym.agents.policy import TRAINED
from vpp_gym.cli.train import train
from vpp_gym.training import command
from vpp_gym.training.checkpoint import Progress, checkpoint_settings
from vpp_gym.training.config import CHECKPOINT
from vpp_gym.training.environments import TRAITS
from vpp_gym.training.options import read_changes
from vpp_gym.training.request import RunRequest, run_settings
from vpp_gym.training.trainer import Trainer

DOCS = Path(__file__).parents[2] / "docs"


def page():
    return (DOCS / "training.md").read_text(encoding="utf-8")


def test_the_code_of_the_page_runs(small, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Trainer(settings(timesteps=512), RunRequest().folder(), **only(small)).train()
    use, learn = re.findall(r"```python\n(.*?)```", page(), re.DOTALL)
    printed = []
    for name, block in (("use.py", use), ("learn.py", learn)):
        (tmp_path / name).write_text(block, encoding="utf-8")
        result = runpy.run_path(str(tmp_path / name))
        printed.append(capsys.readouterr().out)
    assert float(printed[0]) != 0.0
    assert result["model"].num_timesteps == 8_192


def finished(run, folder, resume, told):
    """Instead of training: the checkpoint of a run at its end."""
    folder.mkdir(parents=True, exist_ok=True)
    progress = asdict(Progress(steps=run.timesteps))
    torch.save({"run": run.model_dump_json(), "progress": progress}, folder / CHECKPOINT)
    return Progress(steps=run.timesteps)


def test_the_commands_of_the_page_are_understood(tmp_path, monkeypatch):
    """In the order of the page: what it resumes is what it began, and then is longer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "_train", finished)
    app = typer.Typer()
    app.command()(train)
    lines = re.findall(r"^(?:python -m agents\.train|vpp-gym train) (.*)$", page(), re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        result = CliRunner().invoke(app, shlex.split(line))
        assert result.exit_code == 0, (line, result.output)
    (folder,) = (tmp_path / "runs").iterdir()
    assert checkpoint_settings(folder).timesteps == 1_200_000


def test_the_table_of_the_page_is_that_of_the_settings():
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in re.findall(r"^\| `(?:VPP|FCEV).*$", page(), re.MULTILINE)
    ]
    listed = {}
    for names, *cells in rows:
        listed |= dict.fromkeys(names.replace("`", "").split(", "), cells)
    runs = {env_id: run_settings(env_id) for env_id in TRAITS}
    assert listed == {
        env_id: [run.traits.reference, run.wrappers.reward, f"{run.timesteps:,}"]
        for env_id, run in runs.items()
    }


@pytest.mark.parametrize("env_id", ["FCEVCarPark-v0", "FCEVMicrogrid-v0"])
def test_the_command_for_fuel_cell_cars_is_that_of_a_trained_agent(env_id: str):
    pages = (DOCS / "fuel-cell").glob("*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    lines = re.findall(r"^(?:python -m agents\.train|vpp-gym train) (.*)$", text, re.MULTILINE)
    (line,) = (one for one in lines if f"--env {env_id}" in one)
    words = shlex.split(line)
    pairs = list(zip(words[::2], words[1::2], strict=True))
    given = dict(pairs)
    numbers = {
        field: int(given[option])
        for field, option in (("timesteps", "--timesteps"), ("validate_every", "--validate-every"))
        if option in given
    }
    run = run_settings(
        given["--env"],
        name=given.get("--name"),
        seed=int(given["--seed"]),
        changes=read_changes([value for name, value in pairs if name == "--set"]),
        **numbers,
    )
    card = (TRAINED / run.name / f"seed_{run.seed}" / "card.json").read_text(encoding="utf-8")
    kept = type(run).model_validate(json.loads(card)["run"])
    assert kept == run
