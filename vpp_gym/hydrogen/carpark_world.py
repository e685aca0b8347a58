"""The car park as a batch of runs: scenarios in, sheets in, records out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.calendar import HOURS, START
from vpp_gym.hydrogen.carpark import advance, clear
from vpp_gym.hydrogen.carpark_bank import Bank, bank_of
from vpp_gym.hydrogen.carpark_outlook import Outlook, empty_outlook, look
from vpp_gym.hydrogen.carpark_state import SheetLines, empty_state, place, rules_of
from vpp_gym.hydrogen.carpark_terms import TERMS
from vpp_gym.hydrogen.carpark_views import CarParkSheet, CarParkSnapshot
from vpp_gym.hydrogen.params import CarParkParams
from vpp_gym.hydrogen.parking import Drivers

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


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

    @property
    def n_days(self) -> int:
        """Days of the scenario."""
        return len(self.da_eur_per_kwh) // HOURS


class CarPark:
    """A batch of car parks.

    Args:
        scenarios: worlds of the same size that begin on the same day.
        params: rules of all.
        n_runs: size of the batch.
    """

    def __init__(
        self, scenarios: Sequence[CarParkScenario], params: CarParkParams, n_runs: int = 1
    ) -> None:
        self.scenarios, self.params, self.n_runs = tuple(scenarios), params, n_runs
        self.bank, self.rules = _bank(self.scenarios), rules_of(params)
        self.state = empty_state(n_runs, params.n_cars)
        self.n_days = self.scenarios[0].n_days
        self._all = np.arange(n_runs)

    def reset(self, run: int = 0, world: int = 0, hour: int = 0) -> None:
        """Begin a run in some world at some hour."""
        electrolyser = self.params.electrolyser
        stock_kg = electrolyser.initial_share * electrolyser.store_kg
        place(self.state, self.bank, run, world, hour, stock_kg)

    def outlook(self, runs: Counts | None = None) -> Outlook:
        """What the aggregators of some runs, by default all, know about tomorrow."""
        chosen = self._all if runs is None else runs
        outlook = empty_outlook(len(chosen), self.params.n_cars)
        look(chosen, self.bank, self.rules, self.state, outlook)
        return outlook

    def snapshot(self, run: int = 0) -> CarParkSnapshot:
        """What the aggregator of a run knows now about tomorrow."""
        state, bank, known = self.state, self.bank, self.outlook(np.array([run]))
        world, day = int(state.world[run]), int(state.hour[run]) // HOURS
        tomorrow = min(day + 1, self.n_days - 1)
        in_order = np.argsort(bank.order[world])
        return CarParkSnapshot(
            day=day,
            weekend=bool(bank.kind[tomorrow]),
            winter=float(bank.winter[tomorrow]),
            forecast_eur_per_kwh=known.forecast[0],
            today_eur_per_kwh=bank.da[world, HOURS * day : HOURS * (day + 1)].copy(),
            presence=bank.presence[world, bank.kind[tomorrow]][:, in_order].T,
            energy_kwh=known.energy_kwh[0, in_order],
            min_price_eur_per_kwh=bank.min_price[world],
            margin=state.margin[run].copy(),
            max_offer_lots=known.most_lots[0],
            stock_kg=float(state.stock_kg[run]),
            sold_kwh=float(known.sold_kwh[0]),
            committed_kg=float(known.committed_kg[0]),
            due_kg=known.due_kg[0],
            params=self.params,
        )

    def submit(self, sheet: CarParkSheet, run: int = 0) -> None:
        """Clear tomorrow's sheet.

        Raises:
            InvalidInputError: a sheet that the cars or the electrolyser cannot serve.
        """
        clear(np.array([run]), sheet.lines(self.snapshot(run)), self.bank, self.state)

    def submit_all(self, sheets: SheetLines, runs: Counts) -> None:
        """Clear the sheets of some runs, which must not exceed what is expected."""
        clear(runs, sheets, self.bank, self.state)

    def advance(self, hours: int, runs: Counts | None = None) -> Floats:
        """(R, hours, len(TERMS)) records of the next hours of some runs, by default all."""
        chosen = self._all if runs is None else runs
        records = np.zeros((len(chosen), hours, len(TERMS)))
        advance(chosen, self.bank, self.rules, self.state, records)
        return records


def _bank(scenarios: Sequence[CarParkScenario]) -> Bank:
    return bank_of(
        [one.da_eur_per_kwh for one in scenarios],
        [one.forecast_eur_per_kwh for one in scenarios],
        [one.drivers for one in scenarios],
        scenarios[0].start,
    )
