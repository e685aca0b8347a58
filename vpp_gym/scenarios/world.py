"""A world built from files: one scenario over all days, its splits, and where it comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.params.stated import checked_changes
from vpp_gym.scenarios.files.folder import files_of, refusal
from vpp_gym.scenarios.files.joined import joined_prices
from vpp_gym.scenarios.files.kinds import Holds, titles_of
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.grid import Span, covered_days, kept_days, on_grid
from vpp_gym.scenarios.price_notes import price_notes
from vpp_gym.scenarios.scale_check import check_scale
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.site_sessions import capped_at_end, demands_capped, site_sessions
from vpp_gym.scenarios.source import SPLITS
from vpp_gym.scenarios.world_header import Provenance, Split, World, WorldOptions
from vpp_gym.time_steps import STEPS_MIN

RESOLUTION_H = {f"PT{minutes}M": minutes / 60 for minutes in STEPS_MIN}
TRAIN_SHARE, VALIDATION_SHARE = 0.6, 0.2


MARKETS_AND_CARS: tuple[Holds, ...] = ("day-ahead", "imbalance", "sessions")


def build_world(
    folder: str | os.PathLike[str],
    read: ReadOptions | None = None,
    build: WorldOptions | None = None,
    params: Mapping[str, Any] | None = None,
) -> World:
    """The world of all known files in a folder.

    Args:
        folder: with the files.
        read: options of reading.
        build: options of building.
        params: what the world says of its parameters, as `vpp_gym.params.as_params` takes it.

    Raises:
        InvalidInputError: a file that is refused, a market or sessions missing,
            or files that do not fit together.
    """
    read, build = read or ReadOptions(), build or WorldOptions()
    files = list(files_of(folder, read))
    if (error := refusal(files)) is not None:
        raise error
    left_aside = [one.path.name for one in files if one.rows is None]
    rows = [one.rows for one in files if one.rows is not None]
    return world_of(rows, read, build, left_aside=left_aside, params=params)


def world_of(
    rows: Sequence[PriceRows | SessionRows],
    read: ReadOptions | None = None,
    build: WorldOptions | None = None,
    *,
    left_aside: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
) -> World:
    """The world of prices and sessions that were read.

    Args:
        rows: day-ahead prices, imbalance prices and sessions, from any readers.
        read: options that they were read with.
        build: options of building.
        left_aside: names of files beside these, of no known kind.
        params: what the world says of its parameters.

    Raises:
        InvalidInputError: a market or sessions missing, or rows that do not fit
            together.
    """
    read, build = read or ReadOptions(), build or WorldOptions()
    prices = [one for one in rows if isinstance(one, PriceRows)]
    sessions = [one for one in rows if isinstance(one, SessionRows)]
    _check_complete(prices, sessions, left_aside)
    markets = [_market(prices, columns) for columns in (DAY_AHEAD, IMBALANCE)]
    span, counts = _kept(markets, _span(markets, build), build)
    on_steps, changed = _prices(markets, span, build)
    counts |= changed | price_notes(prices)
    if not read.trust_unit:
        first_day = np.datetime64(span.first_day)
        check_scale(on_steps, first_day, build.dt_h, cheap_market=read.cheap_market)
    table, facts = site_sessions(sessions, span, build, counts)
    n_steps = len(on_steps[DAY_AHEAD[0]])
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=on_steps[DAY_AHEAD[0]],
        im_short_eur_per_kwh=on_steps[IMBALANCE[0]],
        im_long_eur_per_kwh=on_steps[IMBALANCE[1]],
        sessions=capped_at_end(table, n_steps, build)[0],
        start=np.datetime64(span.first_day, "m"),
        dt_h=build.dt_h,
        timezone=span.zone,
        seed=build.seed,
        name="world",
        params=checked_changes(params or {}, "params: "),
    )
    splits = splits_of(scenario, build)
    counts |= demands_capped(table, splits, build)
    provenance = Provenance(
        vpp_gym=version("vpp_gym"),
        read=read,
        build=build,
        sources=[one.report for one in rows],
        left_aside=list(left_aside),
        counts={name: count for name, count in counts.items() if count},
        facts=facts,
    )
    return World(scenario, splits, provenance)


def _check_complete(
    prices: Sequence[PriceRows], sessions: Sequence[SessionRows], left_aside: Sequence[str]
) -> None:
    """Refuse a folder without prices of both markets and sessions.

    Raises:
        InvalidInputError: naming all that is missing, and the kinds of files that hold it.
    """
    known = {name for one in prices for name in one.columns}
    there = {
        "day-ahead": set(DAY_AHEAD) <= known,
        "imbalance": set(IMBALANCE) <= known,
        "sessions": bool(sessions),
    }
    missing: list[Holds] = [name for name in MARKETS_AND_CARS if not there[name]]
    if missing:
        aside = f"none, {', '.join(left_aside)} left aside" if left_aside else None
        remedy = " And ".join(f"add a file of {name}: {titles_of(name)}." for name in missing)
        raise InvalidInputError(", ".join(missing), aside, f"{remedy} See docs/data.md")


def _market(prices: Sequence[PriceRows], columns: tuple[str, ...]) -> PriceRows:
    """All prices of one market."""
    having = [one for one in prices if set(columns) <= set(one.columns)]
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


def _kept(
    markets: Sequence[PriceRows], span: Span, build: WorldOptions
) -> tuple[Span, dict[str, int]]:
    """The days of the world, without those that are cut off by missing ones."""
    if build.missing_days != "leave-out":
        return span, {}
    resolution_h = None if build.resolution is None else RESOLUTION_H[build.resolution]
    kept = kept_days(markets, span, max_fill_h=build.max_fill_h, resolution_h=resolution_h)
    return kept, {"days left out, with those cut off by missing ones": span.n_days - kept.n_days}


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
            missing_days=build.missing_days,
        )
        prices |= grid.prices
        counts |= {f"{name}: {what}": count for what, count in grid.counts.items()}
    return prices, counts


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
