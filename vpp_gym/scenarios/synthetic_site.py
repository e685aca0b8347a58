"""Synthetic sites: sun, an office and congestion beside the cars of any source, seeded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
from pydantic import Field

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.parameters import Section
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.site_series import SiteSeries
from vpp_gym.scenarios.source import BuiltSource, ScenarioSource

LATITUDE_DEG, NOON_H = 52.1, 12.65
"""Of the middle of the Netherlands; mean clock time at which the sun is highest in winter time."""
_CLOUDS, _OFFICE, _EVENTS = range(3)


class SiteMix(Section):
    """What a synthetic site consists of.

    pv_kwp: rated power of the panels.
    pv_kwh_per_kwp: their yield in a mean year.
    cloud_memory: correlation of the clearness of one day with that of the day before.
    building_kw: load of the office in its hours; at night it takes `base_share` of it.
    base_share: see `building_kw`.
    building_noise: relative standard deviation of a step's load around its shape; what lies
        above the rating of 1.5 times `building_kw` is cut off.
    import_limit_kw: of the connection; None: none.
    events_per_year: days on which the grid is congested.
    event_limit_kw: limit of imports then, from 17 to 20 o'clock. None: 0.6 times the limit.

    The yield is near what national statistics use for Dutch roofs; all else is our assumption.
    """

    pv_kwp: float = Field(default=60.0, ge=0, le=1e5)
    pv_kwh_per_kwp: float = Field(default=875.0, gt=0, le=3000)
    cloud_memory: float = Field(default=0.4, ge=0, lt=1)
    building_kw: float = Field(default=20.0, ge=0, le=1e5)
    base_share: float = Field(default=0.3, ge=0, le=1)
    building_noise: float = Field(default=0.1, ge=0, le=1)
    import_limit_kw: float | None = Field(default=80.0, gt=0, le=1e6)
    events_per_year: float = Field(default=30.0, ge=0, le=365)
    event_limit_kw: float | None = Field(default=None, gt=0, le=1e6)


RATED = 1.5
"""Times `building_kw` that a building may take at most."""
EVENT_H = (17.0, 20.0)
YEAR_DAYS = 365.0

SITE_PARAMS: dict[str, Any] = {
    "connection": {"import_limit_kw": 80.0, "export_limit_kw": 50.0},
    "storage": {"kwh": 100.0, "kw": 50.0, "wear_eur_per_kwh": 0.02},
    "tariff": "nl",
}
"""Parameters that the scenarios of a `SiteSource` state, unless it is told others."""


class SiteSource(BuiltSource[Scenario]):
    """The scenarios of another source, each with a site of its own.

    Prices and cars are those of the other source. Sun, building and congestion are drawn for
    each scenario from its index; nothing links them to prices or cars.

    Args:
        source: of prices and cars.
        mix: what the sites consist of; a mapping changes the default.
        params: that the scenarios state: limits, battery and fees; see `SITE_PARAMS`.
        seed: of the whole family of sites.

    Raises:
        InvalidInputError: an unknown field, or a value out of range.
    """

    def __init__(
        self,
        source: ScenarioSource,
        mix: SiteMix | Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(source, ScenarioSource):
            raise InvalidInputError("source", source, "give a source, such as a SyntheticSource")
        self.source, self.mix, self.seed = source, SiteMix().changed(mix), seed
        self.params = dict(SITE_PARAMS if params is None else params)
        super().__init__(
            name=f"site of {source.name}", dt_h=source.dt_h, n_scenarios=source.n_scenarios
        )

    def _build(self, index: int) -> Scenario:
        scenario = self.source.scenario(index)
        return replace(
            scenario,
            name=f"site:{scenario.name}",
            params={**scenario.params, **self.params},
            site=self.series(index),
        )

    def rng(self, index: int, stream: int) -> np.random.Generator:
        """Generator of one stream of one site; equal arguments give equal draws."""
        key = (crc32(self.source.name.encode()), index, stream)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def series(self, index: int) -> SiteSeries:
        """Sun, building and limits of one site."""
        scenario, mix, dt_h = self.source.scenario(index), self.mix, self.source.dt_h
        given: dict[str, Any] = {}
        if mix.pv_kwp > 0:
            given["pv_kwh"] = pv_kwh(self.rng(index, _CLOUDS), scenario, mix)
            given["pv_peak_kw"] = mix.pv_kwp
        if mix.building_kw > 0:
            given["building_kwh"] = office_kwh(self.rng(index, _OFFICE), scenario, mix)
            given["building_peak_kw"] = RATED * mix.building_kw
        if mix.import_limit_kw is not None:
            limits, least = limits_kw(self.rng(index, _EVENTS), scenario, mix)
            given |= {"import_limit_kw": limits, "least_import_limit_kw": least}
        return SiteSeries.from_arrays(n_steps=scenario.n_steps, dt_h=dt_h, **given)


def clear_sky(scenario: Scenario) -> Floats:
    """(T,) sine of the sun's height in the middle of each step, 0 below the horizon.

    Source: Cooper 1969 for the declination, 23.45 sin(2 pi (284 + day) / 365) degrees.
    """
    date = scenario.clock.astype("datetime64[D]")
    of_year = (date - date.astype("datetime64[Y]")).astype(np.int64) + 1
    hour = (scenario.clock - date).astype("timedelta64[m]").astype(np.float64) / 60
    angle = 2 * np.pi * (hour + scenario.dt_h / 2 - NOON_H) / 24
    tilt = np.deg2rad(23.45) * np.sin(2 * np.pi * (284 + of_year) / 365)
    north = np.deg2rad(LATITUDE_DEG)
    height = np.sin(north) * np.sin(tilt) + np.cos(north) * np.cos(tilt) * np.cos(angle)
    return np.asarray(np.maximum(height, 0.0))


def pv_kwh(rng: np.random.Generator, scenario: Scenario, mix: SiteMix) -> Floats:
    """(T,) yield of the panels.

    The sun's height times the clearness of the day, which follows the day before, and of the
    step. A whole year of such sun yields `pv_kwh_per_kwp` in the mean; never more than rated.
    """
    days = int(scenario.day[-1]) + 1
    drawn, state = rng.standard_normal(days), 0.0
    shares = np.empty(days)
    for day in range(days):
        fresh = np.sqrt(1 - mix.cloud_memory**2) if day else 1.0
        state = mix.cloud_memory * state + fresh * drawn[day]
        shares[day] = 0.1 + 0.9 / (1 + np.exp(-1.2 * state))
    wobble = np.clip(1 + 0.15 * rng.standard_normal(scenario.n_steps), 0.3, 1.4)
    clear = clear_sky(scenario) * shares[scenario.day] * wobble
    mean_share, mean_height = 0.55, 0.2015
    scale = mix.pv_kwh_per_kwp / (8766.0 * mean_share * mean_height)
    return np.asarray(np.minimum(scale * clear, 1.0) * mix.pv_kwp * scenario.dt_h)


def office_kwh(rng: np.random.Generator, scenario: Scenario, mix: SiteMix) -> Floats:
    """(T,) load of an office: full from 8 to 18 o'clock on weekdays, with an hour around it."""
    hour = scenario.period * scenario.dt_h + scenario.dt_h / 2
    open_share = np.clip(np.minimum(hour - 7.0, 19.0 - hour), 0.0, 1.0)
    share = np.where(scenario.calendar.weekday < 5, open_share, 0.0)
    shape = mix.base_share + (1 - mix.base_share) * share
    noise = 1 + mix.building_noise * rng.standard_normal(scenario.n_steps)
    load = mix.building_kw * np.clip(shape * noise, 0.0, RATED)
    return np.asarray(load * scenario.dt_h)


def limits_kw(rng: np.random.Generator, scenario: Scenario, mix: SiteMix) -> tuple[Floats, float]:
    """(T,) import limits, lower on evenings on which the grid is congested, and the least.

    Congestion never asks for less than the building's rating.
    """
    limit = float(mix.import_limit_kw or np.inf)
    low = 0.6 * limit if mix.event_limit_kw is None else mix.event_limit_kw
    low = min(max(low, RATED * mix.building_kw), limit)
    days = int(scenario.day[-1]) + 1
    congested = rng.random(days) < mix.events_per_year / YEAR_DAYS
    hour = scenario.period * scenario.dt_h
    evening = (hour >= EVENT_H[0]) & (hour < EVENT_H[1])
    return np.where(congested[scenario.day] & evening, low, limit), low
