"""`vpp-gym train`: train an agent, with the settings that worked best for its environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vpp_gym.cli import completion
from vpp_gym.cli.ids import env_ids
from vpp_gym.cli.output import AsJson


def train(
    env: Annotated[
        str | None,
        typer.Option(
            help=f"Environment: {', '.join(env_ids(stays=True))}.",
            show_default="VPPDayAhead-v0",
            autocompletion=completion.ids,
        ),
    ] = None,
    algo: Annotated[
        str | None, typer.Option(help="Algorithm: ppo or sac.", show_default="ppo")
    ] = None,
    world: Annotated[
        str | None,
        typer.Option(
            help="Scenarios to train on: synthetic, site, shifting (habits that nobody states), or "
            "real (needs the folder VPP_GYM_DATA).",
            show_default="synthetic",
        ),
    ] = None,
    timesteps: Annotated[
        int | None,
        typer.Option(min=1, help="Environment steps in all.", show_default="tuned by environment"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of learner and environments.", show_default="0")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change an argument of the environment (volumes=true), a parameter "
            "(params.contract.term_h=3) or a setting of training (ppo.gamma=0.9, "
            "world.n_envs=8). Repeat it for several.",
        ),
    ] = None,
    list_settings: Annotated[
        bool, typer.Option("--list-settings", help="List everything that --set can change; exit.")
    ] = False,
    validate_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Environment steps between validations.",
            show_default="32 validations, 8 in short runs",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the policy.", show_default="from algorithm and arguments"),
    ] = None,
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of the run.", show_default="runs/NAME-seedSEED")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue from the run's last checkpoint, with its settings. A larger "
            "--timesteps extends a finished run; other changes are refused.",
        ),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="In a clone: copy the best policy to the trained ones."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train an agent with PPO or SAC of Stable-Baselines3.

    Years that are not trained on validate the policy; the best one is kept in the run's folder.
    Ctrl-C ends the run, and --resume goes on from its last checkpoint.
    """
    from vpp_gym.training.command import begin, print_settings
    from vpp_gym.training.options import read_changes
    from vpp_gym.training.request import RunRequest

    changes = read_changes(change or ())
    request = RunRequest(env, algo, world, name, seed, timesteps, validate_every, changes)
    if list_settings:
        print_settings(request.new_run(), as_json)
        return
    begin(request, run_dir=run_dir, resume=resume, keep=keep, as_json=as_json)
