"""How close the synthetic years come to the real ones: figures, targets and a hold-out.

    python -m benchmarks.fit_report --data FOLDER [--years 10]

The folder (default: VPP_GYM_DATA) holds the files that `vpp_gym.scenarios.real` names.
Sessions are compared with those of 2019 and prices with those of 2018, which they were fitted
on; prices of 2019 are the hold-out. Writes results/fit.md, results/fit.csv and three pictures.
The order of policies is read from results/order.csv, which `python -m benchmarks.order` writes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from benchmarks import order
from benchmarks.calibrate_synthetic import cars_at_prices, read_year
from benchmarks.differences import RESULTS
from benchmarks.fingerprint import ROOT
from benchmarks.fit_courses import courses
from benchmarks.fit_page import page
from benchmarks.fit_quarters import (
    QUARTER_YEARS,
    drawn_quarters,
    quarter_rows,
    recorded_quarters,
)
from benchmarks.fit_targets import (
    LARGEST_DISTANCE,
    METERED_MARGINALS,
    PRICE_MARGINALS,
    SESSION_MARGINALS,
    course_rows,
    distance,
    marginal_rows,
    occupancy_by_hour,
    pooled,
    price_years,
)
from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.csv_text import csv_text, read_table
from vpp_gym.files.trial import check_folder
from vpp_gym.files.writer import write_text
from vpp_gym.plots.fit import draw_courses, draw_hold_out, draw_marginals, save_figure
from vpp_gym.scenarios.demand import DemandRule
from vpp_gym.scenarios.real import Prices, data_folder, real_2019
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.world_header import CarPower

IMAGES = ROOT / "docs" / "images"
TITLES = {
    "arrival_hour": "Arrival [hour of the day]",
    "stay_h": "Stay [h]",
    "arrival_soc": "State of charge on arrival",
    "needed_kw": "Power needed on average over the stay [kW]",
    "day_ahead_eur_per_kwh": "Day-ahead price [EUR/kWh]",
    "imbalance_eur_per_kwh": "Imbalance price [EUR/kWh]",
}
METERED_TITLES = {
    "energy_kwh": "Metered energy [kWh]",
    "largest_kw": "Largest power [kW]",
    "idle_h": "Stay beyond charging [h]",
}
MANY_YEARS = 200
HOLD_OUT_TITLES = {
    "da": "Day-ahead price [EUR/kWh]",
    "im": "Imbalance price [EUR/kWh]",
    "da_shape": "Day-ahead price, mean and sd taken off",
    "im_shape": "Imbalance price, mean and sd taken off",
}


def drawn_prices(years: int) -> tuple[Floats, Floats]:
    """(years, hours) EUR/kWh each: day-ahead and imbalance prices, training years."""
    source = SyntheticSource("train", years, dt_h=1.0, sessions_per_day=0)
    return price_years([source.scenario(index) for index in range(years)])


def price_rows(drawn: tuple[Floats, Floats], real: Prices) -> list[dict[str, Any]]:
    """All price targets of drawn years against a recorded one."""
    year = recorded(real)
    names = list(TITLES)[-2:]
    marginals = marginal_rows(
        {name: one.ravel() for name, one in zip(names, drawn, strict=True)},
        {name: one.ravel() for name, one in zip(names, year, strict=True)},
    )
    return [*marginals, *course_rows(drawn, year)]


def standardised(prices: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Each year of each price with mean 0 and standard deviation 1."""
    da, im = (
        (one - one.mean(axis=1, keepdims=True)) / one.std(axis=1, keepdims=True) for one in prices
    )
    return da, im


def recorded(prices: Prices) -> tuple[Floats, Floats]:
    """(1, hours) EUR/kWh each: day-ahead and imbalance prices of a recorded year."""
    return prices.da_eur_per_kwh[None], prices.im_eur_per_kwh[None]


def hold_out_values(prices: tuple[Floats, Floats]) -> dict[str, Floats]:
    """Prices as they are, and their shape, for `HOLD_OUT_TITLES`."""
    both = (*prices, *standardised(prices))
    return {name: one.ravel() for name, one in zip(HOLD_OUT_TITLES, both, strict=True)}


