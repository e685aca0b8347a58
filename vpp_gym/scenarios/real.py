"""Real Dutch years from a folder of files that the user names.

The prepared files of prices carry one imbalance price: short and long parties pay and get the
same. Their clock is local, without time zone, and every day has 24 hours: the hour that spring
skips is filled, the one that autumn repeats is averaged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import dutch_2018, fitted_on
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.demand import DemandRule
from vpp_gym.scenarios.files.elaad_transactions import read_elaad
from vpp_gym.scenarios.files.options import ReadOptions, checked
from vpp_gym.scenarios.files.prepared_prices import read_prepared_hours, read_prepared_quarters
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.grid import Span, on_grid
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import REAL_SPLITS, BuiltSource, FixedSource, ScenarioSource
from vpp_gym.scenarios.synthetic_quarters import PER_HOUR, draw_quarters_around
from vpp_gym.scenarios.synthetic_sessions import draw_sessions
from vpp_gym.scenarios.world import world_of
from vpp_gym.scenarios.world_header import CarPower, StaySteps, WorldOptions

FOLDER_VARIABLE = "VPP_GYM_DATA"
SESSIONS_FILE = "elaadnl_open_transactions_2019.csv"
HOURLY_FILE = "nl_prices_hourly_2018_2019.csv"
QUARTERS_FILE = "nl_prices_15min_2018Q4_2019.csv"

MAX_FILL_H = 2.0
"""The longest gap of the quarters of 2019 has 1.25 hours: where spring skips one."""

FIRST_QUARTERS = "2018-10-01"
"""The first day of 2018 with recorded quarters."""

_SCATTER, _ARRIVALS, _DEMANDS = range(3)
_SPAWN_KEY = 2018


def real_source(
    folder: str | os.PathLike[str] | None = None,
    split: str = "test",
    dt_h: float = 0.25,
    *,
    demand_rule: DemandRule = "metered",
    car_power: CarPower | None = None,
    n_scenarios: int = 32,
) -> ScenarioSource:
    """Real 2019 for tests, real prices of 2018 for training.

    Both have one imbalance price (short = long), and a clock without summer
    time: the price files have 24 hours on every day. Session times are taken as
    local clock time.

    Args:
        folder: holds the files named in this module; None takes the folder that
            the environment variable VPP_GYM_DATA names.
        split: "test" is one scenario, the recorded sessions and prices of 2019;
            "train" pairs the prices of 2018 with synthetic arrivals, other ones
            in each scenario, since no sessions of 2018 are known.
        dt_h: hours per step. At 0.25 the prices of 2019 and of October to December
            2018 are the recorded quarters; those of January to September 2018 are the
            recorded hours with synthetic differences between the quarters.
        demand_rule: what a car needs, see `vpp_gym.scenarios.session_demand`; of the
            synthetic arrivals, too.
        car_power: see there; for "test" only. None: as recorded with metered demand, and that
            of the charger with the reference rule.
        n_scenarios: of "train".

    Raises:
        InvalidInputError: no folder, a missing file, or content that is refused.
    """
    if dt_h not in (1.0, 0.25):
        remedy = "recorded are hours and quarters: use 1.0 or 0.25 hours"
        raise InvalidInputError("dt_h", dt_h, remedy)
    if split not in REAL_SPLITS:
        raise InvalidInputError("split", split, f"use one of {', '.join(REAL_SPLITS)}")
    files = data_folder(folder)
    if split == "train":
        return RealPricesSource(files, dt_h=dt_h, demand_rule=demand_rule, n_scenarios=n_scenarios)
    power: CarPower = "recorded" if demand_rule == "metered" else "charger"
    return FixedSource(
        real_2019(files, dt_h=dt_h, demand_rule=demand_rule, car_power=car_power or power)
    )


def data_folder(folder: str | os.PathLike[str] | None) -> Path:
    """The folder given, else the one that VPP_GYM_DATA names.

    Raises:
        InvalidInputError: neither names an existing folder.
    """
    named = os.environ.get(FOLDER_VARIABLE) if folder is None else os.fspath(folder)
    if not named:
        remedy = f"set {FOLDER_VARIABLE} to the folder of the files, or use real_source(folder)"
        raise InvalidInputError(FOLDER_VARIABLE, named, remedy)
    if not Path(named).is_dir():
        raise InvalidInputError("folder", named, "give an existing folder")
    return Path(named)


def real_2019(
    folder: Path,
    *,
    dt_h: float,
    demand_rule: DemandRule = "metered",
    car_power: CarPower = "charger",
    stays: StaySteps = "recorded",
) -> Scenario:
    """Recorded sessions and prices of 2019.

    Args:
        folder: holds the files that this module names.
        dt_h: hours per step.
        demand_rule: what a car needs, see `vpp_gym.scenarios.session_demand`.
        car_power: see there.
        stays: see there.
    """
    read = ReadOptions(elaad_clock="local", elaad_dates="month-first")
    build = checked(
        WorldOptions,
        dt_h=dt_h,
        first_day=date(2019, 1, 1),
        last_day=date(2019, 12, 31),
        max_fill_h=MAX_FILL_H,
        demand=demand_rule,
        car_power=car_power,
        stays=stays,
    )
    prices = (
        read_prepared_hours(folder / HOURLY_FILE)
        if dt_h == 1.0
        else read_prepared_quarters(folder / QUARTERS_FILE)
    )
    sessions = read_elaad(folder / SESSIONS_FILE, clock="local", dates="month-first")
    world = world_of([prices, sessions], read, build)
    notes = {
        "source": "recorded, 2019",
        "provenance": world.provenance.model_dump(mode="json"),
        **world.scenario.notes,
    }
    return replace(world.scenario, name="real:test", notes=notes)


class RealPricesSource(BuiltSource[Scenario]):
    """Recorded prices of 2018 with synthetic arrivals, other ones for each index.

    Args:
        folder: holds the files of prices that this module names.
        dt_h: hours per step, see `real_source`.
        demand_rule: of the arrivals, as of `vpp_gym.scenarios.synthetic_params`.
        n_scenarios: how many.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dt_h: float = 0.25,
        demand_rule: DemandRule = "metered",
        n_scenarios: int = 32,
    ) -> None:
        label = "" if demand_rule == "metered" else f":{demand_rule}_demand"
        super().__init__(
            name=f"real:train{label}",
            dt_h=dt_h,
            n_scenarios=whole("n_scenarios", n_scenarios, least=1),
        )
        self.demand_rule = demand_rule
        self.prices: Prices = read_hourly(
            folder / HOURLY_FILE, first_day="2018-01-01", last_day="2018-12-31"
        )
        self.quarters: Prices | None = None
        if dt_h != 1.0:
            self.quarters = read_quarters(
                folder / QUARTERS_FILE, first_day=FIRST_QUARTERS, last_day="2018-12-31"
            )

    def _build(self, index: int) -> Scenario:
        fitted = dutch_2018()
        dates = self.prices.start.astype("datetime64[D]") + np.arange(365)
        da, im = self.prices.da_eur_per_kwh, self.prices.im_eur_per_kwh
        notes = {
            "source": "prices recorded, 2018; arrivals synthetic, dutch_2018.json",
            "sessions_fitted_on": fitted_on("dutch_2018")["sessions"],
            "demand": self.demand_rule,
            **self.prices.notes,
        }
        if self.quarters is not None:
            drawn = draw_quarters_around(_rng(index, _SCATTER), fitted, dates, da, im)
            known = self.quarters.im_eur_per_kwh
            im = np.concatenate([drawn[: len(drawn) - len(known)], known])
            da = np.repeat(da, PER_HOUR)
            notes["quarters"] = (
                f"recorded from {FIRST_QUARTERS} on; before, recorded hours with synthetic "
                "differences between quarters"
            )
        metered = self.demand_rule == "metered"
        return Scenario.from_arrays(
            da_eur_per_kwh=da,
            im_eur_per_kwh=im,
            sessions=draw_sessions(
                _rng(index, _ARRIVALS),
                fitted,
                dates,
                sessions_per_day=27.4,
                dt_h=self.dt_h,
                metered_rng=_rng(index, _DEMANDS) if metered else None,
            ),
            start=self.prices.start,
            dt_h=self.dt_h,
            name=f"{self.name}:{index}",
            notes=notes,
        )


