"""The page about training: its code runs, and its commands are understood."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

from agents.changes import read_changes
from agents.hyperparameters import run_settings
from agents.policy import TRAINED
from agents.request import RunRequest
from agents.training import Trainer
from tests.agents.test_training import only, settings

DOCS = Path(__file__).parents[2] / "docs"


def test_the_code_of_the_page_runs(toy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Trainer(settings(timesteps=512), RunRequest().folder(), **only(toy)).train()
    text = (DOCS / "training.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    script = tmp_path / "page.py"
    script.write_text(block, encoding="utf-8")
    runpy.run_path(str(script))
    assert float(capsys.readouterr().out) != 0.0


@pytest.mark.parametrize("env_id", ["FCEVCarPark-v0", "FCEVMicrogrid-v0"])
def test_the_command_for_fuel_cell_cars_is_that_of_a_trained_agent(env_id: str):
    pages = (DOCS / "fuel-cell").glob("*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    lines = re.findall(r"^python -m agents.train (.*)$", text, re.MULTILINE)
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
