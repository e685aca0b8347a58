"""Searches what a scheduler should offer to owners, on synthetic validation years only.

    python -m benchmarks.contract_search [--family control_based] [--years 4] [--hindsight]

Written is what each offer adds to the profit of the same scheduler without contracts, bids
left out.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.differences import RESULTS, write_table
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.params.contract import ContractChanges, hybrid, offer
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.policy import Policy
from vpp_gym.scenarios.synthetic import SyntheticSource

TARIFFS = (0.00667, 0.008, 0.01, 0.01334, 0.02)
"""EUR/kWh: what each type of owner perceives as wear, rounded up."""

SEARCH: dict[str, list[ContractChanges]] = {
    "fixed_term": [
        offer("fixed_term", term_h=term_h, kappa_eur=kappa_eur)
        for term_h, kappa_eur in product((1, 2, 3, 6, 8, 10, 12, 14), (0.1, 0.2))
    ],
    "control_based": [
        offer("control_based", tariff_eur_per_kwh=tariff, keep_soc=keep_soc)
        for tariff, keep_soc in product(TARIFFS, (0.0, 0.2))
    ],
    "price_based": [
        offer("price_based", markup=markup, margin=margin)
        for markup, margin in product((1.0, 1.25, 1.5), (0.0, 0.1, 0.25))
    ],
    "volume_based": [
        offer(
            "volume_based",
            term_h=term_h,
            energy_kwh=energy_kwh,
            tariff_eur_per_kwh=0.01334,
            keep_soc=0.0,
        )
        for term_h, energy_kwh in product((6, 10), (10.0, 25.0))
    ],
    "hybrid": [
        hybrid(
            offer("fixed_term", term_h=10),
            offer("control_based", tariff_eur_per_kwh=tariff, keep_soc=0.0),
        )
        for tariff in TARIFFS[2:]
    ],
}

TITLE = "What offers to owners gain"
NOTES = (
    "Profit of the scheduler with the offer less its profit without contracts, on synthetic "
    "validation years, bids left out; the best first. Tariffs are what the types of owners "
    "perceive as wear, rounded up."
)


def profit_eur(offering: ContractChanges | None, year: int, hindsight: bool) -> float:
    """Profit of a validation year without what the bids added, EUR."""
    policy: Policy
    if hindsight:
        policy = Hindsight(0, contract=offering, bid_bound="none")
    else:
        policy = rolling_mpc(0, contract=offering)
    days = evaluate(policy, SyntheticSource("validation").scenario(year)).days
    return float(days["profit_eur"].sum() - days["position_eur"].sum())


def fields(offering: ContractChanges) -> str:
    """What distinguishes an offering."""
    parts = [
        f"{name} {value:g}"
        for section in (offering, *(v for v in offering.values() if isinstance(v, dict)))
        for name, value in section.items()
        if isinstance(value, int | float)
    ]
    return ", ".join(parts)


def searched(names: list[str], years: int, hindsight: bool, jobs: int) -> list[dict[str, Any]]:
    """A row for each offer of some families, the best first."""
    candidates = [(name, offering) for name in names for offering in SEARCH[name]]
    offers: list[ContractChanges | None] = [None, *(offering for _, offering in candidates)]
    tasks = [(offer, year, hindsight) for offer in offers for year in range(years)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        runs = pool.map(profit_eur, *zip(*tasks, strict=True))
        profits = list(track(runs, "offers", total=len(tasks)))
    without, *others = (profits[k : k + years] for k in range(0, len(profits), years))
    rows = []
    for (name, offering), profit in zip(candidates, others, strict=True):
        gains = [earned - base for earned, base in zip(profit, without, strict=True)]
        by_year = {f"year_{year}_eur": gain for year, gain in enumerate(gains)}
        mean_eur = sum(gains) / years
        rows.append({"family": name, "offer": fields(offering), "mean_eur": mean_eur, **by_year})
    return sorted(rows, key=lambda row: -row["mean_eur"])


def main(
    family: Annotated[
        str | None, typer.Option(help=f"Search only this family: {', '.join(SEARCH)}.")
    ] = None,
    years: Annotated[int, typer.Option(min=1, max=4, help="Number of validation years.")] = 4,
    hindsight: Annotated[
        bool, typer.Option("--hindsight", help="Search for perfect foresight.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Number of processes.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Write the gain of every offer over none, year by year, the best first."""
    if family is not None and family not in SEARCH:
        raise InvalidInputError("family", family, f"use one of {', '.join(SEARCH)}")
    rows = searched(list(SEARCH) if family is None else [family], years, hindsight, jobs)
    name = "contract_search_hindsight" if hindsight else "contract_search"
    options = f" --years {years}" + (" --hindsight" if hindsight else "")
    options += "" if family is None else f" --family {family}"
    command = f"python -m benchmarks.contract_search{options}"
    write_table(name, rows, title=TITLE, notes=NOTES, command=command, folder=out)
    for row in rows[:10]:
        print(f"{row['mean_eur']:8.0f}  {row['family']}: {row['offer']}")


if __name__ == "__main__":
    typer.run(main)
