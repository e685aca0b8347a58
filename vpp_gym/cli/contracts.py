"""`vpp-gym contracts`: the optimal contract menu for given owners, as table, JSON or picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli.output import AsJson, checked_file, print_json, say, show_table
from vpp_gym.cli.tables import Column, Grid
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.contracts.menu import Menu

COLUMNS = {
    "owner_type": ("Owner type", "g"),
    "probability": ("Share", ".3g"),
    "energy_kwh": ("Energy kWh", ".2f"),
    "payoff_eur": ("Payoff EUR", ".4f"),
    "payoff_eur_per_kwh": ("EUR per kWh", ".4f"),
    "gain_eur": ("Rent EUR", ".4f"),
}


def contracts(
    types: Annotated[
        str, typer.Option(help="Owner types in increasing order, separated by commas.")
    ] = "0.5,0.75,1,1.25,1.5",
    prob: Annotated[
        str | None,
        typer.Option(
            help="Probability of each type, e.g. 0.4,0.6; by default equal.", show_default=False
        ),
    ] = None,
    kappa: Annotated[
        float,
        typer.Option(help="w kWh are worth kappa * log(1 + w / saturation) EUR to the VPP."),
    ] = 0.2,
    saturation: Annotated[
        float, typer.Option(help="Energy in kWh above which the value flattens.")
    ] = 1.0,
    wear: Annotated[float, typer.Option(help="True wear cost in EUR/kWh.")] = 0.01,
    term: Annotated[
        float | None,
        typer.Option(help="Hours of the window (3); energy is limited to 11 kW times these hours."),
    ] = None,
    cap: Annotated[
        float | None,
        typer.Option(help="Largest energy of a contract in kWh, instead of --term."),
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Picture file to write: png or svg.")] = None,
    as_json: AsJson = False,
) -> None:
    """Design the optimal menu of fixed-term V2G contracts for given owners.

    An owner of type t perceives a wear cost of wear / t. Owners reveal their type
    by the contract they choose, because none gains by choosing the contract of
    another type. The rent is an owner's gain: payoff less perceived wear cost.
    """
    if figure is not None:
        checked_file("figure", figure, (".png", ".svg"))
    cap_kwh, limit = _cap(term, cap)
    numbers = {
        "kappa_eur": kappa,
        "wear_eur_per_kwh": wear,
        "energy_cap_kwh": cap_kwh,
        "saturation_kwh": saturation,
    }
    menu, report = _menu(types, prob, numbers)
    if as_json:
        print_json(report | ({} if figure is None else {"figure": str(figure)}))
    else:
        show_table(_table(report, limit))
    if figure is not None:
        from vpp_gym.plots.menus import draw_menu, save_figure

        save_figure(draw_menu(menu, title=f"Menu, {limit}"), figure)
        if not as_json:
            say(f"Picture of the menu: {figure}")


def _cap(term_h: float | None, cap_kwh: float | None) -> tuple[float, str]:
    """Largest energy of a contract, and the limit in words."""
    from vpp_gym.params import DEFAULT

    if cap_kwh is not None:
        if term_h is not None:
            raise InvalidInputError("cap", cap_kwh, "give either --cap or --term")
        return cap_kwh, f"up to {cap_kwh:g} kWh"
    hours = DEFAULT.contract.term_h if term_h is None else term_h
    if not 0 <= hours < float("inf"):
        raise InvalidInputError("term", hours, "give zero or more hours")
    power_kw = DEFAULT.site.discharge_kw
    return power_kw * hours, f"term {hours:g} h at {power_kw:g} kW"


def _menu(types: str, prob: str | None, numbers: dict[str, float]) -> tuple[Menu, dict[str, Any]]:
    """The menu, and its description as a document."""
    from vpp_gym.contracts.design import design_menu
    from vpp_gym.contracts.menu import expected_value_eur

    owners = _numbers("types", types)
    equal = [1 / len(owners)] * len(owners)
    menu = design_menu(owners, equal if prob is None else _numbers("prob", prob), **numbers)
    expected_eur = expected_value_eur(menu, numbers["kappa_eur"], numbers["saturation_kwh"])
    return menu, numbers | {"expected_value_eur": expected_eur, "contracts": _rows(menu)}


def _rows(menu: Menu) -> list[dict[str, float | None]]:
    from vpp_gym.contracts.menu import ir_residuals

    columns = (menu.owner_types, menu.type_prob, menu.energy_kwh, menu.payoff_eur)
    return [
        {
            "owner_type": owner,
            "probability": share,
            "energy_kwh": energy_kwh,
            "payoff_eur": payoff_eur,
            "payoff_eur_per_kwh": payoff_eur / energy_kwh if energy_kwh > 0 else None,
            "gain_eur": gain_eur,
        }
        for owner, share, energy_kwh, payoff_eur, gain_eur in zip(
            *(column.tolist() for column in (*columns, ir_residuals(menu))), strict=True
        )
    ]


def _numbers(option: str, text: str) -> list[float]:
    """Numbers separated by commas."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidInputError(option, text, "give numbers separated by commas") from error


def _table(report: dict[str, Any], limit: str) -> Grid:
    return Grid(
        [Column(heading, is_number=True) for heading, _ in COLUMNS.values()],
        [
            ["-" if row[name] is None else format(row[name], form)
             for name, (_, form) in COLUMNS.items()]
            for row in report["contracts"]
        ],
        title=f"Menu, {limit}, wear {report['wear_eur_per_kwh']:g} EUR/kWh",
        caption=f"Expected profit of the VPP: {report['expected_value_eur']:.4f} EUR per owner "
        f"(kappa {report['kappa_eur']:g} EUR)",
    )  # fmt: skip
