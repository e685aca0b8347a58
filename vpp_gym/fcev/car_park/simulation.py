"""The car park as a batch of runs: scenarios in, orders in, records out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats, Ints, close_arrays, closed_copy
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.calendar import HOURS, START
from vpp_gym.fcev.car_park.dataset import Dataset, dataset_of
from vpp_gym.fcev.car_park.forecast import Expectation, empty_expectation, fill_expectation
from vpp_gym.fcev.car_park.ledger import TERMS
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.parking import Drivers
from vpp_gym.fcev.car_park.snapshot import CarParkOrders, CarParkSnapshot
from vpp_gym.fcev.car_park.state import OrderArrays, empty_state, place, rules_of
from vpp_gym.fcev.car_park.transition import advance, clear
from vpp_gym.fcev.source import GivenYears, YearSource, check_alike
from vpp_gym.scenarios.source import OfSource


@dataclass(frozen=True)
class CarParkScenario:
    """One year of a car park.

    Attributes:
        name: label in results.
        da_eur_per_kwh: (hours,) day-ahead prices, whole days.
        forecast_eur_per_kwh: (hours,) the same as expected at 12:00 on the day before.
        drivers: who parks when.
        start: first day.
    """

    name: str
    da_eur_per_kwh: Floats
    forecast_eur_per_kwh: Floats
    drivers: Drivers
    start: np.datetime64 = START

    def __post_init__(self) -> None:
        hours = len(self.da_eur_per_kwh)
        if hours == 0 or hours % HOURS:
            raise InvalidInputError("da_eur_per_kwh", hours, "give whole days of 24 hours")
        for field in ("da_eur_per_kwh", "forecast_eur_per_kwh"):
            values = getattr(self, field)
            if values.shape != (hours,) or not np.isfinite(values).all():
                raise InvalidInputError(field, values, f"give {hours} finite prices")
        if self.drivers.parked.shape[1] != hours:
            raise InvalidInputError("drivers.parked", self.drivers.parked.shape, f"{hours} hours")
        close_arrays(self)

    @property
    def n_days(self) -> int:
        """Days of the scenario."""
        return len(self.da_eur_per_kwh) // HOURS


class CarPark(OfSource):
    """A batch of car parks.

    Args:
        scenarios: of the same size, that begin on the same day; or a source of them.
        params: rules of all.
        n_runs: size of the batch.

    Raises:
        InvalidInputError: scenarios that differ, or have other cars than the parameters say.
    """

    scenarios: tuple[CarParkScenario, ...]
    dataset: Dataset

    def __init__(
        self,
        scenarios: Sequence[CarParkScenario] | YearSource[CarParkScenario],
        params: CarParkParams,
        n_runs: int = 1,
    ) -> None:
        self.source = scenarios if isinstance(scenarios, YearSource) else GivenYears(scenarios)
        self.params, self.n_runs, self.rules = params, n_runs, rules_of(params)
        self._read()
        self.state = empty_state(n_runs, params.n_cars)
        self.n_days = self.scenarios[0].n_days
        self._all = np.arange(n_runs)

    def _read(self) -> None:
        self.scenarios = tuple(self.source.scenario(k) for k in range(self.source.n_scenarios))
        check_alike(self.scenarios, self.params.n_cars, lambda one: len(one.drivers.parked))
        first = self.scenarios[0].start
        for one in self.scenarios:
            if one.start != first:
                remedy = f"give scenarios that begin on {first}, as the first does"
                raise InvalidInputError("scenario", f"{one.name}, from {one.start}", remedy)
        self.dataset = _dataset(self.scenarios)

    def reset(self, run: int = 0, scenario: int = 0, hour: int = 0) -> None:
        """Begin a run in a scenario, `scenario` by number, at an hour of it."""
        electrolyser = self.params.electrolyser
        stock_kg = electrolyser.initial_share * electrolyser.store_kg
        place(self.state, self.dataset, run, scenario, hour, stock_kg)

    def expectation(self, runs: Ints | None = None) -> Expectation:
        """What the aggregators of some runs, by default all, know about tomorrow."""
        chosen = self._all if runs is None else runs
        expectation = empty_expectation(len(chosen), self.params.n_cars)
        fill_expectation(chosen, self.dataset, self.rules, self.state, expectation)
        return expectation

    def snapshot(self, run: int = 0) -> CarParkSnapshot:
        """What the aggregator of a run knows now about tomorrow."""
        state, dataset, known = self.state, self.dataset, self.expectation(np.array([run]))
        scenario, day = int(state.scenario[run]), int(state.hour[run]) // HOURS
        tomorrow = min(day + 1, self.n_days - 1)
        in_order = np.argsort(dataset.order[scenario])
        return CarParkSnapshot(
            day=day,
            weekend=bool(dataset.kind[tomorrow]),
            winter=float(dataset.winter[tomorrow]),
            forecast_eur_per_kwh=closed_copy(known.forecast[0]),
            today_eur_per_kwh=closed_copy(dataset.da[scenario, HOURS * day : HOURS * (day + 1)]),
            presence=closed_copy(dataset.presence[scenario, dataset.kind[tomorrow]][:, in_order].T),
            energy_kwh=closed_copy(known.energy_kwh[0, in_order]),
            min_price_eur_per_kwh=closed_copy(dataset.min_price[scenario]),
            margin=closed_copy(state.margin[run]),
            max_offer_lots=closed_copy(known.most_lots[0]),
            stock_kg=float(state.stock_kg[run]),
            sold_kwh=float(known.sold_kwh[0]),
            committed_kg=float(known.committed_kg[0]),
            due_kg=closed_copy(known.due_kg[0]),
            params=self.params,
        )

    def submit(self, orders: CarParkOrders, run: int = 0) -> None:
        """Clear tomorrow's orders.

        Raises:
            InvalidInputError: orders that the cars or the electrolyser cannot serve.
        """
        clear(np.array([run]), orders.arrays(self.snapshot(run)), self.dataset, self.state)

    def submit_all(self, orders: OrderArrays, runs: Ints) -> None:
        """Clear the orders of some runs, which must not exceed what is expected."""
        clear(runs, orders, self.dataset, self.state)

    def advance(self, hours: int, runs: Ints | None = None) -> Floats:
        """(R, hours, len(TERMS)) records of the next hours of some runs, by default all."""
        chosen = self._all if runs is None else runs
        records = np.zeros((len(chosen), hours, len(TERMS)))
        advance(chosen, self.dataset, self.rules, self.state, records)
        return records


def _dataset(scenarios: Sequence[CarParkScenario]) -> Dataset:
    return dataset_of(
        [one.da_eur_per_kwh for one in scenarios],
        [one.forecast_eur_per_kwh for one in scenarios],
        [one.drivers for one in scenarios],
        scenarios[0].start,
    )
