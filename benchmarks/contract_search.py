"""Searches what a scheduler should offer to owners, on synthetic validation years only.

    python -m benchmarks.contract_search [--family control_based] [--years 4] [--hindsight]

Printed is what each offer adds to the profit of the same scheduler without contracts, bids
left out.
"""

from __future__ import annotations

from itertools import product
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.policies.base import Policy
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.offering import (
    Offering,
    control_based,
    fixed_term,
    hybrid,
    price_based,
    volume_based,
)
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.scenarios.synthetic import SyntheticSource

TARIFFS = (0.00667, 0.008, 0.01, 0.01334, 0.02)
"""EUR/kWh: what each type of owner perceives as wear, rounded up."""

SEARCH: dict[str, list[Offering]] = {
    "fixed_term": [
        fixed_term(term_h, kappa_eur=kappa_eur)
        for term_h, kappa_eur in product((3, 4, 6, 8, 10, 12, 14), (0.1, 0.2, 0.3))
    ],
    "control_based": [
        control_based(tariff_eur_per_kwh=tariff, keep_soc=keep_soc)
        for tariff, keep_soc in product(TARIFFS, (0.0, 0.2, 0.4))
    ],
    "price_based": [
        price_based(markup=markup, margin=margin)
        for markup, margin in product((1.0, 1.25, 1.5, 2.0), (0.0, 0.1, 0.25))
    ],
    "volume_based": [
        volume_based(term_h=term_h, energy_kwh=energy_kwh, tariff_eur_per_kwh=tariff, keep_soc=0.0)
        for term_h, energy_kwh, tariff in product((6, 10, 14), (10.0, 25.0), (0.01, 0.01334))
    ],
    "hybrid": [
        hybrid(fixed_term(10), control_based(tariff_eur_per_kwh=tariff, keep_soc=0.0))
        for tariff in TARIFFS
    ],
}


def profit_eur(offering: Offering | None, year: int, hindsight: bool) -> float:
    """Profit of a validation year without what the bids added, EUR."""
    policy: Policy
    if hindsight:
        policy = Hindsight(0, contract=offering, bid_bound="none")
    else:
        policy = rolling_mpc(0, contract=offering)
    days = evaluate(policy, SyntheticSource("validation").scenario(year)).days
    return float(days["profit_eur"].sum() - days["position_eur"].sum())


def fields(offering: Offering) -> str:
    """What distinguishes an offering."""
    parts = [
        f"{name} {value:g}"
        for section in (offering, *(v for v in offering.values() if isinstance(v, dict)))
        for name, value in section.items()
        if isinstance(value, int | float)
    ]
    return ", ".join(parts)


def main(
    family: Annotated[str | None, typer.Option(help=f"One of {', '.join(SEARCH)}.")] = None,
    years: Annotated[int, typer.Option(min=1, max=4, help="Validation years.")] = 4,
    hindsight: Annotated[bool, typer.Option("--hindsight", help="For perfect foresight.")] = False,
) -> None:
    """Print the gain of every offer over none, year by year, the best first."""
    if family is not None and family not in SEARCH:
        raise InvalidInputError("family", family, f"use one of {', '.join(SEARCH)}")
    without = [profit_eur(None, year, hindsight) for year in range(years)]
    names = list(SEARCH) if family is None else [family]
    candidates = [(name, offering) for name in names for offering in SEARCH[name]]
    rows = []
    for name, offering in track(candidates, "offers"):
        gains = [profit_eur(offering, y, hindsight) - without[y] for y in range(years)]
        rows.append((sum(gains) / years, name, fields(offering), gains))
    headings = ["family", "offer", *(f"year {year}" for year in range(years)), "mean EUR"]
    table = Table(*headings, title="gain over no contracts, EUR a year")
    for mean_eur, name, offer, gains in sorted(rows, key=lambda row: -row[0]):
        table.add_row(name, offer, *(f"{gain:.0f}" for gain in gains), f"{mean_eur:.0f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    typer.run(main)
