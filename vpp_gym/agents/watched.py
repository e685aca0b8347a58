"""A day of an agent, hour by hour, and as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.worlds import World, world_named
from vpp_gym.fcev.calendar import START

BEFORE_DAYS = 2
"""Days that run before the one that is watched, so that cars are there."""
SHOWN: Mapping[str, Mapping[str, str]] = {
    "ev": {
        "charge_kwh": "Charged kWh",
        "discharge_kwh": "Discharged kWh",
        "da_sold_kwh": "Sold day-ahead kWh",
        "arrivals": "Arrivals",
    },
    "car_park": {
        "v2g_kwh": "V2G kWh",
        "short_kwh": "Short kWh",
        "bought_kwh": "Bought kWh",
        "produced_kg": "Hydrogen kg",
    },
    "microgrid": {
        "import_kwh": "Import kWh",
        "export_kwh": "Export kWh",
        "v2g_kwh": "V2G kWh",
        "electrolyser_kwh": "Electrolyser kWh",
    },
}
"""Terms of each world that an hour shows, and their headings."""


@dataclass
class WatchedDay:
    """What happened on a day.

    Attributes:
        policy: of the agent.
        scenario: name of it.
        date: of the day.
        hours: one row for each hour: hour, the terms of `SHOWN`, and profit_eur.
        frames: (height, width, 3) pictures, one after the other.
    """

    policy: str
    scenario: str
    date: str
    hours: list[dict[str, float]]
    frames: list[NDArray[np.uint8]] = field(default_factory=list)


def watch(
    agent: EnvironmentAgent,
    params: Any,
    scenario: Any,
    day: int,
    *,
    draws: bool = False,
    every: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> WatchedDay:
    """Run an agent to the end of a day of a scenario, and keep that day.

    Args:
        agent: of any environment.
        params: rules of the run.
        scenario: what happens.
        day: number of the day, from 0 on; two days before it run unseen.
        draws: keep pictures.
        every: steps from one picture to the next.
        progress: called with the steps done and all steps.

    Raises:
        InvalidInputError: a day that the scenario does not have.
    """
    world: World[Any, Any] = world_named(agent.world)
    rules = world.rules(agent, params)
    days = _day_of_step(world, scenario)
    if not 0 < day <= int(days[-1]):
        raise InvalidInputError("day", day, f"{scenario.name} has 1 to {int(days[-1])}")
    start = int(np.searchsorted(days, max(day - BEFORE_DAYS, 0)))
    end = int(np.searchsorted(days, day, side="right"))
    run = agent.runner(scenario, rules, start, end)
    core = run._core  # type: ignore[attr-defined]  # every runner of an agent has one
    camera = _Camera(core, run, draws, every, int(np.searchsorted(run.day, day)))
    records = _run(agent, run, camera, progress)
    watched = np.flatnonzero(run.day == day)
    return WatchedDay(
        policy=agent.name,
        scenario=scenario.name,
        date=_date(scenario, day),
        hours=_hours(world, agent.world, records[watched], len(watched)),
        frames=camera.frames,
    )


class _Camera:
    """Takes pictures of the first run of a core as its steps are settled.

    Args:
        core: of the agent's environment.
        run: of the agent.
        draws: whether any are taken.
        every: steps from one to the next.
        first: step of the run from which on pictures are taken.
    """

    def __init__(self, core: Any, run: Any, draws: bool, every: int, first: int) -> None:
        self.frames: list[NDArray[np.uint8]] = []
        self._every, self._first, self._settled = every, first, 0
        self._recorder: Any = None
        if not draws:
            return
        books: Callable[[Floats], None] | None = core.on_step
        self._recorder = core.recorder()
        self._recorder.restart()
        self._told = books is not None
        if books is not None:

            def both(record: Floats) -> None:
                books(record)
                self.see(record)

            core.on_step = both

    def after(self, booked: Floats) -> None:
        """See what a decision booked, where the core does not tell step by step."""
        if self._recorder is not None and not self._told:
            for record in booked:
                self.see(record)

    def see(self, record: Floats) -> None:
        """Add a step that was settled, and take a picture if it is time."""
        self._recorder.add(record)
        step, self._settled = self._settled, self._settled + 1
        if step >= self._first and (step + 1 - self._first) % self._every == 0:
            self.frames.append(self._recorder.image().copy())


def _run(
    agent: EnvironmentAgent, run: Any, camera: _Camera, progress: Callable[[int, int], None]
) -> Floats:
    """(n, K) terms of every step."""
    records: list[Floats] = []
    done, n_steps, state = 0, len(run.day), None
    while done < n_steps:
        decision, state = agent.predict(run.observe(), state, np.array([done == 0]), True)
        booked = run.act(decision)
        camera.after(booked)
        records.append(np.array(booked))
        done += len(booked)
        progress(done, n_steps)
    return np.concatenate(records)


def _day_of_step(world: World[Any, Any], scenario: Any) -> NDArray[np.int64]:
    """(n,) day of each step of a scenario."""
    if hasattr(scenario, "day"):
        return np.asarray(scenario.day)
    return np.arange(world.n_steps(scenario)) // 24


def _date(scenario: Any, day: int) -> str:
    start: Any = getattr(scenario, "start", START)
    return str(start.astype("datetime64[D]") + np.timedelta64(day, "D"))


def _hours(
    world: World[Any, Any], name: str, records: Floats, n_steps: int
) -> list[dict[str, float]]:
    """Sums over the hours of a day; days with a clock change have one more, or one less."""
    per_hour = max(round(n_steps / 24), 1)
    terms = list(world.ledger.names)
    columns = [terms.index(term) for term in SHOWN[name]]
    rows = []
    for hour in range(n_steps // per_hour):
        part = records[hour * per_hour : (hour + 1) * per_hour]
        sums = dict(zip(SHOWN[name], part[:, columns].sum(axis=0).tolist(), strict=True))
        profit_eur = float(part[:, : len(world.ledger.money)].sum())
        rows.append({"hour": float(hour), **sums, "profit_eur": profit_eur})
    return rows
