"""Searches what a scheduler should offer to owners, on synthetic validation years only.

    python -m benchmarks.contract_search [--family control_based] [--wear 0.03] [--hindsight]

Written is what each offer adds to the profit of the same scheduler without contracts, bids
left out.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from benchmarks.differences import RESULTS, write_table
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.files.trial import check_folder
from vpp_gym.params import DEFAULT
from vpp_gym.params.contract import ContractChanges, offer
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.policies.scheduler import hazard_mpc
from vpp_gym.policy import Policy
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.workers import worker_pool

MARKUPS = (4 / 3, 1.5, 1.75, 2.0, 2.5)
"""Tariffs over the true wear: what four of five types of owners perceive, to more than all do."""


def search(wear_eur_per_kwh: float) -> dict[str, list[ContractChanges]]:
    """What is tried of each family, where owners have this true wear."""
    tariffs = [round(markup * wear_eur_per_kwh, 4) for markup in MARKUPS]
    return {
        "fixed_term": [
            offer("fixed_term", term_h=term_h, kappa_eur=kappa_eur)
            for term_h, kappa_eur in product((1, 2, 3), (0.2, 0.4))
        ],
        "control_based": [
            offer("control_based", tariff_eur_per_kwh=tariff, keep_soc=0.2, eur_per_h=eur_per_h)
            for tariff, eur_per_h in product(tariffs, (0.0, 0.002))
        ],
        "price_based": [
            offer("price_based", markup=markup, margin=margin)
            for markup, margin in product((1.0, 1.25, 1.5, 2.0), (0.0, 0.25))
        ],
        "volume_based": [
            offer("volume_based", term_h=10, energy_kwh=20.0, tariff_eur_per_kwh=tariff)
            for tariff in tariffs[:3]
        ],
    }


FAMILIES = tuple(search(1.0))
TITLE = "What offers to owners gain"
NOTES = (
    "Profit of the planner that knows the law of departures with the offer, less its profit "
    "without contracts, in the reference world on synthetic validation years, bids left out; "
    "the best first."
)


def profit_eur(
    offering: ContractChanges | None, year: int, days: int, wear: float, hindsight: bool
) -> float:
    """Profit of a part of a validation year without what the bids added, EUR."""
    policy: Policy
    if hindsight:
        policy = Hindsight(0, contract=offering, bid_bound="none")
    else:
        policy = hazard_mpc(0, contract=offering)
    source = SyntheticSource("validation", days=days, dt_h=0.25, params="metered")
    params = DEFAULT.replace(owner={"wear_eur_per_kwh": wear})
    rows = evaluate(policy, source.scenario(year), params).days
    return float(rows["profit_eur"].sum() - rows["position_eur"].sum())


def fields(offering: ContractChanges) -> str:
    """What distinguishes an offering."""
    parts = [
        f"{name} {value:g}"
        for section in (offering, *(v for v in offering.values() if isinstance(v, dict)))
        for name, value in section.items()
        if isinstance(value, int | float)
    ]
    return ", ".join(parts)


def searched(
    names: Sequence[str], years: int, days: int, wear: float, hindsight: bool, jobs: int
) -> list[dict[str, Any]]:
    """A row for each offer of some families, the best first."""
    tried = search(wear)
    candidates = [(name, offering) for name in names for offering in tried[name]]
    offers: list[ContractChanges | None] = [None, *(offering for _, offering in candidates)]
    tasks = [(offer, year, days, wear, hindsight) for offer in offers for year in range(years)]
    with worker_pool(jobs) as pool:
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
        str | None, typer.Option(help=f"Search only this family: {', '.join(FAMILIES)}.")
    ] = None,
    years: Annotated[int, typer.Option(min=1, max=4, help="Number of validation years.")] = 2,
    days: Annotated[int, typer.Option(min=28, max=365, help="Days of each year.")] = 182,
    wear: Annotated[float, typer.Option(help="True wear of discharging, EUR/kWh.")] = 0.03,
    hindsight: Annotated[
        bool, typer.Option("--hindsight", help="Search for perfect foresight.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Number of processes.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Write the gain of every offer over none, year by year, the best first."""
    check_folder(out, "out")
    if family is not None and family not in FAMILIES:
        raise InvalidInputError("family", family, f"use one of {', '.join(FAMILIES)}")
    names = FAMILIES if family is None else [family]
    rows = searched(names, years, days, wear, hindsight, jobs)
    name = "contract_search_hindsight" if hindsight else "contract_search"
    options = f" --years {years} --days {days} --wear {wear:g}"
    options += " --hindsight" if hindsight else ""
    options += "" if family is None else f" --family {family}"
    command = f"python -m benchmarks.contract_search{options}"
    write_table(name, rows, title=TITLE, notes=NOTES, command=command, folder=out)
    for row in rows[:10]:
        print(f"{row['mean_eur']:8.0f}  {row['family']}: {row['offer']}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
