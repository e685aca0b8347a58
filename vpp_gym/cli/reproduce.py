"""`vpp-gym reproduce`: case studies of publications, repeated in this simulator."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli.output import AsJson, print_json, progress_console, show_table
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.reproduce_parklee import parklee2018
from vpp_gym.cli.tables import Column, Grid
from vpp_gym.errors import InvalidInputError, printable
from vpp_gym.files.trial import check_folder

if TYPE_CHECKING:
    from vpp_gym.reproduction.rahman2023.study import Study

reproduce = typer.Typer(
    name="reproduce",
    help="Repeat the case study of a publication and compare the results.",
    no_args_is_help=True,
)
reproduce.command()(parklee2018)


@reproduce.callback()
def publications() -> None:
    """Repeat the case study of a publication and compare the results."""


@reproduce.command()
def rahman2023(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with real data; by default VPP_GYM_DATA.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the report and its figures.", show_default=False),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="Number of seeds for owners and bids; 2 or more give a spread.")
    ] = 20,
    jobs: Annotated[
        int | None,
        typer.Option(help="Processes; by default one per core, at most four.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Repeat Rahman et al. 2023: Tables 1 and 2, the figures, and a test of the reported gain.

    Every row runs in this simulator under the rules behind the paper's numbers. Then
    these rules are removed one after the other.
    """
    from vpp_gym.reproduction.rahman2023.document import document
    from vpp_gym.reproduction.rahman2023.study import Study
    from vpp_gym.scenarios.real import data_folder

    if out is not None:
        check_folder(out, "out")
    if seeds < 0:
        raise InvalidInputError("seeds", seeds, "give 0 or more")
    begun = time.perf_counter()
    study = Study(data_folder(data), jobs=_jobs(jobs))
    _make_runs(study, seeds)
    report = document(study, seeds)
    if as_json:
        print_json(report)
    else:
        _show(report)
    if out is not None:
        from vpp_gym.reproduction.rahman2023.report import write_report

        written = write_report(study, report, out)
        progress_console.print(printable(f"Report: {written}"), soft_wrap=True)
    progress_console.print(f"Took {time.perf_counter() - begun:.0f} s")


def _jobs(asked: int | None) -> int:
    if asked is None:
        return min(os.cpu_count() or 1, 4)
    if asked < 1:
        raise InvalidInputError("jobs", asked, "give 1 or more")
    return asked


def _make_runs(study: Study, seeds: int) -> None:
    from vpp_gym.reproduction.rahman2023.document import make_all

    words = "Years simulated"
    with at_work(words, counts=True) as report:
        make_all(study, seeds, lambda done, total: report(words, done, total))


def _show(report: dict[str, Any]) -> None:
    columns = {
        "row": "Table 2",
        "paper_profit_eur": "Paper EUR",
        "profit_eur": "Ours EUR",
        "paper_gain_percent": "Paper %",
        "gain_percent": "Ours %",
        "contracts": "Contracts",
    }
    show_table(_table(columns, report["table_2"]))
    columns = {
        "change": "Rules removed, one after the other",
        "no_control_eur": "No-Control",
        "no_v2g_eur": "No-V2G",
        "v2g_eur": "V2G 3 h",
        "gain_percent": "Gain %",
    }
    show_table(_table(columns, report["ladder"]))
    columns = {
        "row": "Other owners and bids",
        "profit_eur_mean": "Mean EUR",
        "profit_eur_sd": "sd EUR",
        "paper_profit_eur": "Paper EUR",
    }
    if report["seeds"]:
        show_table(_table(columns, report["seeds"]))


def _table(columns: dict[str, str], rows: list[dict[str, Any]]) -> Grid:
    headings = [
        Column(heading, is_number=place > 0) for place, heading in enumerate(columns.values())
    ]
    return Grid(headings, [[_text(name, row[name]) for name in columns] for row in rows])


def _text(name: str, value: Any) -> str:
    if not isinstance(value, (int, float)):
        return str(value)
    return f"{value:.1f}" if name.endswith("_percent") else f"{value:,.0f}"