@dataclass(frozen=True)
class Prices:
    """Prices of consecutive steps.

    Attributes:
        start: local clock time of the first step, a midnight.
        dt_h: hours per step.
        da_eur_per_kwh: (T,) day-ahead.
        im_eur_per_kwh: (T,) imbalance.
        notes: what was dropped and repaired.
    """

    start: np.datetime64
    dt_h: float
    da_eur_per_kwh: NDArray[np.float64]
    im_eur_per_kwh: NDArray[np.float64]
    notes: dict[str, Any] = field(default_factory=dict)


def read_hourly(path: str | os.PathLike[str], *, first_day: str, last_day: str) -> Prices:
    """Hourly prices of whole days, from columns Date, Hour, price_da, price_imbalance.

    Args:
        path: CSV file in EUR/kWh with dates such as 2019-01-31.
        first_day: ISO date of the first day wanted.
        last_day: ISO date of the last day wanted, included.

    Raises:
        InvalidInputError: missing file or column, another unit, days not covered.
    """
    return _on_days(read_prepared_hours(path), first_day, last_day, dt_h=1.0)


def read_quarters(path: str | os.PathLike[str], *, first_day: str, last_day: str) -> Prices:
    """Quarter-hourly prices of whole days, from columns date, price_da, price_imbalance.

    Args:
        path: CSV file in EUR/MWh with local times such as 2019-01-31 23:45:00.
        first_day: ISO date of the first day wanted.
        last_day: ISO date of the last day wanted, included.

    Raises:
        InvalidInputError: missing file or column, another unit, days not covered.
    """
    return _on_days(read_prepared_quarters(path), first_day, last_day, dt_h=0.25)


def _on_days(file: PriceRows, first_day: str, last_day: str, *, dt_h: float) -> Prices:
    span = Span(pd.Timestamp(first_day), pd.Timestamp(last_day), None)
    grid = on_grid(file, span, dt_h=dt_h, max_fill_h=MAX_FILL_H)
    counts = {name: count for name, count in grid.counts.items() if count}
    return Prices(
        start=np.datetime64(span.first_day, "m"),
        dt_h=dt_h,
        da_eur_per_kwh=grid.prices[DAY_AHEAD[0]],
        im_eur_per_kwh=grid.prices[IMBALANCE[0]],
        notes={**file.report.dropped, **counts},
    )


def _rng(index: int, stream: int) -> np.random.Generator:
    """Generator of its own for each index, apart from those of the synthetic years."""
    return np.random.default_rng(np.random.SeedSequence(0, spawn_key=(_SPAWN_KEY, index, stream)))
