"""The command line: what it refuses and how, and a run interrupted, resumed and extended."""

from __future__ import annotations

from functools import partial

import pytest
import typer
from typer.testing import CliRunner

from tests.agents.test_training import only
from vpp_gym.cli.train import train as main
from vpp_gym.errors import InvalidInputError
from vpp_gym.training import trainer
from vpp_gym.training.config import CHECKPOINT
from vpp_gym.training.trainer import Trainer

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
    monkeypatch.setattr(trainer, "Trainer", partial(Trainer, **only(toy)))
    return tmp_path


def refusal(*words):
    result = command(*words)
    assert isinstance(result.exception, InvalidInputError), result.output
    return str(result.exception)


def test_a_run_says_what_it_does_and_where_it_lies(short):
    result = tiny()
    assert result.exit_code == 0, result.output
    assert "128 steps of VPPDayAhead-v0 with ppo, in run" in result.output
    assert result.output.count("EUR/year above charging on arrival, demand served") == 3
    assert " steps, in run/best" in result.output
    assert "vpp-gym evaluate run/best --worlds 1 --days 28" in result.output
    assert "vpp-gym watch run/best" in result.output
    assert (short / "run/best").is_dir()


def test_an_interrupted_run_tells_how_to_go_on(short):
    def interrupt(steps, score):
        raise KeyboardInterrupt

    whole = partial(trainer.Trainer)
    trainer.Trainer = lambda *args, **more: whole(*args, **{**more, "report": interrupt})
    result = tiny()
    assert result.exit_code == 130
    assert "nothing was saved" in result.output
    trainer.Trainer = whole
    assert tiny().exit_code == 0
    again = command("--resume", "--run-dir", "run")
    assert "the run is finished: 128 of 128 steps" in again.output
    assert "--timesteps 256" in again.output
    extended = command("--resume", "--run-dir", "run", "--timesteps", "256")
    assert "steps 128 to 256" in extended.output
    assert "256 steps" in extended.output


def test_a_folder_that_has_a_run_is_left_alone(short):
    tiny()
    before = (short / "run" / CHECKPOINT).read_bytes()
    message = refusal("--run-dir", "run")
    assert "vpp-gym train --resume --run-dir run" in message
    assert (short / "run" / CHECKPOINT).read_bytes() == before


def test_resuming_names_the_runs_that_there_are(short):
    assert "runs/ has none" in refusal("--resume")
    tiny("--run-dir", "runs/mine")
    assert "runs/mine" in refusal("--resume", "--name", "other")
    assert "ppo.gamma: got 0.5; the saved run has 0.97" in refusal(
        "--resume", "--run-dir", "runs/mine", "--set", "ppo.gamma=0.5"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--env", "VPPDayAhed-v0"), "did you mean VPPDayAhead-v0?"),
        (
            ("--env", "FCEVMicrogrid-v0", "--set", "volums=true"),
            "volumes: the agent sets the committed volume",
        ),
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
        (("--env", "FCEVCarPark-v0", "--set", "n_scenarios=3"), "use world.n_scenarios"),
        (("--env", "FCEVCarPark-v0", "--set", "wrappers.reward=load"), "use profit or gain"),
        (("--env", "VPPBidding-v0", "--set", "wrappers.foresight_h=3"), "use 0"),
        (("--set", "threads=2"), "use world.in_training.threads"),
        (("--set", "sac.gamma=0.9"), "no effect on --algo ppo: set ppo.gamma"),
        (("--set", "ppo.gamma=0.9", "--set", "ppo.gamma=0.8"), "--set gives it twice"),
        (("--set", "ppo.gamma"), "give NAME=VALUE"),
        (("--algo", "sac", "--timesteps", "500"), "sac.learning_starts=10000"),
        (("--name", "../elsewhere"), "name: got '../elsewhere'"),
        (("--world", "mars"), "use one of synthetic, real"),
    ],
)
def test_what_is_refused_is_named_with_a_remedy(words, message):
    assert message in refusal(*words)


@pytest.mark.parametrize("words", [("--timesteps", "0"), ("--seed", "-1"), ("--sead", "1")])
def test_wrong_usage_names_the_option(words):
    result = command(*words)
    assert result.exit_code == 2
    assert words[0] in result.output


def test_settings_are_listed_with_value_and_meaning():
    lines = command(
        "--env", "FCEVMicrogrid-v0", "--set", "volumes=true", "--list-settings"
    ).output.splitlines()
    assert any(line.startswith("volumes = true (true or false): the agent sets") for line in lines)
    assert "ppo.gamma = 0.995 (a number > 0 and <= 1): discount factor of a step." in lines
    assert any(line.startswith("params.household.n_houses = 200 ") for line in lines)
    assert not any(line.startswith("sac.") for line in lines)


def test_help_names_every_option_with_its_default():
    text = " ".join(command("--help").output.replace("│", " ").split())
    assert "Environment: VPPDayAhead-v0, VPPBidding-v0, VPPDispatch-v0" in text
    assert "[default: (VPPDayAhead-v0)]" in text
    assert "[default: (runs/NAME-seedSEED)]" in text
