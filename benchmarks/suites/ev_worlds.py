"""The worlds of the suites of the virtual power plant of EVs."""

from __future__ import annotations

from dataclasses import dataclass

from vpp_gym.evaluation.bounds import DUAL_BOUND, DUAL_ESTIMATE
from vpp_gym.evaluation.metrics import HINDSIGHT
from vpp_gym.params import DEFAULT, PLAIN, VPPParams

TEST_WORLDS, ALL_WORLDS = 12, 24


@dataclass(frozen=True)
class EVWorlds:
    """Where the scenarios of a suite come from, and the rules in them.

    Attributes:
        description: in words.
        params: rules.
        dt_h: hours per step.
        worlds: on how many scenarios policies rank.
        all_worlds: how many there are.
        real: they are read from files.
        plain: older policies only, in one table.
        learning: planners with a learned forecast and agents of one decision run, too.
        shifting: drivers have habits that nobody states, see `vpp_gym.scenarios.shifting`.
        high: what is score 100.
    """

    description: str
    params: VPPParams = DEFAULT
    dt_h: float = 0.25
    worlds: int = 1
    all_worlds: int = 1
    real: bool = False
    plain: bool = False
    learning: bool = False
    shifting: bool = False
    high: str = DUAL_BOUND


WORLDS = {
    "embedded": EVWorlds(
        "synthetic Dutch years, the test split of the embedded generator, by quarter hours",
        worlds=TEST_WORLDS,
        all_worlds=ALL_WORLDS,
        learning=True,
    ),
    "real": EVWorlds(
        "Dutch public charging and prices of 2019, by quarter hours",
        real=True,
        learning=True,
        high=DUAL_ESTIMATE,
    ),
    "shifting": EVWorlds(
        "synthetic Dutch years as in `embedded`, by quarter hours, whose drivers have habits that "
        "nobody states: who leaves early, and which owners come, depends on the hour, on the stay "
        "and on the season, in another way in every world. As many leave early as is stated",
        worlds=TEST_WORLDS,
        all_worlds=TEST_WORLDS,
        learning=True,
        shifting=True,
        high=HINDSIGHT,
    ),
    "hourly": EVWorlds(
        "one synthetic Dutch year by hours, for comparison with older figures: cars that leave "
        "when they said, demand by the rule of the reference paper, prices of 2018 and 2019",
        params=PLAIN,
        dt_h=1.0,
        plain=True,
        high=HINDSIGHT,
    ),
    "hourly_real": EVWorlds(
        "2019 by hours, for comparison with older figures: cars that leave when they said, demand "
        "by the rule of the reference paper",
        params=PLAIN,
        dt_h=1.0,
        real=True,
        plain=True,
        high=HINDSIGHT,
    ),
}
"""By suite."""
