"""Sweeps and studies: the runs that training makes one by one, on processes, stopped or not."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.agents.test_training import AS_DECLARED
from vpp_gym.cli import app
from vpp_gym.errors import InvalidInputError
from vpp_gym.training import stay_validation
from vpp_gym.training import sweep as sweeps
from vpp_gym.training.config import CHECKPOINT
from vpp_gym.training.request import run_settings
from vpp_gym.training.sweep import Range, read_space, read_values, study, sweep
from vpp_gym.training.trainer import Trainer

DISPATCH = "VPPDispatch-v0"
CHANGES = {
    "ppo.n_steps": 16,
    "ppo.batch_size": 32,
    "ppo.hidden": [8],
    "world.n_envs": 4,
    "params": AS_DECLARED,
}
SHORT = {"timesteps": 256, "validate_every": 128, "changes": CHANGES}


@pytest.fixture
def given(toy):
    """What makes a run short."""
    return {**SHORT, "arguments_of_env": {"scenario": toy}, "workers": 0}


def test_a_run_of_a_sweep_is_the_run_by_itself(toy, given, tmp_path):
    rows = sweep(DISPATCH, tmp_path, seeds=[3], tries={"ppo.gamma": [0.5]}, **given)
    run = run_settings(DISPATCH, seed=3, **{**SHORT, "changes": {**CHANGES, "ppo.gamma": 0.5}})
    only = {"arguments": {"scenario": toy}, "validation": {"scenario": toy}}
    alone = Trainer(run, tmp_path / "alone", **only).train()
    assert [row.best_eur for row in rows] == [alone.best_eur]
    assert (rows[0].name, rows[0].seed, rows[0].steps) == ("gamma0.5-seed3", 3, alone.steps)
    assert (tmp_path / rows[0].name / "best").is_dir()


def test_settings_are_crossed_with_seeds_and_the_best_comes_first(given, tmp_path):
    tries = {"ppo.gamma": [0.5, 0.9], "ppo.ent_coef": [0.0, 0.01]}
    seen = []
    rows = sweep(
        DISPATCH,
        tmp_path,
        seeds=[0, 1],
        tries=tries,
        progress=lambda done, total, row: seen.append((done, total)),
        **given,
    )
    assert len({(row.seed, *row.settings.values()) for row in rows}) == len(rows) == 8
    assert seen == [(done, 8) for done in range(1, 9)]
    assert sorted((row.best_eur for row in rows), reverse=True) == [row.best_eur for row in rows]
    table = pd.read_csv(tmp_path / "sweep.csv")
    assert list(table["name"]) == [row.name for row in rows]
    assert list(table["best_eur"]) == pytest.approx([row.best_eur for row in rows], abs=1e-4)


def test_what_is_stopped_goes_on_and_what_is_done_is_not_made_again(given, tmp_path, monkeypatch):
    whole = sweep(DISPATCH, tmp_path / "whole", seeds=[0, 1], **given)
    rounds = []
    validate = Trainer._validate

    def stops(trainer: Trainer) -> None:
        validate(trainer)
        rounds.append(trainer.run.seed)
        if len(rounds) == 6:  # each run is validated before it learns, too
            raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_validate", stops)
    with pytest.raises(KeyboardInterrupt):
        sweep(DISPATCH, tmp_path / "half", seeds=[0, 1], **given)
    assert sweep(DISPATCH, tmp_path / "half", seeds=[0, 1], **given) == whole
    assert rounds == [0, 0, 0, 1, 1, 1, 1]


def test_processes_make_the_same_rows(given, tmp_path):
    here = sweep(DISPATCH, tmp_path / "here", seeds=[0, 1], **given)
    apart = sweep(DISPATCH, tmp_path / "apart", seeds=[0, 1], **{**given, "workers": 2})
    assert apart == here


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"tries": {"ppo.gama": [0.5]}}, "ppo.gama"),
        ({"tries": {"ppo.gamma": [0.5, 2.0]}}, "ppo.gamma"),
        ({"tries": {"ppo.gamma": [0.5, 0.5]}}, "tries"),
        ({"seeds": []}, "seeds"),
        ({"engine": "slurm"}, "engine"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is(given, tmp_path, more, field):
    with pytest.raises(InvalidInputError, match=field):
        sweep(DISPATCH, tmp_path / "none", **{"seeds": [0], **given, **more})
    assert not (tmp_path / "none").exists()


SPACE = {"ppo.gamma": Range(0.1, 0.9), "ppo.n_epochs": [1, 2]}


def test_a_study_is_the_same_each_time_and_goes_on(given, tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    whole = study(DISPATCH, tmp_path / "study", SPACE, trials=3, **given)
    assert {row.name for row in whole} == {"trial0", "trial1", "trial2"}
    assert all(0.1 <= row.settings["ppo.gamma"] <= 0.9 for row in whole)
    (tmp_path / "half").mkdir()
    first = study(DISPATCH, tmp_path / "half" / "study", SPACE, trials=2, **given)
    assert len(first) == 2
    assert study(DISPATCH, tmp_path / "half" / "study", SPACE, trials=3, **given) == whole
    again = study(DISPATCH, tmp_path / "half" / "study", SPACE, trials=3, **given)
    assert again == whole
    with pytest.raises(InvalidInputError, match="something else"):
        study(DISPATCH, tmp_path / "study", {"ppo.gamma": Range(0.2, 0.9)}, trials=4, **given)


def test_a_trial_whose_process_was_killed_is_made_anew(given, tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    trained = sweeps._trained

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeps, "_trained", killed)
    with pytest.raises(KeyboardInterrupt):
        study(DISPATCH, tmp_path, SPACE, trials=1, **given)
    monkeypatch.setattr(sweeps, "_trained", trained)
    rows = study(DISPATCH, tmp_path, SPACE, trials=1, **given)
    assert [(row.name, row.pruned) for row in rows] == [("trial1", False)]


def test_trials_that_fall_behind_are_stopped(given, tmp_path, monkeypatch):
    optuna = pytest.importorskip("optuna")
    monkeypatch.setattr(optuna.trial.Trial, "should_prune", lambda trial: trial.number == 1)
    rows = study(DISPATCH, tmp_path, SPACE, trials=2, **given)
    by_name = {row.name: row for row in rows}
    assert (by_name["trial0"].pruned, by_name["trial1"].pruned) == (False, True)
    assert by_name["trial1"].steps < by_name["trial0"].steps
    assert study(DISPATCH, tmp_path, SPACE, trials=2, **given) == rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ppo.gamma=0.9..0.99", Range(0.9, 0.99)),
        ("ppo.learning_rate=1e-5..1e-3:log", Range(1e-5, 1e-3, log=True)),
        ("ppo.n_steps=16..64", Range(16, 64, whole=True)),
        ("planner=hazard_mpc,learned_mpc", ["hazard_mpc", "learned_mpc"]),
    ],
)
def test_what_is_searched_is_read_from_words(text, expected):
    assert list(read_space([text]).values()) == [expected]


@pytest.mark.parametrize("text", ["ppo.gamma", "=3", "x=", "x=2..1", "x=0..1:log", "x=a..b"])
def test_words_that_are_no_search_are_refused(text):
    with pytest.raises(InvalidInputError, match="search"):
        read_space([text])


def test_values_are_read_from_words():
    assert read_values("1,0.5,None,flat") == [1, 0.5, None, "flat"]


def test_the_command_trains_lists_and_goes_on(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(stay_validation, "N_STAYS", 64)
    words = [
        *("sweep", "--env", "VPPStay-v0", "--timesteps", "256", "--seeds", "0-1"),
        *("--workers", "0", "--out", str(tmp_path), "--set", "ppo.n_steps=16"),
        *("--set", "world.n_envs=8", "--set", "ppo.batch_size=64"),
        *("--set", "world.validation_years=1", "--validate-every", "256", "--json"),
    ]
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 0, first.output
    rows = json.loads(first.stdout)
    assert {row["name"] for row in rows} == {"seed0", "seed1"}
    assert (tmp_path / "seed0" / CHECKPOINT).is_file()
    assert json.loads(CliRunner().invoke(app, words).stdout) == rows


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--search", "ppo.gamma=0.5..0.9"], "trials"),
        (["--trials", "3"], "trials"),
        (["--search", "ppo.gamma=0.5..0.9", "--trials", "2", "--try", "ppo.gamma=1"], "try"),
        (["--seeds", "a"], "seeds"),
        (["--seeds", "4-2"], "seeds"),
    ],
)
def test_the_command_refuses_what_does_not_go_together(tmp_path, words, field):
    result = CliRunner().invoke(app, ["sweep", "--out", str(tmp_path / "none"), *words])
    assert result.exit_code == 2
    assert field in result.output
