"""Fit the synthetic source to real data and write its parameter files.

    python -m benchmarks.calibrate_synthetic --data FOLDER [--name dutch_2018]

The folder (default: VPP_GYM_DATA) holds the files that `vpp_gym.scenarios.real`
names. Sessions are those of 2019. The prices of "dutch_2018" are the hours of 2018 and the
quarters of October to December 2018, see `benchmarks.quarter_calibration`: nothing of the
prices of 2019 enters. Those of "dutch_2018_2019" are the prices of 2019; 2018 enters the
seasons and the daily profile of the imbalance price, see `benchmarks.price_calibration`. The
files keep tables of quantiles and means, no single transaction.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.price_calibration import fit_prices
from benchmarks.quarter_calibration import fit_quarters
from vpp_gym.arrays import Floats
from vpp_gym.files.trial import check_writable
from vpp_gym.files.writer import write_text
from vpp_gym.scenarios.calibration import CALIBRATIONS
from vpp_gym.scenarios.files.elaad_transactions import read_elaad
from vpp_gym.scenarios.fit import statistics
from vpp_gym.scenarios.real import (
    HOURLY_FILE,
    QUARTERS_FILE,
    SESSIONS_FILE,
    Prices,
    data_folder,
    read_hourly,
    read_quarters,
    real_2019,
)
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic_prices import quarter_orders

OUTPUT = Path(__file__).parents[1] / "vpp_gym" / "scenarios"

LEVELS = np.array([0, 1, 3, 6, *range(10, 91, 5), 94, 97, 99, 99.7, 100]) / 100
HOUR_GROUPS = ((22, 23, 0, 1, 2, 3), (4, 5), *((hour,) for hour in range(6, 20)), (20, 21))
PERIODS = (range(4, 10), range(10, 15), (*range(15, 24), *range(4)))
STAY_EDGES_H = np.array([0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 10, 12, 14, 16, 20, 30.0])
LOAD_STAY_EDGES_H = np.array([0.75, 1.5, 2.5, 3.5, 5, 8, 12, 16.0])
POWER_EDGES_KW = np.array([3.0, 3.9, 6.5, 9.0, 12.0])
SCATTER_CLASSES = (0.01, 0.03, 0.06, 0.12, 0.3, 0.5, 0.65, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
SIZE_PARTS = np.array([0.5, 0.8])
AUGUST = 8
QUARTERS_OF_2018 = {"first_day": "2018-10-01", "last_day": "2018-12-31"}
DAY_AHEAD_FIELDS = (
    "season_eur_per_kwh",
    "shape_eur_per_kwh",
    "da_scale_eur_per_kwh",
    "scores",
    "da_quantiles",
    "da_memory",
)
DUAL_SHARE, DUAL_SPREAD_EUR_PER_KWH = 0.08, 0.03


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the parameter files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the real files (default: VPP_GYM_DATA)")
    parser.add_argument("--name", choices=CALIBRATIONS, help="one file only")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder to write to")
    options = parser.parse_args(arguments)
    for name in [options.name] if options.name else CALIBRATIONS:
        path = check_writable(options.output / f"{name}.json", "output")
        write_text(path, dump(calibrate(data_folder(options.data), name)))
        print(f"wrote {path} ({path.stat().st_size / 1024:.0f} kB)")


def calibrate(folder: Path, name: str) -> dict[str, Any]:
    """Provenance, parameters and targets of one calibration, ready for JSON."""
    sessions = read_elaad(folder / SESSIONS_FILE, clock="local", dates="month-first")
    local = sessions.rows["start"].dt.tz_convert(sessions.zone).dt.tz_localize(None)
    transactions = sessions.rows.assign(start=local)
    fit = fit_2018 if name == "dutch_2018" else fit_2018_2019
    on, targets, prices = fit(folder)
    return {
        "provenance": {
            "written_by": "python -m benchmarks.calibrate_synthetic",
            "files": [SESSIONS_FILE, HOURLY_FILE, QUARTERS_FILE],
            "fitted_on": {"prices": on, "sessions": "2019"},
            "meaning": "vpp_gym.scenarios.calibration.Calibration",
            "assumed": ["dual_share", "dual_spread_eur_per_kwh"],
            "left_out": "days of August 2019 without any session, a gap of the record",
        },
        "targets": targets,
        "parameters": {
            **fit_arrivals(transactions),
            **fit_stays(transactions),
            **fit_demands(transactions),
            **prices,
            "dual_share": DUAL_SHARE,
            "dual_spread_eur_per_kwh": DUAL_SPREAD_EUR_PER_KWH,
        },
    }


def fit_2018(folder: Path) -> tuple[str, dict[str, float], dict[str, Any]]:
    """What prices are fitted on, the statistics aimed at, and the parameters: of 2018 alone.

    The statistics are those of the sessions of 2019 at the hourly prices of 2018.
    """
    hours = read_year(folder, 2018)
    quarters = read_quarters(folder / QUARTERS_FILE, **QUARTERS_OF_2018)
    found = fit_prices(hours, hours)
    day_ahead = {field: found[field] for field in DAY_AHEAD_FIELDS}
    imbalance = fit_quarters(hours, quarters, day_ahead["season_eur_per_kwh"])
    on = "hours of 2018, quarters of October to December 2018"
    return on, statistics(cars_at_prices(folder, hours)), day_ahead | imbalance


def cars_at_prices(folder: Path, hours: Prices) -> Scenario:
    """Recorded sessions of 2019 at the prices of another year, hour by hour of the year.

    Their stays are rounded up to steps, as those of synthetic cars are.
    """
    cars = real_2019(
        folder, dt_h=1.0, demand_rule="metered", car_power="recorded", stays="rounded-up"
    )
    return replace(
        cars,
        da_eur_per_kwh=hours.da_eur_per_kwh,
        im_short_eur_per_kwh=hours.im_eur_per_kwh,
        im_long_eur_per_kwh=hours.im_eur_per_kwh,
    )


def fit_2018_2019(folder: Path) -> tuple[str, dict[str, float], dict[str, Any]]:
    """The same of 2019, and of 2018 for seasons and the daily profile."""
    quarters = read_quarters(folder / QUARTERS_FILE, first_day="2019-01-01", last_day="2019-12-31")
    prices = fit_prices(read_year(folder, 2018), read_year(folder, 2019)) | fit_scatter(quarters)
    on = "hours and quarters of 2019, seasons of 2018 and 2019"
    return on, statistics(real_2019(folder, dt_h=1.0, demand_rule="reference")), prices


def read_year(folder: Path, year: int) -> Prices:
    """Recorded hourly prices of a year."""
    days = {"first_day": f"{year}-01-01", "last_day": f"{year}-12-31"}
    return read_hourly(folder / HOURLY_FILE, **days)


def fit_arrivals(transactions: pd.DataFrame) -> dict[str, Any]:
    """Month and weekday factors, hourly shares, and how much days differ beyond Poisson."""
    start = transactions["start"]
    days = pd.date_range("2019-01-01", "2019-12-31")
    count = start.dt.normalize().value_counts().reindex(days, fill_value=0)
    count = count[(count > 0) | (count.index.month != AUGUST)]
    by_month = count.groupby(count.index.month).mean()
    month = by_month / by_month.mean()
    season = month.loc[count.index.month].to_numpy()
    by_weekday = (count / season).groupby(count.index.day_of_week).mean()
    weekday = by_weekday / by_weekday.mean()
    expected = count.mean() * season * weekday.loc[count.index.day_of_week].to_numpy()
    excess = ((count - expected) ** 2 - expected).mean() / (expected**2).mean()
    kind = np.maximum(start.dt.day_of_week - 4, 0)
    hours = np.array([np.bincount(start.dt.hour[kind == k], minlength=24) for k in range(3)])
    return {
        "month_factor": month.to_numpy(),
        "weekday_factor": weekday.to_numpy(),
        "hour_share": hours / hours.sum(axis=1, keepdims=True),
        "day_dispersion": float(excess),
    }


def fit_stays(transactions: pd.DataFrame) -> dict[str, Any]:
    """Stay given arrival hour and day type, charge time given stay and time of day."""
    hour, weekend = transactions["start"].dt.hour, transactions["start"].dt.day_of_week >= 5
    group_of_hour = _row_of_hour(HOUR_GROUPS)
    group = group_of_hour[hour] + len(HOUR_GROUPS) * weekend
    stay_h = transactions["stay_h"].groupby(group).quantile(LEVELS).unstack()
    period_of_hour = _row_of_hour(PERIODS)
    period, stay = period_of_hour[hour], transactions["stay_h"].to_numpy()
    stay_class = np.searchsorted(STAY_EDGES_H, stay)
    full = transactions["charge_h"].to_numpy() > stay - 0.015
    shape = (len(PERIODS), len(STAY_EDGES_H) + 1)
    full_share, charge_h = np.zeros(shape), np.zeros((*shape, len(LEVELS)))
    for p, c in np.ndindex(shape):
        cell = (period == p) & (stay_class == c)
        partial = cell & ~full if (cell & ~full).sum() >= 10 else (stay_class == c) & ~full
        full_share[p, c] = full[cell].mean()
        charge_h[p, c] = np.quantile(transactions["charge_h"][partial], LEVELS)
    groups = np.stack([group_of_hour, *2 * [group_of_hour + len(HOUR_GROUPS)]])
    return {
        "stay_group": groups,
        "levels": LEVELS,
        "stay_h": stay_h.to_numpy(),
        "stay_edges_h": STAY_EDGES_H,
        "period": period_of_hour,
        "full_share": full_share,
        "charge_h": charge_h,
    }


def fit_demands(transactions: pd.DataFrame) -> dict[str, Any]:
    """Largest power given the stay, and the load factor given both: the metered rule."""
    stay_h, largest_kw = (transactions[name].to_numpy() for name in ("stay_h", "max_kw"))
    load_factor = np.minimum(transactions["metered_kwh"].to_numpy() / (largest_kw * stay_h), 1)
    stay_class = np.searchsorted(LOAD_STAY_EDGES_H, stay_h)
    power_class = np.searchsorted(POWER_EDGES_KW, largest_kw)
    stays, powers = range(len(LOAD_STAY_EDGES_H) + 1), range(len(POWER_EDGES_KW) + 1)
    return {
        "load_stay_edges_h": LOAD_STAY_EDGES_H,
        "power_kw": [np.quantile(largest_kw[stay_class == c], LEVELS) for c in stays],
        "power_edges_kw": POWER_EDGES_KW,
        "load_factor": [
            [
                np.quantile(load_factor[(power_class == p) & (stay_class == c)], LEVELS)
                for c in stays
            ]
            for p in powers
        ],
    }


def _row_of_hour(groups: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(24,) number of the group that holds each hour."""
    return np.array([next(g for g, hours in enumerate(groups) if h in hours) for h in range(24)])


