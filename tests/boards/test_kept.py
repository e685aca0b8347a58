"""An evaluation that is interrupted goes on where it was, and gives what it would have given."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from vpp_gym.boards import entry
from vpp_gym.boards.kept import KeptRuns, kept_beside
from vpp_gym.cli import app

WORDS = ["evaluate", "ppo_synthetic_microgrid_volumes_rewards", "--name", "again"]
WORDS += ["--days", "2", "--worlds", "2", "--out", "row.json"]


def test_runs_are_kept_to_the_last_bit(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 2))
    kept = KeptRuns(tmp_path / "a.part", {"days": 7})
    kept.put(0, 1, values)
    again = KeptRuns(tmp_path / "a.part", {"days": 7})
    assert again.found == 1
    np.testing.assert_array_equal(again.get(0, 1), values)
    assert again.get(0, 0) is None
    assert KeptRuns(tmp_path / "a.part", {"days": 14}).found == 0
    again.drop()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace("1", "2")])
def test_a_damaged_file_is_not_gone_on_with(tmp_path, damage):
    kept = KeptRuns(tmp_path / "a.part", {})
    kept.put(0, 1, np.ones((1, 1)))
    (tmp_path / "a.part").write_text(damage((tmp_path / "a.part").read_text()))
    assert KeptRuns(tmp_path / "a.part", {}).found == 0


def test_without_a_file_nothing_is_kept():
    kept = KeptRuns()
    kept.put(0, 0, np.zeros((1, 1)))
    assert (len(kept), kept.found, kept.get(0, 0)) == (0, 0, None)
    kept.drop()
    assert kept_beside(None) is None


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """How many worlds run until Ctrl-C is pressed, and those that did run."""
    monkeypatch.chdir(tmp_path)
    real, ran = entry._run, []

    def after(most):
        def run(*arguments):
            if len(ran) == most:
                raise KeyboardInterrupt
            ran.append(arguments[4])
            return real(*arguments)

        ran.clear()
        monkeypatch.setattr(entry, "_run", run)
        return ran

    return after


def test_the_same_command_goes_on_after_an_interruption(tmp_path, stopped):
    stopped(1)
    told = CliRunner().invoke(app, WORDS)
    assert told.exit_code == 130
    assert "the same command goes on; runs kept in row.json.part: 1" in told.stderr
    ran = stopped(9)
    resumed = CliRunner().invoke(app, [*WORDS, "--json"])
    assert resumed.exit_code == 0, resumed.output
    assert "Runs kept in row.json.part: 1" in resumed.stderr
    assert ran == ["again, world 2 of 2"]
    assert [path.name for path in tmp_path.iterdir()] == ["row.json"]
    ran = stopped(9)
    whole = CliRunner().invoke(app, [*WORDS, "--json"])
    assert len(ran) == 2
    assert json.loads(whole.stdout)["rows"] == json.loads(resumed.stdout)["rows"]


def test_an_interruption_says_how_to_keep_runs(stopped):
    stopped(0)
    assert "no run was over yet" in CliRunner().invoke(app, WORDS).stderr
    stopped(1)
    told = CliRunner().invoke(app, WORDS[:-2])
    assert told.exit_code == 130
    assert "with --out FILE the same command goes on" in told.stderr
