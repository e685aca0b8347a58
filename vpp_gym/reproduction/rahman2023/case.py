"""The case study's sessions, prices and bids, as scenarios of this project."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.csv_text import read_table
from vpp_gym.reproduction.rahman2023.quirks import Quirks
from vpp_gym.scenarios.real import HOURLY_FILE, Prices, data_folder, read_hourly, real_2019
from vpp_gym.scenarios.scenario import Scenario

SESSIONS_FILE = "elaadnl_2019_reference_preprocessed.csv"
BIDS_FILE = "reference_day_ahead_bids_2019.csv"
MEANS_FILE = "reference_hourly_mean_prices.csv"

EVE, YEAR_END = "2018-12-31", "2019-12-31"
"""The day before the year is in the scenario, without sessions, so that its gate writes the
schedule of 1 January: all 365 days of the year have their bids."""

DAYS, HOURS = 365, 24
TARGET_SOC, CAPACITY_KWH = 0.97, 80.0


@dataclass(frozen=True)
class CaseStudy:
    """The data behind Table 2.

    Attributes:
        folder: of the files.
        cut: sessions on the paper's clock: arrival_step and departure_step since the
            beginning of 2019, arrival_soc; in the paper's order.
        prices: hourly, from the eve of the year.
        mean_im_eur_per_kwh: (24,) the paper's forecast of imbalance prices.
        bids_kwh: by column of the bids' file, (365, 24) sold.
    """

    folder: Path
    cut: pd.DataFrame
    prices: Prices
    mean_im_eur_per_kwh: Floats
    bids_kwh: dict[str, Floats]

    @classmethod
    def load(cls, folder: str | os.PathLike[str] | None = None) -> CaseStudy:
        """The case study from a folder of files.

        Args:
            folder: None takes the one that VPP_GYM_DATA names.

        Raises:
            InvalidInputError: no folder, a missing file or column, unusable values.
        """
        files = data_folder(folder)
        return cls(
            files,
            _sessions(files / SESSIONS_FILE),
            read_hourly(files / HOURLY_FILE, first_day=EVE, last_day=YEAR_END),
            _by_hour(files / MEANS_FILE),
            _bids(files / BIDS_FILE),
        )

    @cached_property
    def whole(self) -> pd.DataFrame:
        """All sessions with their whole stays, as `real:test` has them; columns as `cut`."""
        sessions = real_2019(self.folder, dt_h=1.0).sessions
        names = ("arrival_step", "departure_step", "arrival_soc")
        return pd.DataFrame({name: getattr(sessions, name) for name in names})

    def position_eur(self, schedules_kwh: Floats) -> float:
        """What bids add under the paper's prices: energy times day-ahead minus imbalance."""
        da, im = (np.maximum(p[HOURS:], 0.0) for p in self._hourly)
        return float(schedules_kwh.ravel() @ (da - im))

    def prices_eur_per_kwh(self, quirks: Quirks) -> tuple[Floats, Floats]:
        """Day-ahead and imbalance price of every hour, from the eve of the year on."""
        least = 0.0 if quirks.prices_floored else -np.inf
        da, im = (np.maximum(price, least) for price in self._hourly)
        return da, im

    @property
    def _hourly(self) -> tuple[Floats, Floats]:
        return self.prices.da_eur_per_kwh, self.prices.im_eur_per_kwh

    def scenario(self, quirks: Quirks, *, term_h: int = 0, type_seed: int = 0) -> Scenario:
        """The year 2019, a day without sessions before it.

        Args:
            quirks: rules in force.
            term_h: stays shorter than this draw no owner type.
            type_seed: of the draws of the owner types, one per longer stay, in order.
        """
        table = self.cut if quirks.days_cut_at_23 else self.whole
        da, im = self.prices_eur_per_kwh(quirks)
        stay = (table["departure_step"] - table["arrival_step"]).to_numpy()
        return Scenario.from_arrays(
            da_eur_per_kwh=da,
            im_eur_per_kwh=im,
            sessions={
                "arrival_step": table["arrival_step"].to_numpy() + HOURS,
                "departure_step": table["departure_step"].to_numpy() + HOURS,
                "arrival_soc": table["arrival_soc"].to_numpy(),
                "target_soc": np.full(len(table), TARGET_SOC),
                "capacity_kwh": np.full(len(table), CAPACITY_KWH),
                "owner_draw": _owner_draws(stay >= max(term_h, 1), type_seed),
            },
            start=EVE,
            name="rahman2023",
            notes={"source": "ElaadNL, ENTSO-E and TenneT, 2019", **self.prices.notes},
        )


