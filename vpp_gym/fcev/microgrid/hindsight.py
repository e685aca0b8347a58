"""A run of the microgrid as it will be: with contracts as signed, and a bound on any policy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.evaluation import bound_rows
from vpp_gym.fcev.microgrid.evaluation import WORLD
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.program import (
    INTERIOR,
    Cells,
    MicrogridInstance,
    plan_microgrid,
)
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario
from vpp_gym.fcev.microgrid.state import Dataset, Rules


class Run(NamedTuple):
    """A run through hours of one scenario, from full tanks.

    Attributes:
        dataset: the scenarios.
        rules: of the hour.
        scenario: number of the scenario in the dataset.
        begin: first hour.
        end: first hour after the run.
        stock_kg: in the store at the start.
    """

    dataset: Dataset
    rules: Rules
    scenario: int
    begin: int
    end: int
    stock_kg: float

    @property
    def n_hours(self) -> int:
        """Hours of the run."""
        return self.end - self.begin

    def of_cars(self, series: NDArray[Any]) -> NDArray[Any]:
        """(n, H) of (K, n, hours)."""
        return series[self.scenario, :, self.begin : self.end]


class Stays(NamedTuple):
    """The stays of a run of H hours.

    Attributes:
        number: (n, H) of the stay in an hour, -1 while the car is away.
        car: (S,).
        under_way: (S,) when the run begins.
        refill_hour: (S,) hour before whose end the car is back and refills; H: after the run.
        volume_kwh: (S,) maxVolume as signed.
        arrivals: (H,) cars that come at the end of an hour.
    """

    number: Ints
    car: Ints
    under_way: Bools
    refill_hour: Ints
    volume_kwh: Floats
    arrivals: Floats


def run_of(grid: Microgrid, begin: int, end: int) -> Run:
    """What the first run of a grid, placed at its beginning, will be."""
    state = grid.state
    return Run(
        grid.dataset, grid.rules, int(state.scenario[0]), begin, end, float(state.stock_kg[0])
    )


def signed_instance(run: Run) -> MicrogridInstance:
    """All hours of a run as they will be, contracts as signed, no rewards."""
    stays, rules = _stays(run), run.rules
    car, hour = np.nonzero(run.of_cars(run.dataset.open))
    cells = Cells(
        hour=hour,
        stay=stays.number[car, hour],
        most_kwh=np.full(len(hour), rules.v2g_kw),
        extra_eur_per_kwh=np.zeros(len(hour)),
    )
    budget_kwh = np.minimum(stays.volume_kwh, _fuel_kwh(rules))
    return _instance(run, stays.arrivals, cells, budget_kwh, stays.refill_hour)


def bound_instance(run: Run, *, together: bool = True) -> MicrogridInstance:
    """All hours of a run as they will be, with the best contracts: no policy does better.

    A relaxation of what volumes and rewards can do. Every stay commits what it gives and
    no more, each by itself, up to all its fuel. A car outside its interval is brought in
    for the least reward that it needs, by the hour's draw, which no other car is paid,
    and for the share of the hour that it gives.

    Args:
        run: to be bounded.
        together: cars that refill in the same hour share their energy. This relaxes the
            program a little further, and makes that of a year small.
    """
    stays, rules = _stays(run), run.rules
    alike = stays.refill_hour if together else np.arange(len(stays.car))
    _, first, group = np.unique(
        np.stack([alike, stays.under_way]), axis=1, return_index=True, return_inverse=True
    )
    parked, is_open = stays.number >= 0, run.of_cars(run.dataset.open)
    of_cell = np.where(parked, group[stays.number], -1)
    inside = _shared_cells(of_cell, is_open, rules)
    outside = _joining_cells(of_cell, parked & ~is_open, run.of_cars(run.dataset.joins), rules)
    hour, of, most, extra = (np.concatenate(pair) for pair in zip(inside, outside, strict=True))
    commitment = rules.commitment_eur_per_kwh * ~stays.under_way[first]
    budget_kwh = np.bincount(group, weights=_freest_kwh(stays, parked, rules)).astype(np.float64)
    cells = Cells(hour, of, most, extra + commitment[of])
    return _instance(run, stays.arrivals, cells, budget_kwh, stays.refill_hour[first])


def microgrid_bound(
    scenario: MicrogridScenario,
    params: MicrogridParams,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """What no policy exceeds in sum, as the days of a policy called hindsight.

    Every hour is known, stays commit what they give, and each car outside its interval is
    paid its own least reward: an upper end for scores, not a plan that could be carried out.

    Args:
        scenario: what happens.
        params: rules.
        start_step: first hour.
        end_step: first hour after the run; None: the end of the scenario.
    """
    start, end = WORLD.span(scenario, start_step, end_step)
    simulation = Microgrid([scenario], params)
    simulation.reset(hour=start)
    eur = hourly_microgrid_bound_eur(run_of(simulation, start, end))
    return bound_rows(eur, start // HOURS, scenario)


def hourly_microgrid_bound_eur(run: Run) -> Floats:
    """(H,) money of the relaxed plan, whose sum over the run no policy exceeds.

    Hydrogen is booked at its price when it is made.
    """
    plan = plan_microgrid(bound_instance(run), run.rules, INTERIOR)
    at_disposal = run.of_cars(run.dataset.open).sum(axis=0)
    bound_eur: Floats = plan.profit_eur - run.rules.capacity_eur_per_h * at_disposal
    return bound_eur


def _freest_kwh(stays: Stays, parked: Bools, rules: Rules) -> Floats:
    """(S,) what each stay can give whatever it commits; one under way has committed."""
    hours = np.bincount(stays.number[parked], minlength=len(stays.car))
    fuel_kwh = np.minimum(_fuel_kwh(rules), rules.v2g_kw * hours)
    kwh: Floats = np.where(stays.under_way, np.minimum(stays.volume_kwh, fuel_kwh), fuel_kwh)
    return kwh


def _shared_cells(group: Ints, is_open: Bools, rules: Rules) -> Cells:
    """Hours of a group within the intervals of some of its cars."""
    car, hour = np.nonzero(is_open)
    pairs, cars = np.unique(np.stack([group[car, hour], hour]), axis=1, return_counts=True)
    most_kwh: Floats = rules.v2g_kw * cars.astype(np.float64)
    return Cells(pairs[1], pairs[0], most_kwh, np.zeros(len(cars)))


def _joining_cells(group: Ints, outside: Bools, joins: Floats, rules: Rules) -> Cells:
    """Hours of cars outside their interval; none in the first, which no decision precedes."""
    later = np.arange(outside.shape[1]) > 0
    car, hour = np.nonzero(outside & later & (joins < 1.0))
    reward_eur_per_h = -rules.reward_scale_eur_per_h * np.log1p(-joins[car, hour])
    paid_eur_per_kwh = (reward_eur_per_h + rules.capacity_eur_per_h) / rules.v2g_kw
    return Cells(hour, group[car, hour], np.full(len(hour), rules.v2g_kw), paid_eur_per_kwh)


def _instance(
    run: Run, arrivals: Floats, cells: Cells, budget_kwh: Floats, refill_hour: Ints
) -> MicrogridInstance:
    dataset, serves_houses = run.dataset, run.rules.wind_serves_houses
    deficit, surplus, wind, import_price, export_price = (
        series[run.scenario, run.begin : run.end]
        for series in (
            dataset.deficit,
            dataset.surplus,
            dataset.wind,
            dataset.import_price,
            dataset.export_price,
        )
    )
    return MicrogridInstance(
        deficit_kwh=deficit,
        made_kwh=surplus + wind * serves_houses,
        wind_kwh=wind * (not serves_houses),
        import_eur_per_kwh=import_price,
        export_eur_per_kwh=export_price,
        cells=cells,
        budget_kwh=budget_kwh,
        refill_hour=refill_hour,
        fixed_refill_kg=run.rules.trip_kg * arrivals,
        stock_kg=run.stock_kg,
    )


def _fuel_kwh(rules: Rules) -> float:
    return (rules.tank_kg - rules.guaranteed_kg) * rules.kwh_per_kg


def _stays(run: Run) -> Stays:
    """The stays of a run; a car that comes at its end refills within its last hour."""
    dataset, k, hours = run.dataset, run.scenario, run.n_hours
    parked = dataset.parked[k, :, run.begin : run.end + 1]
    comes = parked.copy()
    comes[:, 1:] &= ~parked[:, :-1]
    number = np.cumsum(comes.ravel()).reshape(comes.shape) - 1
    car, hour = np.nonzero(comes)
    kind = dataset.kind[_first_days(run, car, hour) + 1]
    return Stays(
        number=np.where(parked, number, -1)[:, :hours],
        car=car,
        under_way=hour == 0,
        refill_hour=_refill_hours(car, hour, hours),
        volume_kwh=dataset.volume[k, car, kind],
        arrivals=np.bincount(hour[hour > 0] - 1, minlength=hours).astype(np.float64),
    )


def _first_days(run: Run, car: Ints, hour: Ints) -> Ints:
    """(S,) day on which each stay began; that under way at the start may be yesterday's."""
    day = (run.begin + hour) // HOURS
    midnight = HOURS * (run.begin // HOURS)
    whole = run.dataset.parked[run.scenario][:, midnight : run.begin + 1].all(axis=1)
    return np.where((hour == 0) & whole[car], day - 1, day)


def _refill_hours(car: Ints, hour: Ints, hours: int) -> Ints:
    """(S,) Cars refill when they come, which the simulation books to the hour before."""
    same_car = np.append(car[1:] == car[:-1], False)
    return np.where(same_car, np.append(hour[1:], hours + 1) - 1, hours)
