"""Every suite of the benchmark, by name."""

from __future__ import annotations

from benchmarks.suites.base import Suite
from benchmarks.suites.car_park import CarParkSuite
from benchmarks.suites.ev import EVSuite
from benchmarks.suites.ev_learning import LearningSuite
from benchmarks.suites.ev_worlds import WORLDS, EVWorlds
from benchmarks.suites.microgrid import MicrogridSuite
from benchmarks.suites.shifting import ShiftingSuite
from benchmarks.suites.site import SITES, SiteSuite
from vpp_gym.errors import InvalidInputError


def _of_evs(name: str, world: EVWorlds) -> EVSuite:
    if world.shifting:
        return ShiftingSuite(name)
    return LearningSuite(name) if world.learning else EVSuite(name)


SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        *(_of_evs(name, one) for name, one in WORLDS.items()),
        *map(SiteSuite, SITES),
        CarParkSuite(),
        MicrogridSuite(),
    )
}


def suite_of(name: str) -> Suite:
    """The suite of a name.

    Raises:
        InvalidInputError: there is none.
    """
    if name not in SUITES:
        raise InvalidInputError("suite", name, f"use one of {', '.join(SUITES)}")
    return SUITES[name]
