"""Years in which drivers have habits that nobody states, and that change over the year.

Who leaves early, which type of owner comes and who considers offers then depends on the hour of
arrival, on the declared stay and on the season, by waves that are drawn for each world. As many
leave early in a year as the parameters say, so that a policy which plans by them is right about the
year and wrong about the car before it. The shares of types and of those who are interested come out
a little different. Arrivals, prices and declared departures stay as they were.
"""

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
from vpp_gym.params import as_params
from vpp_gym.scenarios.scenario import Scenario, Sessions
from vpp_gym.scenarios.source import BuiltSource, ScenarioSource

NOTE = "habits"
"""Entry of `Scenario.notes` that holds the waves of a world."""
HOURS, YEAR_DAYS = 24.0, 365.0
LEAST_H = 0.25
LARGEST = 1.0 - 2.0**-53
"""Quantiles lie below 1."""
_BISECTIONS = 60


class Habits(Section):
    """How much habits differ. Assumed, not measured.

    Each is the standard deviation over the sessions of a year of what is added: to the log-odds of
    leaving early, or to the logarithm of the power to which the quantile of an owner's type, or of
    the interest in offers, is raised. 0: nothing depends on it.

    early_by_hour: leaving early, by a wave over the hour of arrival.
    early_by_stay: leaving early, by the logarithm of the declared stay; its sign is drawn.
    early_by_season: leaving early, by a wave over the year.
    types_by_hour: type of the owner, by a wave over the hour of arrival.
    types_by_season: type of the owner, by a wave over the year.
    interest_by_season: interest in offers, by a wave over the year; it matters where not all
        owners consider offers.
    """

    early_by_hour: float = Field(default=1.2, ge=0, le=10)
    early_by_stay: float = Field(default=1.0, ge=0, le=10)
    early_by_season: float = Field(default=1.2, ge=0, le=10)
    types_by_hour: float = Field(default=0.5, ge=0, le=10)
    types_by_season: float = Field(default=0.5, ge=0, le=10)
    interest_by_season: float = Field(default=0.5, ge=0, le=10)


class ShiftingSource(BuiltSource[Scenario]):
    """The scenarios of another source, whose drivers have habits of their own in each.

    Args:
        source: of prices and sessions.
        habits: how much they differ; a mapping changes the default.
        seed: of the whole family of habits.

    Raises:
        InvalidInputError: no source, an unknown field, or a value out of range.
    """

    def __init__(
        self,
        source: ScenarioSource,
        habits: Habits | Mapping[str, Any] | None = None,
        *,
        seed: int = 0,
    ) -> None:
        if not isinstance(source, ScenarioSource):
            raise InvalidInputError("source", source, "give a source, such as a SyntheticSource")
        self.source, self.habits, self.seed = source, Habits().changed(habits), seed
        super().__init__(
            name=f"shifting {source.name}", dt_h=source.dt_h, n_scenarios=source.n_scenarios
        )

    def _build(self, index: int) -> Scenario:
        scenario = self.source.scenario(index)
        key = (crc32(self.source.name.encode()), index)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
        phases = dict(zip(type(self.habits).model_fields, rng.random(6).tolist(), strict=True))
        notes = {**scenario.notes, NOTE: {"strength": self.habits.model_dump(), "phase": phases}}
        shifted = replace(scenario, name=f"shifting:{scenario.name}", notes=notes)
        return replace(shifted, sessions=_sessions(shifted))


def early_prob(scenario: Scenario) -> Floats:
    """(n,) probability that the driver of each session leaves early.

    Where the scenario has no habits that is what its parameters state; where it has, the mean over
    its sessions is. No policy that has to learn habits may ask for it.

    Args:
        scenario: of any source.
    """
    owner = as_params(None, scenario.params).owner
    habits = scenario.notes.get(NOTE)
    sessions = scenario.sessions
    if habits is None or not len(sessions) or not 0.0 < owner.early_departure_prob < 1.0:
        return np.full(len(sessions), owner.early_departure_prob)
    early = [name for name in Habits.model_fields if name.startswith("early")]
    added = np.sum([_waves(scenario, name) for name in early], axis=0)
    low, high = -50.0, 50.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = float(_logistic(middle + added).mean()) > owner.early_departure_prob
        low, high = (low, middle) if above else (middle, high)
    return _logistic(low + added)


def _sessions(scenario: Scenario) -> Sessions:
    """The sessions with the draws that lead to their habits."""
    sessions = scenario.sessions
    owner = as_params(None, scenario.params).owner
    mean, own = owner.early_departure_prob, early_prob(scenario)
    draw = sessions.departure_draw
    # Who leaves early at its own probability gets the draw that says so at the mean one.
    early, rest = draw < own, np.maximum(1.0 - own, 1.0 - LARGEST)
    share = np.divide(draw, own, out=np.zeros(len(draw)), where=own > 0)
    departure = np.where(early, mean * share, mean + (1.0 - mean) * (draw - own) / rest)
    types = _waves(scenario, "types_by_hour") + _waves(scenario, "types_by_season")
    interest = _waves(scenario, "interest_by_season")
    return replace(
        sessions,
        departure_draw=np.clip(departure, 0.0, LARGEST),
        owner_draw=np.minimum(sessions.owner_draw ** np.exp(types), LARGEST),
        interest_draw=np.minimum(sessions.interest_draw ** np.exp(interest), LARGEST),
    )


def _waves(scenario: Scenario, name: str) -> Floats:
    """(n,) what one habit adds for each session."""
    strength = float(scenario.notes[NOTE]["strength"][name])
    phase = float(scenario.notes[NOTE]["phase"][name])
    sessions, clock = scenario.sessions, scenario.clock
    arrival = clock[sessions.arrival_step]
    midnight = arrival.astype("datetime64[D]")
    if name.endswith("by_stay"):
        stay_h = (sessions.departure_step - sessions.arrival_step) * scenario.dt_h
        length = np.log(np.maximum(stay_h, LEAST_H))
        sign = 1.0 if phase < 0.5 else -1.0
        wave = sign * (length - length.mean()) / max(float(length.std()), 1e-9)
    elif name.endswith("by_hour"):
        hour = (arrival - midnight).astype("timedelta64[m]").astype(np.float64) / 60
        wave = np.sqrt(2) * np.cos(2 * np.pi * (hour / HOURS - phase))
    else:
        of_year = (midnight - midnight.astype("datetime64[Y]")).astype(np.float64)
        wave = np.sqrt(2) * np.cos(2 * np.pi * (of_year / YEAR_DAYS - phase))
    added: Floats = strength * wave
    return added


def _logistic(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(x, -50.0, 50.0)))
    return result
