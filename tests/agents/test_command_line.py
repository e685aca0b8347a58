"""The command line: what it refuses and how, and a run interrupted, resumed and extended."""

from __future__ import annotations

from functools import partial

import pytest
import typer
from typer.testing import CliRunner

from agents import training
from agents.settings import CHECKPOINT
from agents.train import main
from agents.training import Trainer
from tests.agents.test_training import only
from vpp_gym.errors import InvalidInputError

TINY = ("--timesteps", "128", "--validate-every", "64", "--run-dir", "run")
SMALL = ("world.n_envs=8", "ppo.n_steps=8", "ppo.batch_size=32", "wrappers.foresight_h=2")


def command(*words):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, words)


def tiny(*words):
    changes = [word for change in SMALL for word in ("--set", change)]
    return command(*TINY, *changes, *words)


@pytest.fixture
def short(toy, tmp_path, monkeypatch):
    """Runs are of the toy world, below a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "Trainer", partial(Trainer, **only(toy)))
    return tmp_path


def refusal(*words):
    result = command(*words)
    assert isinstance(result.exception, InvalidInputError), result.output
    return str(result.exception)


def test_a_run_says_what_it_does_and_where_it_lies(short):
    result = tiny()
    assert result.exit_code == 0, result.output
    assert "128 steps of VPPDayAhead-v0 with ppo, in run" in result.output
    assert result.output.count("EUR a year over the usual action") == 3
    assert (short / "run/best").is_dir()


def test_an_interrupted_run_tells_how_to_go_on(short):
    def interrupt(steps, score):
        raise KeyboardInterrupt

    whole = partial(training.Trainer)
    training.Trainer = lambda *args, **more: whole(*args, **{**more, "report": interrupt})
    result = tiny()
    assert result.exit_code == 130
    assert "nothing is kept" in result.output
    training.Trainer = whole
    assert tiny().exit_code == 0
    again = command("--resume", "--run-dir", "run")
    assert "the run is at its end: 128 of 128 steps" in again.output
    assert "--timesteps 256" in again.output
    extended = command("--resume", "--run-dir", "run", "--timesteps", "256")
    assert "steps 128 to 256" in extended.output
    assert "256 steps" in extended.output


def test_a_folder_that_has_a_run_is_left_alone(short):
    tiny()
    before = (short / "run" / CHECKPOINT).read_bytes()
    told = refusal("--run-dir", "run")
    assert "python -m agents.train --resume --run-dir run" in told
    assert (short / "run" / CHECKPOINT).read_bytes() == before


def test_resuming_names_the_runs_that_there_are(short):
    assert "runs/ has none" in refusal("--resume")
    tiny("--run-dir", "runs/mine")
    assert "runs/mine" in refusal("--resume", "--name", "other")
    assert "ppo.gamma: got 0.5; the saved run has 0.99" in refusal(
        "--resume", "--run-dir", "runs/mine", "--set", "ppo.gamma=0.5"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--env", "VPPDayAhed-v0"), "did you mean VPPDayAhead-v0?"),
        (("--env", "FCEVMicrogrid-v0", "--set", "volums=true"), "volumes: the two options of"),
        (("--set", "gamma=0.9"), "  ppo.gamma: discount factor of a step; default 0.99"),
        (("--set", "term_h=2"), "  params.contract.term_h: "),
        (("--set", "xyzzy=2"), "--list-settings"),
        (("--set", "ppo.gamma=2"), "give a number > 0 and <= 1 (default 0.99"),
        (("--set", "ppo.gamma=high"), "ppo.gamma: got 'high'; give a number"),
        (("--set", "ppo.ent_coef=NaN"), "ppo.ent_coef: got nan; give a number"),
        (("--set", "ppo.hidden=[]"), "ppo.hidden: got []; give a list"),
        (("--set", "control=5"), "control: got 5; give fleet or per_ev"),
        (("--set", "params=paper_2023"), "params: got 'paper_2023'; "),
        (("--set", "params.site.n_chargers=0"), "params.site.n_chargers: got 0; give a whole"),
        (("--env", "FCEVMicrogrid-v0", "--set", "volumes=maybe"), "give true or false"),
        (("--env", "FCEVCarPark-v0", "--set", "n_scenarios=3"), "set world.n_worlds"),
        (("--env", "FCEVCarPark-v0", "--set", "wrappers.reward=load"), "use profit or gain"),
        (("--env", "VPPBidding-v0", "--set", "wrappers.foresight_h=3"), "use 0"),
        (("--set", "threads=2"), "set world.in_training.threads"),
        (("--set", "sac.gamma=0.9"), "no effect on --algo ppo: set ppo.gamma"),
        (("--set", "ppo.gamma=0.9", "--set", "ppo.gamma=0.8"), "--set gives it twice"),
        (("--set", "ppo.gamma"), "give NAME=VALUE"),
        (("--algo", "sac", "--timesteps", "500"), "sac.learning_starts=10000"),
        (("--name", "../elsewhere"), "name: got '../elsewhere'"),
        (("--world", "mars"), "use one of synthetic, real"),
    ],
)
def test_what_is_refused_is_named_with_a_remedy(words, told):
    assert told in refusal(*words)


@pytest.mark.parametrize("words", [("--timesteps", "0"), ("--seed", "-1"), ("--sead", "1")])
def test_wrong_usage_names_the_option(words):
    result = command(*words)
    assert result.exit_code == 2
    assert words[0] in result.output


def test_settings_are_listed_with_value_and_meaning():
    lines = command(
        "--env", "FCEVMicrogrid-v0", "--set", "volumes=true", "--list-settings"
    ).output.splitlines()
    assert "volumes = true (true or false): the two options of the action." in lines
    assert "ppo.gamma = 0.995 (a number > 0 and <= 1): discount factor of a step." in lines
    assert any(line.startswith("params.household.n_houses = 200 ") for line in lines)
    assert not any(line.startswith("sac.") for line in lines)


def test_cards_of_older_agents_are_understood():
    """They call the wrappers "lesson"."""
    result = command("--set", 'lesson.reward="profit"', "--list-settings")
    assert 'wrappers.reward = "profit"' in result.output
