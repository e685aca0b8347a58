"""`vpp-gym run`: one policy through one scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli import completion
from vpp_gym.cli.day_figure import SUFFIXES, last_day, save_day
from vpp_gym.cli.html_report import SUFFIXES as PAGES
from vpp_gym.cli.html_report import html_report
from vpp_gym.cli.output import AsJson, checked_file, print_json, progress_console, say
from vpp_gym.cli.params import ParamsFile, SetParams, stated_changes
from vpp_gym.cli.policies import list_policies, named_policy
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.report import run_report, show_report
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.evaluation.rollout import RunResult
    from vpp_gym.policy import Policy
    from vpp_gym.scenarios.scenario import Scenario


STEP_H = 0.25
"""Hours per step where neither the user nor a file says it."""


def run(
    policy: Annotated[
        str | None,
        typer.Argument(
            metavar="POLICY",
            help="A baseline, see --list, or a policy of your own as package.module:name, where "
            "name is the policy, its class or a function that makes it.",
            show_default=False,
            autocompletion=completion.policies,
        ),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the baselines and exit.")] = False,
    scenario: Annotated[
        str,
        typer.Option(
            help="synthetic:train, :validation or :test, also with a preset such as "
            "synthetic:test:price_crisis; site:test and shifting:test, with the same splits; "
            "real:train or real:test; or a split of a world file, such as world.parquet:test."
        ),
    ] = "synthetic:test",
    index: Annotated[
        int, typer.Option(help="Number of the scenario, if the name stands for several.")
    ] = 0,
    dt_h: Annotated[
        float | None,
        typer.Option(
            help="Hours per step: 1, 0.5, 0.25, or 0.0833 for 5 minutes; by default as a world "
            "file has it, else 0.25.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with real data; by default VPP_GYM_DATA.", show_default=False),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(help="Number of days from the start; by default all.", show_default=False),
    ] = None,
    params: ParamsFile = None,
    set_params: SetParams = None,
    guarantee: Annotated[
        bool | None,
        typer.Option(
            help="Whether every charging target is kept within reach; by default as the world "
            "has it, which is yes.",
            show_default=False,
        ),
    ] = None,
    ageing: Annotated[
        bool,
        typer.Option(
            "--ageing",
            help="Tell what batteries lose at the chargers, with contracts and without; the run "
            "is made twice more for it.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="CSV file to write, one row per day.", show_default=False)
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            help="Picture of the last day to write, png or svg; the run is made twice for it.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Report to write as one HTML file, with the picture of the last day; the run is "
            "made twice for it.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a policy through a scenario and report profit, energy and service.

    A module of your own is looked up in the current folder first.
    """
    if show_list:
        list_policies(as_json)
        return
    outputs = {"out": (out, (".csv",)), "figure": (figure, SUFFIXES), "report": (report, PAGES)}
    for option, (path, suffixes) in outputs.items():
        if path is not None:
            checked_file(option, path, suffixes)
    chosen = named_policy(policy)
    changes = stated_changes(params, set_params)
    if guarantee is not None:
        changes["guarantee"] = guarantee
    with at_work("Reading the scenario"):
        world = _scenario(scenario, index, data, dt_h)
        end_step = _end_step(world, days)
        warnings = _warnings(world, changes)
    result = _evaluate(chosen, world, end_step, changes)
    found = {**run_report(result), "warnings": warnings}
    if ageing:
        found["ageing"] = _ageing(named_policy(policy), world, end_step, changes)
    # First what took long to find, so that a disk that is full by now takes nothing away.
    if as_json:
        print_json(found)
    else:
        show_report(found)
    if out is not None:
        _write_days(result, out)
        _tell(as_json, "One row per day", out)
    if figure is None and report is None:
        return
    with at_work("Drawing the last day"):
        view = last_day(named_policy(policy), world, changes, end_step)
    if figure is not None:
        _tell(as_json, f"Picture of {save_day(view, figure)}", figure)
    if report is not None:
        _write_page(html_report(found, result.days, view), report)
        _tell(as_json, "Report", report)


def _tell(as_json: bool, words: str, path: Path) -> None:
    if not as_json:
        say(f"{words}: {path}")


def _write_page(text: str, out: Path) -> None:
    from vpp_gym.files.writer import write_text

    write_text(out, text)


def _warnings(scenario: Scenario, changes: dict[str, Any]) -> list[str]:
    """Tell, before the run begins, that many cars will find no charger."""
    from vpp_gym.cli.crowding import FEW_SHARE, crowding
    from vpp_gym.params import as_params
    from vpp_gym.scenarios.occupancy import occupancy

    found = crowding([occupancy(scenario, as_params(changes, scenario.params))], FEW_SHARE)
    for one in found:
        progress_console.print(f"Warning: {one}", style="yellow", soft_wrap=True)
    return found


def _ageing(
    policy: Policy, scenario: Scenario, end_step: int, changes: dict[str, Any]
) -> dict[str, float]:
    from vpp_gym.evaluation.ageing import ageing_by_v2g

    with at_work("Ageing of batteries"):
        return ageing_by_v2g(policy, scenario, changes, end_step=end_step)


def _write_days(result: RunResult, out: Path) -> None:
    from vpp_gym.evaluation.csv_text import csv_text
    from vpp_gym.files.writer import write_text

    write_text(out, csv_text(result.days))


def _scenario(name: str, index: int, data: Path | None, dt_h: float | None) -> Scenario:
    from vpp_gym.scenarios.named import NAMES, load_scenario

    if data is None:
        return load_scenario(name, index, dt_h=dt_h)
    kind, _, split = name.partition(":")
    if kind != "real" or name not in NAMES:
        raise InvalidInputError(
            "data", str(data), f"{name} reads no files; use real:train or real:test"
        )
    from vpp_gym.scenarios.real import real_source

    step_h = STEP_H if dt_h is None else dt_h
    return real_source(data, split or "test", dt_h=step_h).scenario(index)


def _end_step(scenario: Scenario, days: int | None) -> int:
    """One past the last step of the first `days` local days."""
    in_all = int(scenario.day[-1]) + 1
    if days is None:
        return scenario.n_steps
    if not 1 <= days <= in_all:
        raise InvalidInputError("days", days, f"{scenario.name} has 1 to {in_all}")
    return int(scenario.day.searchsorted(days))


def _evaluate(
    policy: Policy, scenario: Scenario, end_step: int, changes: dict[str, Any]
) -> RunResult:
    from vpp_gym.evaluation.rollout import evaluate

    words = f"{policy.name}, days"
    with at_work(words, counts=True) as report:
        return evaluate(
            policy,
            scenario,
            changes,
            end_step=end_step,
            progress=lambda done, total: report(words, done, total),
        )