def _owner_draws(draws: NDArray[np.bool_], seed: int) -> Floats:
    """(n,) quantiles of the owners' types; 0 for those who are not asked.

    The paper draws the type itself, with `Generator.choice`, which takes the same
    uniform number and looks it up in the running sum of the probabilities.
    """
    quantile = np.zeros(len(draws))
    quantile[draws] = np.random.default_rng(seed).random(int(draws.sum()))
    return quantile


def _sessions(path: Path) -> pd.DataFrame:
    columns = ("day_no", "start_hour", "new_connected_time", "initial_soc", "new_laxity")
    raw = _read_columns(path, columns)
    table = pd.DataFrame({name: _number_column(raw, name, unit=name) for name in columns})
    table = table[table["new_laxity"] >= 0]
    arrival = (HOURS * table["day_no"] + table["start_hour"]).astype(np.int64)
    stay = table["new_connected_time"].astype(np.int64)
    cut = pd.DataFrame(
        {
            "arrival_step": arrival,
            "departure_step": arrival + stay,
            "arrival_soc": table["initial_soc"],
        }
    )
    return cut.sort_values("arrival_step", kind="stable").reset_index(drop=True)


def _by_hour(path: Path) -> Floats:
    column = "imbalance_eur_per_kwh"
    table = _read_columns(path, ("hour", column))
    hours = _number_column(table, "hour", unit="h").to_list()
    if hours != list(range(HOURS)):
        raise InvalidInputError("hour", hours, "give one row for each of the hours 0 to 23")
    return _number_column(table, column, unit="EUR/kWh").to_numpy(dtype=np.float64)


def _bids(path: Path) -> dict[str, Floats]:
    columns = ("bid_no_v2g_kwh", "bid_v2g_kwh")
    table = _read_columns(path, ("date", "hour", *columns))
    days = pd.date_range("2019-01-01", YEAR_END).strftime("%Y-%m-%d")
    expected = [(day, hour) for day in days for hour in range(HOURS)]
    if list(zip(table["date"], table["hour"].astype(int), strict=True)) != expected:
        raise InvalidInputError("date, hour", path.name, "give every hour of 2019 once, in order")
    return {
        name: _number_column(table, name, unit="kWh").to_numpy(dtype=np.float64).reshape(-1, HOURS)
        for name in columns
    }


def _read_columns(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The named columns of a CSV file; other columns are ignored.

    Raises:
        InvalidInputError: no such file, no rows, or a column is missing.
    """
    table = read_table(path)
    for name in columns:
        if name not in table.columns:
            remedy = f"the file must have the column {name}"
            raise InvalidInputError(f"{path.name} columns", list(table.columns), remedy)
    if table.empty:
        raise InvalidInputError(path.name, "0 rows", "give a file with rows")
    return table[list(columns)]


def _number_column(table: pd.DataFrame, name: str, *, unit: str) -> pd.Series:
    """The column as floats; empty cells stay NaN, text is refused."""
    numbers = pd.to_numeric(table[name], errors="coerce")
    text = numbers.isna() & table[name].notna()
    if text.any():
        row = text.idxmax()
        raise InvalidInputError(
            f"{name}[{row}]", table[name][row], f"give numbers in {unit}, with a decimal point"
        )
    return numbers.astype("float64")
