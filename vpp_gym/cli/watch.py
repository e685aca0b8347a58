"""`vpp-gym watch`: a day of an agent in the terminal, and as an animation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli import completion
from vpp_gym.cli.evaluate import Algo, Env, PolicyPlace, Set, Trust, VecNormalizeFile
from vpp_gym.cli.output import (
    AsJson,
    checked_file,
    console,
    print_json,
    show_table,
)
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.tables import Column, Grid
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.agents.watched import WatchedDay

SUFFIXES = (".gif", ".mp4")
BAR = 12
"""Characters of the longest bar."""


def watch(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="As for `vpp-gym evaluate`: a file, the folder of a run, or the name of a "
            "pretrained agent such as ppo_synthetic.",
            show_default=False,
            autocompletion=completion.agents,
        ),
    ] = None,
    day: Annotated[int, typer.Option(min=1, help="Number of the day to watch.")] = 30,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="Where: by default the test split of what it was trained on.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Animation to write: gif, or mp4 where ffmpeg is installed.", show_default=False
        ),
    ] = None,
    fps: Annotated[float, typer.Option(min=0.1, help="Pictures a second.")] = 4.0,
    every: Annotated[int, typer.Option(min=1, help="Steps from one picture to the next.")] = 4,
    env: Env = None,
    change: Set = None,
    vecnormalize: VecNormalizeFile = None,
    policy: PolicyPlace = None,
    algo: Algo = None,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Watch what an agent does on a day: in the terminal hour by hour, and as an animation."""
    from vpp_gym.agents.watched import watch as watch_day
    from vpp_gym.cli.evaluate import agents_of, progress_bar
    from vpp_gym.evaluation.agent import EnvironmentAgent

    if out is not None:
        checked_file("out", out, SUFFIXES)
    models = [] if model is None else [model]
    with at_work("Loading"):
        (agent,) = agents_of(models, policy, env, change or [], vecnormalize, algo, trust)
    if not isinstance(agent, EnvironmentAgent):
        remedy = "it plays no environment: `vpp-gym run --figure` draws a day of a policy"
        raise InvalidInputError("policy", agent.name, remedy)
    happens, rules = _where(agent, scenario)
    with progress_bar() as report:
        seen = watch_day(
            agent,
            rules,
            happens,
            day,
            draws=out is not None,
            every=every if agent.world == "ev" else 1,
            progress=lambda done, total: report(agent.name, done, total),
        )
    if out is not None:
        from vpp_gym.plots.animation import save_animation

        with at_work("Writing the animation"):
            save_animation(seen.frames, out, fps)
    if as_json:
        print_json(
            {
                "policy": seen.policy,
                "scenario": seen.scenario,
                "date": seen.date,
                "hours": seen.hours,
                "animation": None if out is None else str(out),
                "pictures": len(seen.frames),
            }
        )
        return
    show_table(_table(seen, agent.world))
    if out is not None:
        console.print(f"Animation of {seen.date}: {out}", soft_wrap=True)


def _where(agent: Any, scenario: str | None) -> tuple[Any, Any]:
    """What happens, and the rules that the agent was trained under."""
    from vpp_gym.agents.origin import setting_of_agent
    from vpp_gym.agents.setting import judged_scenario
    from vpp_gym.boards.alone import named_scenario

    setting = getattr(agent, "setting", None) or setting_of_agent(agent)
    return named_scenario(judged_scenario(setting, scenario), setting), setting.params


def _table(seen: WatchedDay, world: str) -> Grid:
    """The hours of a day, with a bar for the first quantity."""
    from vpp_gym.agents.watched import SHOWN

    names = SHOWN[world]
    first = next(iter(names))
    most = max(*(abs(row[first]) for row in seen.hours), 1e-9)
    columns = [
        Column("Hour"),
        Column(""),
        *(Column(head, is_number=True) for head in names.values()),
        Column("Profit EUR", is_number=True),
    ]
    rows = [
        [
            f"{row['hour']:02.0f}:00",
            "█" * round(BAR * abs(row[first]) / most),
            *(f"{row[name] + 0.0:,.1f}" for name in names),
            f"{row['profit_eur'] + 0.0:,.2f}",
        ]
        for row in seen.hours
    ]
    total_eur = sum(row["profit_eur"] for row in seen.hours)
    return Grid(
        columns,
        rows,
        title=f"{seen.policy} on {seen.date}, {seen.scenario}: {total_eur + 0.0:,.2f} EUR",
        caption=f"Bars: {next(iter(names.values()))}, the longest {most:,.1f}.",
    )