def fit_scatter(quarters: Prices) -> dict[str, Any]:
    """Differences between the four imbalance prices of an hour: size, profile, order."""
    im = quarters.im_eur_per_kwh.reshape(-1, 4)
    mean, size = im.mean(axis=1), im.std(axis=1)
    edges = np.quantile(mean, SCATTER_CLASSES)
    of_class = np.searchsorted(edges, mean)
    n_classes = len(edges) + 1
    tables = np.array([np.quantile(size[of_class == c], LEVELS) for c in range(n_classes)])
    rank = np.array([np.mean(size[of_class == c] < s) for c, s in zip(of_class, size, strict=True)])
    part = of_class * (len(SIZE_PARTS) + 1) + np.searchsorted(SIZE_PARTS, rank)
    unit = (im - mean[:, None]) / np.maximum(size, 1e-9)[:, None]
    profiles, nearest = cluster(np.sort(unit, axis=1), n_clusters=8)
    orders = quarter_orders()
    order = np.array([np.flatnonzero((orders == row).all(axis=1))[0] for row in unit.argsort()])
    hour = np.tile(np.arange(24), len(im) // 24)
    shares = _shares(part, nearest, size, (n_classes * (len(SIZE_PARTS) + 1), len(profiles)))
    return {
        "scatter_edges_eur_per_kwh": edges,
        "scatter_eur_per_kwh": tables,
        "size_parts": SIZE_PARTS,
        "scatter_profile": profiles,
        "scatter_profile_share": shares.reshape(n_classes, -1, len(profiles)),
        "scatter_order_share": _shares(hour, order, size, (24, len(orders))),
    }


def cluster(points: Floats, *, n_clusters: int) -> tuple[Floats, NDArray[np.int64]]:
    """Centres of k-means, scaled to mean 0 and variance 1, and the nearest for each point.

    Starts at quantiles of the first coordinate, so that it needs no random draws.
    """
    ranked = points[points[:, 0].argsort(kind="stable")]
    centres = ranked[(np.arange(n_clusters) + 0.5).astype(int) * len(points) // n_clusters]
    for _ in range(100):
        nearest = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array([points[nearest == c].mean(axis=0) for c in range(n_clusters)])
    centres -= centres.mean(axis=1, keepdims=True)
    return centres / centres.std(axis=1, keepdims=True), nearest


def _shares(
    row: NDArray[np.int64], column: NDArray[np.int64], weight: Floats, shape: tuple[int, int]
) -> Floats:
    """Weighted share of each column within its row."""
    total = np.zeros(shape)
    np.add.at(total, (row, column), weight)
    return total / total.sum(axis=1, keepdims=True)


def dump(content: dict[str, Any]) -> str:
    """JSON with six digits and one line for each innermost list."""
    sections = (f"{json.dumps(name)}: {_lines(section)}" for name, section in content.items())
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _lines(value: Any) -> str:
    value = _plain(value)
    if isinstance(value, dict):
        items = (f" {json.dumps(name)}: {_lines(item)}" for name, item in value.items())
        return "{\n" + ",\n".join(items) + "\n}"
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return "[\n" + ",\n".join(f"  {_lines(item)}" for item in value) + "\n ]"
    return json.dumps(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
