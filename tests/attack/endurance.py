"""Many million steps in one process: no growth of memory, no drift of sums.

    make endurance        ten million steps of each world, about a quarter of an hour

Energy that went into batteries is compared with what is in them and what left with the cars, and
money with sums that lose nothing to rounding. What was measured is printed.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.attack.grid_books import random_grid_scenario
from vpp_gym.fcev.microgrid.ledger import COLUMN as GRID
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import Microgrid
from vpp_gym.fcev.microgrid.state import Decisions
from vpp_gym.markets.ledger import COLUMN as EV
from vpp_gym.markets.ledger import MONEY
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation

RUNS = 512
GROWTH_MB, BALANCE, DRIFT = 8.0, 1e-9, 1e-9
"""Most that memory may grow, and that energy and money may be off, in parts of what moved."""


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / 1024**2


@dataclass
class Sum:
    """A sum as it is added up, and the same without rounding."""

    plain: float = 0.0
    parts: list[float] = field(default_factory=list)
    moved: float = 0.0

    def add(self, values: np.ndarray) -> None:
        self.plain += float(values.sum())
        self.parts.append(math.fsum(values.ravel().tolist()))
        self.moved += float(np.abs(values).sum())
        if len(self.parts) > 1000:
            self.parts = [math.fsum(self.parts)]

    @property
    def off(self) -> float:
        """Rounding, in parts of what moved."""
        return abs(self.plain - math.fsum(self.parts)) / max(self.moved, 1.0)


@dataclass
class Measured:
    """What a run of one world came to."""

    world: str
    steps: int
    seconds: float
    begin_mb: float
    middle_mb: float
    end_mb: float
    balance: float
    drift: float

    def __str__(self) -> str:
        return (
            f"{self.world}: {self.steps:,} steps in {self.seconds:.0f} s; resident memory "
            f"{self.begin_mb:.1f} MB after a tenth, {self.middle_mb:.1f} at half, "
            f"{self.end_mb:.1f} at the end; energy off by {self.balance:.1e} and money by "
            f"{self.drift:.1e} of what moved"
        )

    def check(self) -> None:
        """Refuse growth and drift."""
        assert self.end_mb - self.begin_mb < GROWTH_MB, str(self)
        assert self.balance < BALANCE, str(self)
        assert self.drift < DRIFT, str(self)


def measured(world: str, rounds: Iterator[tuple[int, float, Sum]], steps: int) -> Measured:
    """Run a world for so many steps; each round is of some steps, the balance and the money."""
    done, marks, began = 0, [], time.perf_counter()
    balance, money = 0.0, Sum()
    for number, gap, booked in rounds:
        done, balance, money = done + number, max(balance, gap), booked
        if done * 10 >= steps * (1 + 4.5 * len(marks)) and len(marks) < 3:
            marks.append(resident_mb())
        if done >= steps:
            break
    marks += [resident_mb()] * (3 - len(marks))
    marks[2] = resident_mb()
    return Measured(world, done, time.perf_counter() - began, *marks, balance, money.off)


def electric_vehicles(runs: int = RUNS, days: int = 60) -> Iterator[tuple[int, float, Sum]]:
    """The reference world; runs go on from year to year, and some begin anew at odd times."""
    scenarios = [SyntheticSource("test", 2, days=days, dt_h=0.25).scenario(k) for k in range(2)]
    sim, rng = Simulation(scenarios, n_envs=runs), np.random.default_rng(0)
    site, money = sim.params.site, Sum()
    sim.reset(np.arange(runs) % 2)
    gained, left_with_cars, moved = Sum(), Sum(), 0.0
    while True:
        stored = sim.state.ev["energy_kwh"].copy()
        session = sim.state.ev["session"].copy()
        here = sim.state.occupied.copy()
        loads = np.where(rng.random(sim.lo_kwh.shape) < 0.5, sim.lo_kwh, sim.hi_kwh)
        record = sim.advance(loads)
        metered = np.where(loads > 0, loads * site.charge_eff, loads / site.discharge_eff)
        gained.add(np.where(here, metered, 0.0))
        charged = record[:, EV.charge_kwh] * site.charge_eff
        discharged = record[:, EV.discharge_kwh] / site.discharge_eff
        left_with_cars.add(charged - discharged)
        stayed = here & sim.state.occupied & (session == sim.state.ev["session"])
        change = sim.state.ev["energy_kwh"] - stored
        wrong = np.abs(np.where(stayed, change - metered, 0.0)).max()
        moved += float(np.abs(metered).sum())
        money.add(record[:, : len(MONEY)])
        gap = abs(math.fsum(gained.parts) - math.fsum(left_with_cars.parts)) / max(moved, 1.0)
        if (done := np.flatnonzero(sim.done)).size:
            sim.reset(rng.integers(0, 2, done.size), rng.integers(0, 96 * 7, done.size), runs=done)
        yield runs, max(gap, wrong), money


def microgrid(runs: int = 64) -> Iterator[tuple[int, float, Sum]]:
    """A microgrid whose hydrogen is counted: made and brought in, refilled and stored."""
    params = MicrogridParams(n_cars=12)
    rng, money = np.random.default_rng(0), Sum()
    scenario = random_grid_scenario(rng, params)
    grid = Microgrid([scenario], params, runs)
    hours, start = 24 * scenario.n_days, grid.state.stock_kg
    in_store, moved, begun_kg = Sum(), 0.0, np.zeros(runs)
    ended_kg = Sum()
    while True:
        for run in range(runs):
            grid.reset(run)
        begun_kg = start.copy()
        for _ in range(hours):
            given, taken = grid.limits_kwh()
            decisions = Decisions(
                given * (rng.random(runs) < 0.5),
                taken * (rng.random(runs) < 0.5),
                np.ones(runs),
                np.zeros(runs),
            )
            record = grid.advance_all(np.ones(runs, dtype=bool), decisions)
            kept = record[:, GRID.produced_kg] + record[:, GRID.trailer_kg]
            in_store.add(kept - record[:, GRID.refilled_kg])
            moved += float(kept.sum())
            money.add(record[:, :8])
            made = math.fsum(in_store.parts) - math.fsum(ended_kg.parts)
            gap = abs(made - float((grid.state.stock_kg - begun_kg).sum())) / max(moved, 1.0)
            yield runs, gap, money
        ended_kg.add(grid.state.stock_kg - begun_kg)


WORLDS = {"electric vehicles": electric_vehicles, "microgrid": microgrid}


def main() -> None:
    """Print what was measured, and refuse growth and drift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000_000)
    steps = parser.parse_args().steps
    for name, world in WORLDS.items():
        result = measured(name, world(), steps)
        sys.stdout.write(f"{result}\n")
        sys.stdout.flush()
        result.check()


if __name__ == "__main__":
    main()