def hold_out(drawn: tuple[Floats, Floats], before: Prices, after: Prices) -> pd.DataFrame:
    """Prices fitted on one year against the next, beside that one year itself."""
    itself = recorded(before)
    alike = replace(
        after,
        **{
            f"{name}_eur_per_kwh": one[0]
            for name, one in zip(
                ("da", "im"),
                standardised(recorded(after)),
                strict=True,
            )
        },
    )
    cases = {
        "fitted on 2018": price_rows(drawn, after),
        "fitted on 2018, mean and sd taken off": price_rows(standardised(drawn), alike),
        "2018 itself": price_rows(itself, after),
    }
    return pd.concat([pd.DataFrame(rows).assign(case=case) for case, rows in cases.items()])


def why_rows(real: Prices) -> pd.DataFrame:
    """How much years differ, and how far they are from the recorded one."""
    many = drawn_prices(MANY_YEARS)
    rows = []
    for name, drawn, (year,) in zip(list(TITLES)[-2:], many, recorded(real), strict=True):
        ones, tens = (_of_years(drawn, year, n) for n in (1, 10))
        rows.append(
            {
                "quantity": name,
                "sd_of_year_means": float(drawn.mean(axis=1).std()),
                "one_year_least": ones.min(),
                "one_year_most": ones.max(),
                "ten_years_least": tens.min(),
                "ten_years_most": tens.max(),
                "tens_that_pass": f"{np.mean(tens < LARGEST_DISTANCE):.0%}",
                f"all_{MANY_YEARS}_years": distance(drawn, year),
            }
        )
    return pd.DataFrame(rows)


def _of_years(drawn: Floats, recorded: Floats, n: int) -> Floats:
    """Distances of n years at a time."""
    return np.array([distance(some, recorded) for some in drawn.reshape(-1, n, drawn.shape[1])])


def session_values(folder: Path, years: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Marginals of sessions, drawn and recorded; each under the demand rule that it is about."""
    mine: dict[str, Floats] = {}
    other: dict[str, Floats] = {}
    rules: tuple[tuple[DemandRule, CarPower, Mapping[str, Callable[[Scenario], Floats]]], ...] = (
        ("reference", "charger", SESSION_MARGINALS),
        ("metered", "recorded", METERED_MARGINALS),
    )
    for rule, power, marginals in rules:
        real = real_2019(folder, dt_h=1.0, demand_rule=rule, car_power=power, stays="rounded-up")
        source = SyntheticSource("train", years, dt_h=1.0, params={"demand": rule})
        mine |= pooled([source.scenario(index) for index in range(years)], marginals)
        other |= pooled([real], marginals)
    return mine, other


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the real files.")] = None,
    years: Annotated[int, typer.Option(min=2, help="Number of synthetic years, pooled.")] = 10,
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = RESULTS,
    images: Annotated[Path, typer.Option(help="Folder of the pictures.")] = IMAGES,
) -> None:
    """Write the report, its numbers and the pictures."""
    for written in (out, images):
        check_folder(written, "out")
    folder = data_folder(data)
    source = SyntheticSource("train", years, dt_h=1.0)
    drawn = [source.scenario(index) for index in range(years)]
    before, after = read_year(folder, 2018), read_year(folder, 2019)
    real = cars_at_prices(folder, before)
    mine, other = session_values(folder, years)
    mine |= pooled(drawn, PRICE_MARGINALS)
    other |= pooled([real], PRICE_MARGINALS)
    fitted = price_years(drawn)
    targets = [*marginal_rows(mine, other), *course_rows(fitted, price_years([real]))]
    held_out = hold_out(fitted, before, after)
    quarters = quarter_rows(drawn_quarters(QUARTER_YEARS), *recorded_quarters(folder))
    table = pd.concat([pd.DataFrame(targets).assign(case="fitted years"), held_out])
    table = pd.concat([table, quarters])
    write_text(out / "fit.csv", csv_text(table, "%.6g"))
    save_figure(draw_marginals(other, mine, TITLES | METERED_TITLES), images / "fit_marginals.png")
    save_figure(draw_courses(courses(drawn, real)), images / "fit_courses.png")
    seen, new, unseen = (
        hold_out_values(one) for one in (recorded(before), fitted, recorded(after))
    )
    save_figure(draw_hold_out(unseen, new, seen, HOLD_OUT_TITLES), images / "fit_hold_out.png")
    ranks = out / "order.csv"
    text = page(
        years=years,
        targets=pd.DataFrame(targets),
        why=why_rows(before),
        held_out=held_out,
        quarters=quarters,
        occupancy=(occupancy_by_hour([real]), occupancy_by_hour(drawn)),
        order=order.section(read_table(ranks)) if ranks.exists() else None,
    )
    write_text(out / "fit.md", text)
    typer.echo(text)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
