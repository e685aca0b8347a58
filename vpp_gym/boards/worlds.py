"""The worlds of the published suites: rules and scenarios, as the benchmark has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT, PLAIN
from vpp_gym.scenarios.synthetic import SyntheticSource

OLDER = {"params": "reference_demand", "calibration": "dutch_2018_2019"}
"""Of the synthetic years of older boards."""
OF_PRICES = {"dt_h": 1.0, "calibration": "dutch_2018_2019"}
"""Of the years of prices of fuel-cell cars."""


@dataclass(frozen=True)
class SuiteWorlds:
    """Rules and scenarios of a suite.

    Attributes:
        name: of it.
        world: name of the world.
        dt_h: hours per step.
        tracks: changes of the rules by track.
        all_worlds: how many test scenarios there are.
        real: they are read from the folder that VPP_GYM_DATA names.
        plain: rules without surprises and older synthetic years.
        shifting: drivers have habits that nobody states.
        site: a connection with limits, sun, a battery and fees, see `vpp_gym.boards.sites`.
        busy: of sites: many cars.
        period_days: days of a published row.
    """

    name: str
    world: str
    dt_h: float
    tracks: Mapping[str, Mapping[str, Any]]
    all_worlds: int = 1
    real: bool = False
    plain: bool = False
    shifting: bool = False
    site: bool = False
    busy: bool = False
    period_days: int = field(default=7)

    def params(self, track: str) -> Any:
        """Rules of a track.

        Raises:
            InvalidInputError: there is no such track.
        """
        if track not in self.tracks:
            raise InvalidInputError("track", track, f"use one of {', '.join(self.tracks)}")
        if self.site:
            return _sites().site_params(self.busy)
        if self.world == "ev":
            return PLAIN if self.plain else DEFAULT
        kind = {"car_park": "CarParkParams", "microgrid": "MicrogridParams"}[self.world]
        module = import_module(f"vpp_gym.fcev.{self.world}.params")
        return getattr(module, kind)().changed(self.tracks[track])

    def scenario(self, track: str, number: int) -> Any:
        """One of its scenarios, which no policy was trained or chosen on.

        Raises:
            InvalidInputError: no folder of real data where it is needed.
        """
        if self.site:
            source = _sites().site_source(real=self.real, busy=self.busy)
            return source.scenario(number)
        if self.world == "ev":
            return _ev_source(self).scenario(number)
        kind = {"car_park": "CarParkSource", "microgrid": "MicrogridSource"}[self.world]
        source = getattr(import_module(f"vpp_gym.fcev.{self.world}.scenario"), kind)
        return source(self.params(track), _prices(self.all_worlds)).scenario(number)


SUITES = {
    one.name: one
    for one in (
        SuiteWorlds("embedded", "ev", 0.25, {"reference": {}}, all_worlds=24),
        SuiteWorlds("real", "ev", 0.25, {"reference": {}}, real=True),
        SuiteWorlds("shifting", "ev", 0.25, {"reference": {}}, all_worlds=12, shifting=True),
        SuiteWorlds("hourly", "ev", 1.0, {"plain": {}}, plain=True),
        SuiteWorlds("hourly_real", "ev", 1.0, {"plain": {}}, real=True, plain=True),
        SuiteWorlds("site", "ev", 0.25, {"site": {}}, all_worlds=12, site=True),
        SuiteWorlds("site_real", "ev", 0.25, {"site": {}}, all_worlds=12, site=True, real=True),
        SuiteWorlds("site_busy", "ev", 0.25, {"site": {}}, all_worlds=12, site=True, busy=True),
        SuiteWorlds(
            "car_park",
            "car_park",
            1.0,
            {
                "equal": {"contract": {"min_price": "equal"}},
                "random": {"contract": {"min_price": "random"}},
            },
            all_worlds=8,
            period_days=1,
        ),
        SuiteWorlds(
            "microgrid",
            "microgrid",
            1.0,
            {"volume": {}, "wind": {"wind": {"serves_houses": True}}},
            all_worlds=4,
            period_days=1,
        ),
    )
}
"""By name; a suite that comes first is preferred."""


def _sites() -> Any:
    return import_module("vpp_gym.boards.sites")


@cache
def _synthetic(suite: str) -> SyntheticSource:
    one = SUITES[suite]
    more: dict[str, Any] = OLDER if one.plain else {}
    return SyntheticSource("test", one.all_worlds, dt_h=one.dt_h, **more)


@cache
def _shifting(suite: str) -> Any:
    return import_module("vpp_gym.scenarios.shifting").ShiftingSource(_synthetic(suite))


@cache
def _prices(n_years: int) -> SyntheticSource:
    return SyntheticSource("test", n_years, **OF_PRICES)  # type: ignore[arg-type]


def _ev_source(one: SuiteWorlds) -> Any:
    if one.shifting:
        return _shifting(one.name)
    if not one.real:
        return _synthetic(one.name)
    real_source = import_module("vpp_gym.scenarios.real").real_source
    return real_source(None, "test", one.dt_h, demand_rule="reference" if one.plain else "metered")
