"""The page about training: its code runs, and its commands are understood."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path

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


def test_the_command_for_the_microgrid_is_that_of_a_trained_agent():
    text = (DOCS / "fuel-cell-cars.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^python -m agents.train (.*)$", text, re.MULTILINE)
    words = shlex.split(line)
    given = dict(zip(words[::2], words[1::2], strict=True))
    changes = [
        value for name, value in zip(words[::2], words[1::2], strict=True) if name == "--set"
    ]
    run = run_settings(
        given["--env"],
        timesteps=int(given["--timesteps"]),
        validate_every=int(given["--validate-every"]),
        seed=int(given["--seed"]),
        changes=read_changes(changes),
    )
    card = (TRAINED / run.name / f"seed_{run.seed}" / "card.json").read_text(encoding="utf-8")
    kept = type(run).model_validate(json.loads(card)["run"])
    assert kept == run
