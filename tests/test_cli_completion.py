"""Completion in a shell: the scripts are there, and the tabulator offers what can be named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from vpp_gym.agents import pretrained
from vpp_gym.boards import boards
from vpp_gym.cli import app, completion
from vpp_gym.cli.ids import env_ids
from vpp_gym.policies.baselines import baseline_names

CODE = "from vpp_gym.cli import app; app(prog_name='vpp-gym')"


def offered(line: str) -> list[str]:
    """What the completion program offers for a line whose last word is not finished."""
    words = line.split(" ")
    env = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    result = CliRunner().invoke(
        app, [], prog_name="vpp-gym", env={**env, "_VPP_GYM_COMPLETE": "complete_bash"}
    )
    return result.stdout.split()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("vpp-gym lead", ["leaderboard"]),
        ("vpp-gym leaderboard v", ["verify"]),
        ("vpp-gym train --env ", env_ids()),
        ("vpp-gym speed --env ", env_ids(stays=True)),
        ("vpp-gym evaluate --env VPPDay", ["VPPDayAhead-v0"]),
        ("vpp-gym evaluate ", [*pretrained()]),
        ("vpp-gym watch ppo_r", ["ppo_real"]),
        ("vpp-gym run ", [*baseline_names()]),
        ("vpp-gym leaderboard show emb", [name for name in boards() if name.startswith("emb")]),
        ("vpp-gym run rolling_mpc --rep", ["--report"]),
    ],
)
def test_the_tabulator_offers_what_can_be_named(line, names):
    assert offered(line) == names


def test_nothing_is_offered_for_what_does_not_exist():
    assert completion.ids("CartPole") == []


def completed(home, *words: str) -> str:
    """What a program of its own prints that is told the shell, as it cannot ask for it here."""
    env = {**os.environ, "HOME": str(home), "SHELL": shutil.which("bash") or "bash"}
    env["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_of_another_shell_is_shown(tmp_path):
    assert "_VPP_GYM_COMPLETE=complete_zsh" in completed(tmp_path, "--show-completion", "zsh")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_installing_writes_a_script_that_bash_takes(tmp_path):
    completed(tmp_path, "--install-completion", "bash")
    (script,) = tmp_path.glob(".bash_completions/*.sh")
    source = f"source {script}; complete -p vpp-gym"
    taken = subprocess.run(["bash", "-c", source], capture_output=True, text=True, check=True)
    assert "-F _vpp_gym_completion" in taken.stdout
    assert str(script) in (tmp_path / ".bashrc").read_text(encoding="utf-8")
