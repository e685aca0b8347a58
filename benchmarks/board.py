"""Every suite of the benchmark, by name."""

from __future__ import annotations

from benchmarks.car_park_suite import CarParkSuite
from benchmarks.microgrid_suite import MicrogridSuite
from benchmarks.suite import Suite
from benchmarks.suites import WORLDS, EVSuite
from vpp_gym.errors import InvalidInputError

SUITES: dict[str, Suite] = {
    suite.name: suite for suite in (*map(EVSuite, WORLDS), CarParkSuite(), MicrogridSuite())
}


def suite_of(name: str) -> Suite:
    """The suite of a name.

    Raises:
        InvalidInputError: there is none.
    """
    if name not in SUITES:
        raise InvalidInputError("suite", name, f"use one of {', '.join(SUITES)}")
    return SUITES[name]
