"""Both models of Park Lee et al. 2018, run as the article ran them, beside what it reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.fcev.calendar import HOURS, day_types
from vpp_gym.fcev.car_park import ledger as car_park
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.policies import ArticleAggregator, StayPlanner
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.fcev.car_park.snapshot import CarParkOrders, CarParkSnapshot
from vpp_gym.fcev.microgrid import ledger as microgrid
from vpp_gym.fcev.microgrid.contracts import Cars
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.policies import AdaptiveContracts, ArticleOrder, MicrogridPolicy
from vpp_gym.fcev.microgrid.scenario import MicrogridSource

Progress = Callable[[str], None]

WEEKS = {"March": 66, "June": 158, "September": 250, "December": 341}
"""First day of each week, counted from 0: the 8th to the 14th of the month."""
MIN_PRICES = ("equal", "random")
OTHER_PARKS: dict[str, dict[str, Any]] = {
    "spread of prices 1": {"price_year": {"spread": 1.0}},
    "spread of prices 1.5": {"price_year": {"spread": 1.5}},
    "spread of prices 3": {"price_year": {"spread": 3.0}},
    "mean price 30 EUR/MWh": {"price_year": {"mean_eur_per_kwh": 0.03}},
    "mean price 50 EUR/MWh": {"price_year": {"mean_eur_per_kwh": 0.05}},
    "forecast from past prices": {"price_year": {"forecast": "history"}},
    "every margin 75 %": {"contract": {"tier_margins": (0.75, 0.75, 0.75)}},
    "every margin 25 %": {"contract": {"tier_margins": (0.25, 0.25, 0.25)}},
    "100 cars": {"n_cars": 100},
}
"""Other assumptions under which the directions of Model 1 are examined."""
OTHER_GRIDS: dict[str, dict[str, Any]] = {
    "28.7 kWh above the guarantee": {
        "contract": {"guaranteed_kg": 4.17},
        "schedule": {"leave_h": 8.5, "return_h": 17.0, "weekend_leave_h": 11.0},
        "household": {"n_houses": 206, "pv_kwp": 4.5},
    },
}
"""Assumptions chosen on the year's figures as the preset was, with the reported mean maxVolume
among them. Only tanks that are kept nearly full reach it."""
DAYS_DIFFER = {"schedule": {"day_spread_h": 1.0}}


@dataclass
class OfferRecorder:
    """The article's aggregator, and how many willing cars stood behind its thinnest lot."""

    name: str = "article"
    privileged: bool = False
    least_cars_per_lot: float = np.inf

    def predict(
        self,
        observation: CarParkSnapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[CarParkOrders, Any]:
        """The article's orders."""
        orders, state = ArticleAggregator().predict(observation, state)
        ask = observation.min_price_eur_per_kwh[:, None]
        willing = ((observation.forecast_eur_per_kwh > ask) * observation.presence).sum(axis=0)
        offered = orders.offer_lots > 0
        if offered.any():
            least = float((willing[offered] / orders.offer_lots[offered]).min())
            self.least_cars_per_lot = min(self.least_cars_per_lot, least)
        return orders, state


class CarParkYears(NamedTuple):
    """Model 1 over several seeds.

    Attributes:
        table: a row per seed and kind of minPrice.
        driver_profit_eur: (n,) of each driver in the first seed, by kind of minPrice.
    """

    table: pd.DataFrame
    driver_profit_eur: dict[str, Floats]


def car_park_years(
    seeds: Sequence[int],
    params: CarParkParams | None = None,
    *,
    planner: bool = False,
    progress: Progress | None = None,
) -> CarParkYears:
    """A year with equal and with random minPrices for every seed.

    Args:
        seeds: of drivers and forecasts; the prices are those of one year.
        params: rules; minPrices as in the scenario.
        planner: run the planner by stays instead of the article's aggregator.
        progress: told what is under way.
    """
    base = CarParkParams().changed(params)
    rows: list[dict[str, float | str]] = []
    profits: dict[str, Floats] = {}
    for seed in seeds:
        for kind in MIN_PRICES:
            if progress:
                progress(f"car park, seed {seed}, {kind} minPrice")
            world_params = base.changed({"contract": {"min_price": kind}})
            scenario = CarParkSource(world_params).scenario(seed)
            policy = OfferRecorder()
            run = evaluate(StayPlanner() if planner else policy, scenario, world_params)
            total = run.days.drop(columns=["policy", "scenario", "date"]).sum()
            ask = scenario.drivers.min_price_eur_per_kwh
            rows.append(
                {
                    "seed": seed,
                    "min_price": kind,
                    "v2g_kwh": total["v2g_kwh"],
                    "driver_profit_eur": total["driver_profit_eur"],
                    "potential_profit_eur": total["potential_profit_eur"],
                    "aggregator_profit_eur": car_park.LEDGER.part_eur("delivery", total),
                    "pay_eur_per_mwh": -1e3 * total["driver_pay_eur"] / max(total["v2g_kwh"], 1e-9),
                    "short_share": total["short_kwh"] / max(total["sold_kwh"], 1e-9),
                    "mean_min_price_eur_per_mwh": 1e3 * ask.mean(),
                    "max_min_price_eur_per_mwh": 1e3 * ask.max(),
                    "least_cars_per_lot": policy.least_cars_per_lot,
                }
            )
            profits.setdefault(kind, run.simulation.state.earned_eur[0].copy())
    return CarParkYears(pd.DataFrame(rows), profits)


def other_parks(
    seeds: Sequence[int], params: CarParkParams | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """The rows of `car_park_years` under each of `OTHER_PARKS`, by `assumption`."""
    base = CarParkParams().changed(params)
    tables = []
    for name, changes in OTHER_PARKS.items():
        years = car_park_years(seeds, base.changed(changes), progress=progress)
        tables.append(years.table.assign(assumption=name))
    return pd.concat(tables)


class MicrogridYears(NamedTuple):
    """Model 2 over several seeds.

    Attributes:
        table: a row per seed, case and period.
        records: (hours, terms) of the volume-based year of the first seed.
    """

    table: pd.DataFrame
    records: Floats


def microgrid_years(
    seeds: Sequence[int],
    params: MicrogridParams | None = None,
    progress: Progress | None = None,
) -> MicrogridYears:
    """A year of volume-based, control-based and adapting contracts for every seed.

    And one of volume-based contracts whose drivers leave and return an hour earlier or
    later from day to day.

    The weeks are those of the year's run: nothing in them but the level of the store
    depends on what was before.
    """
    base = MicrogridParams().changed(params)
    control = base.changed({"contract": {"family": "control_based"}})
    cases: dict[str, tuple[MicrogridParams, MicrogridPolicy]] = {
        "volume_based": (base, ArticleOrder()),
        "control_based": (control, ArticleOrder()),
        "adaptive": (base, AdaptiveContracts()),
        "days_differ": (base.changed(DAYS_DIFFER), ArticleOrder()),
    }
    rows: list[dict[str, float | str]] = []
    first: Floats | None = None
    for seed in seeds:
        for case, (world_params, policy) in cases.items():
            if progress:
                progress(f"microgrid, seed {seed}, {case} contracts")
            periods, records = _microgrid_year(seed, world_params, policy)
            first = records if first is None else first
            rows += [{"seed": seed, "case": case, **row} for row in periods]
    assert first is not None, "give at least one seed"
    return MicrogridYears(pd.DataFrame(rows), first)


def other_grids(
    seeds: Sequence[int], params: MicrogridParams | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """Years of volume-based contracts under each of `OTHER_GRIDS`, by `assumption`."""
    base = MicrogridParams().changed(params)
    rows: list[dict[str, float | str]] = []
    for name, changes in OTHER_GRIDS.items():
        for seed in seeds:
            if progress:
                progress(f"microgrid, seed {seed}, {name}")
            periods, _ = _microgrid_year(seed, base.changed(changes), ArticleOrder())
            rows += [{"seed": seed, "assumption": name, **row} for row in periods]
    return pd.DataFrame(rows)


def _microgrid_year(
    seed: int, params: MicrogridParams, policy: MicrogridPolicy
) -> tuple[list[dict[str, Any]], Floats]:
    """A row for the year and for each week, and the records."""
    scenario = MicrogridSource(params).scenario(seed)
    records = evaluate(policy, scenario, params, keep_records=True).records
    assert records is not None
    periods = _periods(records, params)
    if params.contract.family == "volume_based":
        periods["year"] |= _volumes_by_hour(scenario.cars)
    return [{"period": name, **row} for name, row in periods.items()], records


def _volumes_by_hour(cars: Cars) -> dict[str, float]:
    """Mean maxVolume of a car over all hours of either kind of day, 0 outside its interval."""
    kind = np.repeat(day_types(cars.open.shape[1] // HOURS), HOURS)
    return {
        f"hourly_kwh_{name}": float((cars.open[:, kind == k].mean(axis=1) * volume_kwh).mean())
        for k, (name, volume_kwh) in enumerate(
            zip(("weekday", "weekend"), cars.volume_kwh.T, strict=True)
        )
    }


def _periods(records: Floats, params: MicrogridParams) -> dict[str, dict[str, float]]:
    """What is reported of the year and of each week."""
    whole = {"year": slice(0, len(records))}
    weeks = {name: slice(HOURS * day, HOURS * (day + 7)) for name, day in WEEKS.items()}
    return {name: _period(records[cut], params) for name, cut in (whole | weeks).items()}


def _period(records: Floats, params: MicrogridParams) -> dict[str, float]:
    total = dict(zip(microgrid.TERMS, microgrid.LEDGER.over_time(records).tolist(), strict=True))
    days = len(records) / HOURS
    row = {
        "import_share": total["import_kwh"] / total["load_kwh"],
        "v2g_kwh_per_car_day": total["v2g_kwh"] / days / params.n_cars,
        "shortage_h": float((records[:, microgrid.COLUMN.shortage_kwh] > 1e-9).sum()),
        "cost_eur": -float(records[:, : len(microgrid.MONEY)].sum()),
        "trailer_kg": total["trailer_kg"],
        "fairness": total["fairness"],
    }
    if len(records) > HOURS * 7:
        row |= _volumes(records)
    return row


def _volumes(records: Floats) -> dict[str, float]:
    """Mean committed and effective volume of the stays that begin on either kind of day."""
    weekend = np.repeat(day_types(len(records) // HOURS), HOURS) == 1
    means = {}
    for kind, mask in (("weekday", ~weekend), ("weekend", weekend)):
        stays = records[mask, microgrid.COLUMN.stays].sum()
        for name in ("committed_kwh", "effective_kwh"):
            column = getattr(microgrid.COLUMN, name)
            means[f"{name}_{kind}"] = records[mask, column].sum() / stays
    return means
