"""The reproduction of Park Lee et al. 2018 as one result, as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.microgrid.ledger import COLUMN
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.parameters import Assumption, assumptions
from vpp_gym.reproduction.parklee2018.findings import (
    NO_IMPORT,
    Finding,
    car_park_findings,
    microgrid_findings,
    span,
)
from vpp_gym.reproduction.parklee2018.years import (
    WEEKS,
    Progress,
    car_park_years,
    microgrid_years,
    other_grids,
    other_parks,
)

SOURCE = (
    "E. Park Lee, Z. Lukszo and P. Herder, Conceptualization of Vehicle-to-Grid Contract Types "
    "and Their Formalization in Agent-Based Models, Complexity 2018, article 3569129"
)


class Reproduction(NamedTuple):
    """Everything that was run.

    Attributes:
        findings: statements of the article beside ours.
        assumptions: parameters that the article does not state, by model.
        car_park: a row per seed and kind of minPrice, by the article's aggregator.
        other_parks: the same under other assumptions.
        planner: the same by the planner that bids by each driver's contract.
        microgrid: a row per seed, case and period.
        other_grids: a row per seed and period of volume-based contracts, under other assumptions.
        driver_profit_eur: (n,) of each driver of the first seed, by scenario.
        weeks: cars needed and available by hour, in a winter and a summer week.
        seeds: of the car park.
        grid_seeds: of the microgrid.
    """

    findings: list[Finding]
    assumptions: list[tuple[int, Assumption]]
    car_park: pd.DataFrame
    other_parks: pd.DataFrame
    planner: pd.DataFrame
    microgrid: pd.DataFrame
    other_grids: pd.DataFrame
    driver_profit_eur: dict[str, Floats]
    weeks: dict[str, tuple[Floats, Floats]]
    seeds: list[int]
    grid_seeds: list[int]


def reproduce(
    seeds: Sequence[int],
    grid_seeds: Sequence[int],
    progress: Progress | None = None,
    park_params: CarParkParams | None = None,
    grid_params: MicrogridParams | None = None,
) -> Reproduction:
    """Run both models, with their default parameters unless others are given.

    Args:
        seeds: of the car park.
        grid_seeds: of the microgrid, and of the car park under other assumptions.
        progress: told what is under way.
        park_params: of the car park.
        grid_params: of the microgrid.
    """
    park_params, grid_params = park_params or CarParkParams(), grid_params or MicrogridParams()
    park = car_park_years(seeds, park_params, progress=progress)
    planned = car_park_years(seeds, park_params, planner=True, progress=progress)
    grid = microgrid_years(grid_seeds, grid_params, progress=progress)
    listed = [(1, one) for one in assumptions(park_params)]
    listed += [(2, one) for one in assumptions(grid_params)]
    names = {"equal": "Equal minPrice", "random": "Random minPrice"}
    return Reproduction(
        findings=[*car_park_findings(park.table, park_params), *microgrid_findings(grid.table)],
        assumptions=listed,
        car_park=park.table,
        other_parks=other_parks(grid_seeds, park_params, progress=progress),
        planner=planned.table,
        microgrid=grid.table,
        other_grids=other_grids(grid_seeds, grid_params, progress=progress),
        driver_profit_eur={names[kind]: eur for kind, eur in park.driver_profit_eur.items()},
        weeks={
            f"Week in {month}": _cars(grid.records, WEEKS[month]) for month in ("December", "June")
        },
        seeds=list(seeds),
        grid_seeds=list(grid_seeds),
    )


def _cars(records: Floats, day: int) -> tuple[Floats, Floats]:
    week = records[HOURS * day : HOURS * (day + 7)]
    return week[:, COLUMN.cars_needed], week[:, COLUMN.cars_available]


def document(result: Reproduction) -> dict[str, Any]:
    """The result as JSON shows it."""
    return {
        "source": SOURCE,
        "seeds": result.seeds,
        "grid_seeds": result.grid_seeds,
        "findings": [one._asdict() for one in result.findings],
        "assumptions": [
            {"model": model, **one._asdict(), "value": _plain(one.value)}
            for model, one in result.assumptions
        ],
        "cases": _cases(result).round(6).to_dict("records"),
        "other_assumptions": _robustness(result),
        "other_grids": _grids(result),
        "bidding": _bidding(result).round(6).to_dict("records"),
        "provenance": provenance(),
    }


def markdown(result: Reproduction, pictures: Mapping[str, str]) -> str:
    """The report.

    Args:
        result: what was run.
        pictures: paths, beside the report, of "shortage" and "drivers".
    """
    park, grid = len(result.seeds), len(result.grid_seeds)
    parts = [
        "# Park Lee et al. 2018, reproduced",
        "<!-- Written by `vpp-gym reproduce parklee2018 --out docs`; do not edit. -->",
        f"{SOURCE}. Both models with the parameters of "
        f"[fuel-cell cars](fuel-cell/index.md), {park} seeds of the car park and {grid} "
        "of the microgrid: mean, with minimum and maximum in parentheses. The article's tables "
        "of inputs are not public. Parameters that it does not state are assumed and listed "
        "below; [other assumptions](fuel-cell/index.md#assumptions) are listed there. The "
        "numbers of houses and cars, and "
        "the hours at which cars leave and return, were chosen once on the year of seed 0; the "
        "four weeks took no part in the choice. One rule was chosen after a first look at the "
        "weeks, from the article's text: PV generation beyond the load of its own house goes to "
        "the neighbours before cars serve them (it lowers the imports of every period).",
    ]
    for model, title in (
        (1, "Model 1: a car park, price-based contracts, day-ahead market"),
        (2, "Model 2: a microgrid, volume-based contracts"),
    ):
        rows = [
            (one.statement, one.reported, one.ours, one.holds_in)
            for one in result.findings
            if one.model == model
        ]
        headings = ("Statement", "Reported", "Here", "Confirmed in")
        parts += [f"## {title}", _table(headings, rows)]
        name = "drivers" if model == 1 else "shortage"
        parts.append(f"![{CAPTIONS[name]}]({pictures[name]})\n\n{CAPTIONS[name]}.")
    parts += ["## Other assumptions", *_others(result)]
    parts += ["## What the article suggests for further work", *_next(result)]
    parts += ["## Assumed parameters", _assumed(result.assumptions)]
    return "\n\n".join(parts) + "\n"


CAPTIONS = {
    "drivers": "Net profit of each driver in a year, seed 0",
    "shortage": "Cars needed and available in a winter and a summer week, seed 0",
}


def _others(result: Reproduction) -> list[str]:
    rows = [
        (one["assumption"], one["v2g"], one["drivers"], one["aggregator"], one["pay"])
        for one in _robustness(result)
    ]
    headings = ("Assumption", "V2G", "Drivers' profit", "Aggregator's profit", "Revenue per kWh")
    return [
        f"Model 1 with one assumption changed at a time, {len(result.grid_seeds)} seeds. The table "
        "shows in how many of them equal minPrices give more V2G and higher profits, and random "
        "minPrices a higher revenue per kWh. Drivers gain more from equal minPrices only as long "
        "as prices rarely rise far above them and the margin is large: with small margins a high "
        "minPrice pays.",
        _table(headings, rows),
        "Model 2 with other assumptions, chosen on the same year of seed 0 as the defaults, but "
        "with the reported mean maxVolume among the target figures. It is reached if tanks must "
        "stay three quarters full. Then no car can give the 30 kWh that every contract commits, "
        "so these are not the defaults. The article may also mean the mean over all hours, with 0 "
        "outside a car's interval; the defaults come close to that figure (table above).",
        _table(tuple(_grids(result)[0]), [tuple(row.values()) for row in _grids(result)]),
    ]


def _grids(result: Reproduction) -> list[dict[str, str]]:
    """Figures of the year and of September, with the preset and with other assumptions."""
    own = result.microgrid[result.microgrid["case"] == "volume_based"]
    tables = [("as assumed", own), *result.other_grids.groupby("assumption", sort=False)]
    return [{"Assumption": str(name), **_grid(table)} for name, table in tables]


def _grid(table: pd.DataFrame) -> dict[str, str]:
    year, september = (table[table["period"] == name] for name in ("year", "September"))
    without = int((september["import_share"] < NO_IMPORT).sum())
    return {
        "Import %": span(100 * year["import_share"]),
        "V2G kWh per car and day": span(year["v2g_kwh_per_car_day"]),
        "Effective maxVolume, weekdays": span(year["effective_kwh_weekday"]),
        "At weekends": span(year["effective_kwh_weekend"]),
        "Import in September %": span(100 * september["import_share"]),
        "September without import": f"{without} of {len(september)}",
    }


def _robustness(result: Reproduction) -> list[dict[str, str]]:
    """In how many seeds each direction of Model 1 holds under each other assumption."""
    rows = []
    for name, table in result.other_parks.groupby("assumption", sort=False):
        wide = table.pivot(index="seed", columns="min_price")
        held = {
            "v2g": _held(wide["v2g_kwh"], "equal"),
            "drivers": _held(wide["driver_profit_eur"], "equal"),
            "aggregator": _held(wide["aggregator_profit_eur"], "equal"),
            "pay": _held(wide["pay_eur_per_mwh"], "random"),
        }
        rows.append({"assumption": str(name), **held})
    return rows


def _held(pair: pd.DataFrame, larger: str) -> str:
    smaller = "random" if larger == "equal" else "equal"
    return f"{int((pair[larger] > pair[smaller]).sum())} of {len(pair)}"


def _next(result: Reproduction) -> list[str]:
    cases, bidding = _cases(result), _bidding(result)
    return [
        "**Contracts.** Control-based contracts make cars available whenever they are at home. In "
        "the row `adaptive`, the volume of volume-based contracts follows the season, and cars "
        "that plug in outside their interval in hours of expected shortage receive a reward. In "
        "the last row, drivers with volume-based contracts leave and return an hour earlier or "
        "later from day to day. Means over the seeds, per year; the cost is the operator's, "
        "including payments to drivers.",
        _table(
            ("Contracts", "Import %", "V2G kWh per car and day", "Hours of shortage", "Cost EUR",
             "Fairness"),
            [
                (one["case"], f"{100 * one['import_share']:.2f}",
                 f"{one['v2g_kwh_per_car_day']:.2f}", f"{one['shortage_h']:,.0f}",
                 f"{one['cost_eur']:,.0f}", f"{one['fairness']:.3f}")
                for one in cases.to_dict("records")
            ],
        ),
        "**Bidding.** The article's aggregator compares the expected price with the mean "
        "minPrice; the planner bids by each driver's own contract and the energy of each stay.",
        _table(
            ("Aggregator", "minPrice", "V2G MWh", "Drivers' profit EUR", "Aggregator's profit EUR"),
            [
                (one["aggregator"], one["min_price"], f"{1e-3 * one['v2g_kwh']:,.0f}",
                 f"{one['driver_profit_eur']:,.0f}", f"{one['aggregator_profit_eur']:,.0f}")
                for one in bidding.to_dict("records")
            ],
        ),
    ]  # fmt: skip


def _cases(result: Reproduction) -> pd.DataFrame:
    years = result.microgrid[result.microgrid["period"] == "year"]
    columns = ["import_share", "v2g_kwh_per_car_day", "shortage_h", "cost_eur", "fairness"]
    return years.groupby("case", sort=False)[columns].mean().reset_index()


def _bidding(result: Reproduction) -> pd.DataFrame:
    both = pd.concat(
        [result.car_park.assign(aggregator="article"), result.planner.assign(aggregator="planner")]
    )
    columns = ["v2g_kwh", "driver_profit_eur", "aggregator_profit_eur"]
    return both.groupby(["aggregator", "min_price"], sort=False)[columns].mean().reset_index()


def _assumed(listed: Sequence[tuple[int, Assumption]]) -> str:
    rows = [
        (str(model), f"`{one.name}`", f"{_plain(one.value)}", one.meaning) for model, one in listed
    ]
    return _table(("Model", "Parameter", "Value", "Meaning"), rows)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
