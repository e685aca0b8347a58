"""A world built from files: one scenario over all days, its splits, and where it comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.folder import files_of
from vpp_gym.scenarios.files.joined import distinct_sessions, joined_prices
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.grid import Span, covered_days, on_grid
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.session_demand import sessions_on_steps
from vpp_gym.scenarios.source import SPLITS
from vpp_gym.scenarios.world_header import Provenance, Split, World, WorldOptions

RESOLUTION_H = {"PT60M": 1.0, "PT30M": 0.5, "PT15M": 0.25}
TRAIN_SHARE, VALIDATION_SHARE = 0.6, 0.2

LARGEST_RATIO = 8.0
"""Of typical prices on the two markets: 0.6 to 1.1 in every week of 2018 and 2019."""
WEEK_H, DAY_H = 168, 24


def build_world(
    folder: str | os.PathLike[str],
    read: ReadOptions | None = None,
    build: WorldOptions | None = None,
) -> World:
    """The world of all known files in a folder.

    Raises:
        InvalidInputError: a file that is refused, a market or sessions missing,
            or files that do not fit together.
    """
    read, build = read or ReadOptions(), build or WorldOptions()
    files = list(files_of(folder, read))
    for one in files:
        if one.error is not None:
            raise one.error
    left_aside = [one.path.name for one in files if one.rows is None]
    rows = [one.rows for one in files if one.rows is not None]
    return world_of(rows, read, build, left_aside=left_aside)


def world_of(
    rows: Sequence[PriceRows | SessionRows],
    read: ReadOptions | None = None,
    build: WorldOptions | None = None,
    *,
    left_aside: Sequence[str] = (),
) -> World:
    """The world of prices and sessions that were read.

    Args:
        rows: day-ahead prices, imbalance prices and sessions, from any readers.
        read: options that they were read with.
        build: options of building.
        left_aside: names of files beside these, of no known kind.

    Raises:
        InvalidInputError: a market or sessions missing, or rows that do not fit
            together.
    """
    read, build = read or ReadOptions(), build or WorldOptions()
    prices = [one for one in rows if isinstance(one, PriceRows)]
    sessions = [one for one in rows if isinstance(one, SessionRows)]
    aside = f"none, {', '.join(left_aside)} left aside" if left_aside else None
    markets = [_market(prices, columns, aside) for columns in (DAY_AHEAD, IMBALANCE)]
    if not sessions:
        raise InvalidInputError("sessions", aside, "add a file of sessions to the folder")
    span = _span(markets, build)
    on_steps, counts = _prices(markets, span, build)
    if not read.trust_unit:
        _check_scale(on_steps, np.datetime64(span.first_day), build.dt_h)
    table = _sessions(sessions, span, build, counts)
    provenance = Provenance(
        vpp_gym=version("vpp_gym"),
        read=read,
        build=build,
        sources=[one.report for one in rows],
        left_aside=list(left_aside),
        counts={name: count for name, count in counts.items() if count},
    )
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=on_steps[DAY_AHEAD[0]],
        im_short_eur_per_kwh=on_steps[IMBALANCE[0]],
        im_long_eur_per_kwh=on_steps[IMBALANCE[1]],
        sessions=table,
        start=np.datetime64(span.first_day, "m"),
        dt_h=build.dt_h,
        timezone=span.zone,
        seed=build.seed,
        name="world",
    )
    return World(scenario, splits_of(scenario, build), provenance)


def _market(prices: Sequence[PriceRows], columns: tuple[str, ...], aside: str | None) -> PriceRows:
    """All prices of one market."""
    having = [one for one in prices if set(columns) <= set(one.columns)]
    if not having:
        raise InvalidInputError("prices", aside, f"add a file with {' and '.join(columns)}")
    other = {name for one in having for name in one.columns} - set(columns)
    return joined_prices(
        [
            PriceRows(one.rows.drop(columns=list(other), errors="ignore"), one.zone, one.report)
            for one in having
        ]
    )


def _span(markets: Sequence[PriceRows], build: WorldOptions) -> Span:
    covered = covered_days(markets)
    first = covered.first_day if build.first_day is None else pd.Timestamp(build.first_day)
    last = covered.last_day if build.last_day is None else pd.Timestamp(build.last_day)
    if first < covered.first_day or last > covered.last_day or last < first:
        value = f"{first.date()} to {last.date()}"
        remedy = f"prices cover {covered.first_day.date()} to {covered.last_day.date()}"
        raise InvalidInputError("first_day, last_day", value, remedy)
    return Span(first, last, covered.zone)


def _prices(
    markets: Sequence[PriceRows], span: Span, build: WorldOptions
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    prices: dict[str, np.ndarray] = {}
    counts: dict[str, int] = {}
    chosen = None if build.resolution is None else RESOLUTION_H[build.resolution]
    for name, market in zip(("day-ahead", "imbalance"), markets, strict=True):
        lengths = set(market.rows["dt_h"])
        grid = on_grid(
            market,
            span,
            dt_h=build.dt_h,
            max_fill_h=build.max_fill_h,
            resolution_h=chosen if len(lengths) > 1 else None,
        )
        prices |= grid.prices
        counts |= {f"{name}: {what}": count for what, count in grid.counts.items()}
    return prices, counts


def _check_scale(
    prices: Mapping[str, NDArray[np.float64]], first_day: np.datetime64, dt_h: float
) -> None:
    """Refuse markets whose typical prices cannot be of the same unit, in all or in any week.

    Args:
        prices: (T,) EUR/kWh by column.
        first_day: on which they begin.
        dt_h: hours per step.

    Raises:
        InvalidInputError: naming how far apart they are, and since when.
    """
    n, per_day, per_week = len(prices[DAY_AHEAD[0]]), round(DAY_H / dt_h), round(WEEK_H / dt_h)
    weeks = (slice(at, at + per_week) for at in range(0, n - per_week + 1, per_day))
    for part in (slice(0, n), *weeks):
        ratio = _price_ratio({name: values[part] for name, values in prices.items()})
        if not 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
            later = np.timedelta64(int(part.start * dt_h // 24), "D")
            day = first_day.astype("datetime64[D]") + later
            value = f"imbalance is typically {ratio:.3g} times day-ahead from {day}"
            remedy = "has one of the two another unit? trust the unit if it is right"
            raise InvalidInputError("prices", value, remedy)


def _price_ratio(prices: Mapping[str, NDArray[np.float64]]) -> float:
    """Typical imbalance price over the typical day-ahead price."""
    day_ahead, *imbalance = (
        float(np.median(np.abs(prices[name]))) for name in (*DAY_AHEAD, *IMBALANCE)
    )
    return float(np.mean(imbalance)) / day_ahead if day_ahead else np.inf


def _sessions(
    sessions: Sequence[SessionRows], span: Span, build: WorldOptions, counts: dict[str, int]
) -> pd.DataFrame:
    tables = []
    distinct, repeated = distinct_sessions(sessions)
    counts |= repeated
    for one in distinct:
        table, left = sessions_on_steps(
            one,
            span,
            dt_h=build.dt_h,
            demand=build.demand,
            car=build.car,
            car_power=build.car_power,
            site_clock=build.site_clock,
            shift_days=build.shift_days,
        )
        tables.append(table)
        counts |= {f"{one.report.file}: {what}": count for what, count in left.items()}
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        days = f"{span.first_day.date()} to {span.last_day.date()}"
        remedy = "give sessions of these days, or shift them with shift_days"
        raise InvalidInputError("sessions", f"none from {days}", remedy)
    return table


def splits_of(scenario: Scenario, build: WorldOptions) -> tuple[Split, ...]:
    """Train, validation and test, in this order of time.

    Raises:
        InvalidInputError: a split without a day.
    """
    days = scenario.clock.astype("datetime64[D]")
    every = np.unique(days)
    asked = [None, build.validation_from, build.test_from]
    shares = (0.0, TRAIN_SHARE, TRAIN_SHARE + VALIDATION_SHARE)
    first = [
        every[int(share * len(every))] if day is None else np.datetime64(day, "D")
        for day, share in zip(asked, shares, strict=True)
    ]
    if not (every[0] < first[1] < first[2] <= every[-1]):
        value = f"{first[1]} and {first[2]}"
        remedy = f"both lie within {every[0]} and {every[-1]}, one after the other"
        raise InvalidInputError("validation_from, test_from", value, remedy)
    edges = [*np.searchsorted(days, first), len(days)]
    return tuple(
        Split(name=name, first_day=day.astype(object), n_steps=int(end - begin))
        for name, day, begin, end in zip(SPLITS, first, edges, edges[1:], strict=False)
    )
