"""`vpp-gym reproduce parklee2018`: both models of fuel-cell cars, compared with the article."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp_gym.cli.output import AsJson, console, print_json, say, show_table
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.tables import Column, Grid
from vpp_gym.files.trial import check_folder
from vpp_gym.files.writer import write_text

if TYPE_CHECKING:
    from vpp_gym.reproduction.parklee2018.report import Reproduction


def parklee2018(
    seeds: Annotated[
        int, typer.Option(min=1, max=1000, help="Number of seeds of the car park.")
    ] = 20,
    grid_seeds: Annotated[
        int, typer.Option(min=1, max=1000, help="Number of seeds of the microgrid.")
    ] = 5,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the report in Markdown and its figures.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Repeat Park Lee, Lukszo and Herder 2018: both models, compared with the reported results.

    Model 1: a car park with price-based contracts in the day-ahead market. Model 2: a
    microgrid with volume-based contracts. The article's tables of inputs are not
    public; the report lists what is assumed instead.
    """
    from vpp_gym.reproduction.parklee2018.report import document, markdown, reproduce

    if out is not None:
        check_folder(out, "out")
    with at_work("Running") as report:
        result = reproduce(range(seeds), range(grid_seeds), progress=report)
    if as_json:
        print_json(document(result))
    else:
        _show(result)
    if out is not None:
        page = write_text(out / "parklee2018.md", markdown(result, _draw(result, out)))
        if not as_json:
            say(f"Report: {page}")


def _draw(result: Reproduction, out: Path) -> dict[str, str]:
    from vpp_gym.plots.canvas import save_figure
    from vpp_gym.plots.car_shortage import draw_car_shortage
    from vpp_gym.plots.driver_profit import draw_driver_profit

    figures = {
        "images/parklee2018_shortage.png": draw_car_shortage(result.weeks),
        "images/parklee2018_drivers.png": draw_driver_profit(result.driver_profit_eur),
    }
    for name, figure in figures.items():
        save_figure(figure, out / name)
    names = list(figures)
    return {"shortage": names[0], "drivers": names[1]}


def _show(result: Reproduction) -> None:
    for model in (1, 2):
        headings = ("Statement", "Reported", "Here", "Confirmed in")
        rows = [
            (one.statement, one.reported, one.ours, one.holds_in)
            for one in result.findings
            if one.model == model
        ]
        show_table(Grid([Column(heading) for heading in headings], rows, title=f"Model {model}"))
    count = len(result.assumptions)
    console.print(
        f"{count} parameters are assumed; --out writes a report that lists them all.",
        soft_wrap=True,
    )
