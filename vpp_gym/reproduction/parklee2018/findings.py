"""What Park Lee et al. 2018 report, each statement beside the figure found here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from vpp_gym.fcev.car_park.params import CarParkParams

NO_IMPORT = 1e-9
"""Share of the consumption below which nothing counts as imported."""


class Finding(NamedTuple):
    """One statement of the article and ours.

    Attributes:
        model: 1 or 2.
        statement: of the article.
        reported: figure or direction, as the article gives it.
        ours: the same here.
        reached: in how many seeds a direction holds; None for figures, which are
            only set side by side.
        seeds: how many were run.
    """

    model: int
    statement: str
    reported: str
    ours: str
    reached: int | None
    seeds: int

    @property
    def holds_in(self) -> str:
        """In how many seeds a direction holds; nothing for figures."""
        return "" if self.reached is None else f"{self.reached} of {self.seeds}"


def car_park_findings(table: pd.DataFrame, params: CarParkParams) -> list[Finding]:
    """Statements of Model 1 (Sec. 4.2.2)."""
    wide = table.pivot(index="seed", columns="min_price")
    n = len(wide)
    cost = 1e3 * params.fuel_cell.v2g_cost_eur_per_kwh
    mean = wide["mean_min_price_eur_per_mwh", "random"]
    most = wide["max_min_price_eur_per_mwh", "random"]
    findings = [
        Finding(1, "cost of V2G, EUR/MWh", "63.45", f"{cost:.2f}", None, n),
        Finding(1, "mean random minPrice, EUR/MWh", "78.24", span(mean), None, n),
        Finding(1, "highest random minPrice, EUR/MWh", "95", span(most), None, n),
    ]
    for column, what, unit, scale in (
        ("v2g_kwh", "more V2G with equal minPrices", "MWh", 1e-3),
        ("driver_profit_eur", "higher net profit of the drivers with equal minPrices", "EUR", 1.0),
        ("aggregator_profit_eur", "higher profit of the aggregator", "EUR", 1.0),
        ("potential_profit_eur", "higher potential profit at a margin of 75 %", "EUR", 1.0),
    ):
        equal, random = scale * wide[column, "equal"], scale * wide[column, "random"]
        findings.append(_direction(1, what, "equal > random", equal, random, unit))
    pay = wide["pay_eur_per_mwh", "random"], wide["pay_eur_per_mwh", "equal"]
    findings.append(
        _direction(1, "higher revenue per kWh with random minPrices", "random > equal", *pay,
                   "EUR/MWh")
    )  # fmt: skip
    least = table.groupby("seed")["least_cars_per_lot"].min()
    enough = int((least >= params.cars_per_lot - 1e-9).sum())
    ours = f"at least {least.min():.2f} expected cars behind every lot"
    rule = f"no lot below {params.cars_per_lot} cars"
    return [*findings, Finding(1, "cars behind an offer", rule, ours, enough, n)]


def microgrid_findings(table: pd.DataFrame) -> list[Finding]:
    """Statements of Model 2 (Sec. 4.3.2), with volume-based contracts."""
    own = table[table["case"] == "volume_based"]
    imports = 100 * own.pivot(index="seed", columns="period", values="import_share")
    v2g = own.pivot(index="seed", columns="period", values="v2g_kwh_per_car_day")
    shortage = own.pivot(index="seed", columns="period", values="shortage_h")
    year = own[own["period"] == "year"]
    n = len(imports)

    def held(mask: pd.Series) -> int:
        return int(mask.sum())

    none = imports < 100 * NO_IMPORT
    rest = v2g[["March", "September", "December"]].min(axis=1)
    findings = [
        Finding(2, "import in the year, % of consumption", "about 8", span(imports["year"]),
                None, n),
        Finding(2, "V2G in the year, kWh per car and day", "about 21", span(v2g["year"]), None, n),
        Finding(2, "V2G in June, kWh per car and day", "13.25", span(v2g["June"]), None, n),
        Finding(2, "V2G in September, kWh per car and day", "17.9", span(v2g["September"]),
                None, n),
    ]  # fmt: skip
    for month, reported in (("June", "none"), ("September", "none"), ("March", "some"),
                            ("December", "some")):  # fmt: skip
        as_reported = none[month] if reported == "none" else ~none[month]
        findings.append(
            Finding(2, f"import in {month}, % of consumption", reported, span(imports[month]),
                    held(as_reported), n)
        )  # fmt: skip
    findings += [
        Finding(2, "V2G is lowest in June", "June < others",
                f"{span(v2g['June'])} against {span(rest)}", held(v2g["June"] < rest), n),
        Finding(2, "hours with a shortage of cars in a summer week", "none",
                span(shortage["June"], 0), held(shortage["June"] == 0), n),
        Finding(2, "hours with a shortage of cars in a winter week", "some",
                span(shortage["December"], 0), held(shortage["December"] > 0), n),
    ]  # fmt: skip
    for kind, reported in (("weekday", "28.36"), ("weekend", "29.72")):
        ours = (
            f"committed {span(year[f'committed_kwh_{kind}'])}, "
            f"effective {span(year[f'effective_kwh_{kind}'])}, "
            f"mean over all hours {span(year[f'hourly_kwh_{kind}'])}"
        )
        findings.append(Finding(2, f"mean maxVolume on {kind}s, kWh", reported, ours, None, n))
    committed = year.set_index("seed")["effective_kwh_weekday"]
    findings.append(
        _direction(2, "more volume is committed than used", "committed > used", committed,
                   v2g["year"], "kWh per car and day")
    )  # fmt: skip
    return findings


def _direction(
    model: int, what: str, reported: str, larger: pd.Series, smaller: pd.Series, unit: str
) -> Finding:
    ours = f"{span(larger)} against {span(smaller)} {unit}"
    return Finding(model, what, reported, ours, int((larger > smaller).sum()), len(larger))


def span(values: pd.Series, digits: int | None = None) -> str:
    """Mean, and from the least to the largest where there are several.

    >>> span(pd.Series([1.0, 2.0, 3.0])), span(pd.Series([1500.0]))
    ('2.00 (1.00 to 3.00)', '1,500')
    """
    numbers = np.asarray(values, dtype=np.float64)
    places = (0 if abs(numbers).max() >= 1000 else 2) if digits is None else digits
    mean = f"{numbers.mean():,.{places if digits is None else 1}f}"
    if len(numbers) == 1:
        return f"{numbers[0]:,.{places}f}"
    return f"{mean} ({numbers.min():,.{places}f} to {numbers.max():,.{places}f})"
