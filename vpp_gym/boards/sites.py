"""The worlds of the boards of sites: months of years with a connection, sun, a battery and fees."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.scenarios.months import MonthSource
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import FixedSource, ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_params import CarParams
from vpp_gym.scenarios.synthetic_sessions import with_models
from vpp_gym.scenarios.synthetic_site import SITE_PARAMS, SiteMix, SiteSource

WORLDS, DAYS = 12, 14
"""A world is the first two weeks of a month: planners of a whole site are slow, and every policy
runs through the same weeks."""
CARS = CarParams(models=("all",))
"""Every car is a model of the catalogue, at an AC charge point."""
BUSY_CHARGERS, BUSY_SESSIONS_PER_DAY, BUSY_DAYS = 50, 160.0, 7
BUSY_TIMES = BUSY_CHARGERS / DEFAULT.site.n_chargers
"""As many times larger than the other sites is the busy one, and all that it has beside cars."""
_CARS_KEY = 2019


def site_params(busy: bool = False) -> VPPParams:
    """Rules of a board: connection, battery and tariff of `SITE_PARAMS`, sized for the chargers."""
    if not busy:
        return DEFAULT.changed(SITE_PARAMS)
    limits, storage = SITE_PARAMS["connection"], SITE_PARAMS["storage"]
    return DEFAULT.changed(
        {
            "site": {"n_chargers": BUSY_CHARGERS},
            "connection": {name: BUSY_TIMES * kw for name, kw in limits.items()},
            "storage": {
                **storage,
                **{name: BUSY_TIMES * storage[name] for name in ("kwh", "kw")},
            },
            "tariff": SITE_PARAMS["tariff"],
        }
    )


def busy_mix() -> SiteMix:
    """Sun, building and limit of the busy site."""
    plain = SiteMix()
    return SiteMix(
        pv_kwp=BUSY_TIMES * plain.pv_kwp,
        building_kw=BUSY_TIMES * plain.building_kw,
        import_limit_kw=BUSY_TIMES * (plain.import_limit_kw or 0.0),
    )


@cache
def site_source(folder: Any = None, *, real: bool = False, busy: bool = False) -> ScenarioSource:
    """The scenarios of a board.

    Args:
        folder: of real data; None: what VPP_GYM_DATA names.
        real: prices and sessions of 2019, a world each month; else a month of each of twelve
            synthetic years.
        busy: about 37 of 50 chargers are in use, seven days of each month.
    """
    if real:
        # By name: worlds that are drawn do not depend on the code that reads files.
        real_source = import_module("vpp_gym.scenarios.real").real_source
        years: ScenarioSource = FixedSource(_with_models(real_source(folder, "test", 0.25)))
    else:
        more: dict[str, Any] = {"sessions_per_day": BUSY_SESSIONS_PER_DAY} if busy else {}
        years = SyntheticSource("test", WORLDS, params={"cars": CARS.model_dump()}, **more)
    sites = SiteSource(years, busy_mix() if busy else None)
    return MonthSource(sites, BUSY_DAYS if busy else DAYS)


def _with_models(source: ScenarioSource) -> Scenario:
    """The recorded year with a model of the catalogue in place of each car."""
    year: Scenario = source.scenario(0)
    rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(_CARS_KEY,)))
    return replace(year, sessions=with_models(rng, year.sessions, CARS, dt_h=year.dt_h))
