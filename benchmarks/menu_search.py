"""Searches the term and the value curve of the menu that a scheduler should offer.

    python -m benchmarks.menu_search [--years 4] [--hindsight]

Only synthetic validation years are used. Printed is what each menu adds to the
profit of the same scheduler without contracts, bids left out.
"""

from __future__ import annotations

from itertools import product
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vpp_gym.evaluation import evaluate
from vpp_gym.policies.base import Policy
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.scenarios.synthetic import SyntheticSource

TERMS_H = (3, 4, 6, 8, 10, 12, 14)
KAPPAS_EUR = (0.1, 0.2, 0.3)


def profit_eur(term_h: int, kappa_eur: float, year: int, hindsight: bool) -> float:
    """Profit of a validation year without what the bids added, EUR."""
    scheduler: Policy = Hindsight(term_h) if hindsight else rolling_mpc(term_h)
    policy = Operator(scheduler, contract={"kappa_eur": kappa_eur})
    days = evaluate(policy, SyntheticSource("validation").scenario(year)).days
    return float(days["profit_eur"].sum() - days["position_eur"].sum())


def main(
    years: Annotated[int, typer.Option(min=1, max=4, help="Validation years.")] = 4,
    hindsight: Annotated[bool, typer.Option("--hindsight", help="For perfect foresight.")] = False,
) -> None:
    """Print the gain of every menu over no menu, year by year."""
    without = [profit_eur(0, KAPPAS_EUR[0], year, hindsight) for year in range(years)]
    headings = ["term h", "kappa EUR", *(f"year {year}" for year in range(years)), "mean EUR"]
    table = Table(*headings, title="gain over no menu, EUR a year")
    for term_h, kappa_eur in track(list(product(TERMS_H, KAPPAS_EUR)), "menus"):
        gains = [
            profit_eur(term_h, kappa_eur, year, hindsight) - without[year] for year in range(years)
        ]
        cells = [term_h, kappa_eur, *(f"{gain:.0f}" for gain in gains)]
        table.add_row(*map(str, cells), f"{sum(gains) / years:.0f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
