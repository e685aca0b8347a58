"""`vpp-gym sweep`: train many agents, with several seeds and settings or in a search for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli import completion
from vpp_gym.cli.ids import env_ids
from vpp_gym.cli.output import AsJson, print_json, say, show_table
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.tables import Column, Grid
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.training.sweep import SweepRow


def sweep(
    env: Annotated[
        str,
        typer.Option(
            help=f"Environment: {', '.join(env_ids(stays=True))}.", autocompletion=completion.ids
        ),
    ] = "VPPDayAhead-v0",
    algo: Annotated[str, typer.Option(help="Algorithm: ppo or sac.")] = "ppo",
    world: Annotated[str, typer.Option(help="Scenarios to train on: synthetic or real.")] = (
        "synthetic"
    ),
    timesteps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Environment steps of each run.", show_default="tuned by environment"
        ),
    ] = None,
    validate_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Environment steps between validations.",
            show_default="32 validations, 8 in short runs",
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(help="Seeds, such as 0-4 or 0,3,7; of a search one.")
    ] = "0-4",
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a setting of every run, as of vpp-gym train. Repeat it for several.",
        ),
    ] = None,
    tries: Annotated[
        list[str] | None,
        typer.Option(
            "--try",
            metavar="NAME=VALUE,VALUE",
            help="Train with each of these values; several are crossed.",
        ),
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LOW..HIGH",
            help="Let Optuna search a setting between LOW and HIGH (with :log by its logarithm), "
            "or among NAME=VALUE,VALUE. Needs --trials.",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of a search in all.", show_default=False)
    ] = None,
    out: Annotated[
        Path,
        typer.Option(help="Folder of the runs. What it has goes on; on a cluster a shared one."),
    ] = Path("runs", "sweep"),
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    workers: Annotated[
        int | None,
        typer.Option(
            help="Number of processes; 0: in this one; by default one for each core.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Of a Ray cluster, such as auto or ray://head:10001.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train many agents on all cores or a cluster, and list how they validate.

    Stop it with Ctrl-C and start it again: it goes on where it was.
    """
    from vpp_gym.training.command import require_learner
    from vpp_gym.training.options import read_changes
    from vpp_gym.training.sweep import TABLE, read_space, read_values, study
    from vpp_gym.training.sweep import sweep as all_runs

    require_learner()
    if bool(search) != (trials is not None):
        raise InvalidInputError("trials", trials, "give --search and --trials together")
    if search and tries:
        raise InvalidInputError("try", tries, "give --try or --search")
    with at_work("Training; no run has ended yet", counts=True) as report:
        given: dict[str, Any] = {
            "algorithm": algo,
            "world": world,
            "timesteps": timesteps,
            "validate_every": validate_every,
            "changes": read_changes(change or ()),
            "engine": engine,
            "workers": workers,
            "address": address,
            "progress": lambda done, total, row: report(
                f"Training; the last run to end was {row.name}; runs", done, total
            ),
        }
        numbers = _seeds(seeds)
        if search and trials is not None:
            space = read_space(search)
            rows = study(env, out, space, trials=trials, seed=numbers[0], **given)
        else:
            pairs = (text.partition("=") for text in tries or ())
            values = {name: read_values(words) for name, _, words in pairs}
            rows = all_runs(env, out, seeds=numbers, tries=values, **given)
    _show(rows, as_json)
    if not as_json:
        say(f"Table: {out / TABLE}; the best policy of each run is in its folder, in best")


def _show(rows: list[SweepRow], as_json: bool) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row.settings))
    if as_json:
        print_json([vars(row) for row in rows])
        return
    cells = [
        [
            row.name,
            *(str(row.settings.get(name, "")) for name in names),
            f"{row.steps:,}",
            f"{row.best_eur:+,.0f}",
            "yes" if row.pruned else "",
        ]
        for row in rows
    ]
    numbers = Column("Steps", is_number=True), Column("Best, EUR a year", is_number=True)
    show_table(Grid([Column("Run"), *map(Column, names), *numbers, Column("Stopped")], cells))


def _seeds(text: str) -> list[int]:
    """Seeds as on the command line.

    >>> _seeds("0-2,7")
    [0, 1, 2, 7]
    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise InvalidInputError("seeds", text, "give numbers, such as 0-4 or 0,3,7")
        found += range(int(first), int(last if dash else first) + 1)
    if not found:
        raise InvalidInputError("seeds", text, "give at least one")
    return found
