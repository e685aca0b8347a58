"""The car park as a batch of runs: scenarios in, sheets in, records out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.calendar import HOURS, START, day_types, winter
from vpp_gym.hydrogen.carpark import (
    TERMS,
    Bank,
    advance,
    clear_sheet,
    empty_state,
    place,
    rules_of,
)
from vpp_gym.hydrogen.carpark_views import CarParkSheet, CarParkSnapshot
from vpp_gym.hydrogen.params import CarParkParams
from vpp_gym.hydrogen.parking import Drivers

Floats = NDArray[np.float64]


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
        scenarios: worlds of the same size.
        params: rules of all.
        n_runs: size of the batch.
    """

    def __init__(
        self, scenarios: Sequence[CarParkScenario], params: CarParkParams, n_runs: int = 1
    ) -> None:
        self.scenarios, self.params, self.n_runs = tuple(scenarios), params, n_runs
        self.bank, self.rules = _bank(self.scenarios), rules_of(params)
        self.state = empty_state(n_runs, params.n_cars)
        first = self.scenarios[0]
        self.n_days = first.n_days
        self._kind = day_types(self.n_days, first.start)
        self._winter = winter(self.n_days, first.start)

    def reset(self, run: int = 0, world: int = 0, hour: int = 0) -> None:
        """Begin a run in some world at some hour."""
        electrolyser = self.params.electrolyser
        stock_kg = electrolyser.initial_share * electrolyser.store_kg
        place(self.state, self.bank, run, world, hour, stock_kg)

    def snapshot(self, run: int = 0) -> CarParkSnapshot:
        """What the aggregator of a run knows now about tomorrow."""
        state, world = self.state, int(self.state.world[run])
        scenario = self.scenarios[world]
        day = int(state.hour[run]) // HOURS
        tomorrow = min(day + 1, self.n_days - 1)
        ahead = slice(HOURS * tomorrow, HOURS * (tomorrow + 1))
        above_kg = np.maximum(state.plug_in_kg[run] - self.rules.reserve_kg, 0.0)
        return CarParkSnapshot(
            day=day,
            weekend=bool(self._kind[tomorrow]),
            winter=float(self._winter[tomorrow]),
            forecast_eur_per_kwh=scenario.forecast_eur_per_kwh[ahead],
            today_eur_per_kwh=scenario.da_eur_per_kwh[HOURS * day : HOURS * (day + 1)],
            presence=scenario.drivers.usual[:, self._kind[tomorrow]],
            energy_kwh=above_kg * self.rules.kwh_per_kg,
            min_price_eur_per_kwh=scenario.drivers.min_price_eur_per_kwh,
            margin=state.margin[run].copy(),
            stock_kg=float(state.stock_kg[run]),
            sold_kwh=self._booked_kwh(self.state.v2g_kwh, run),
            committed_kg=self._booked_kwh(self.state.power_kwh, run) * self.params.kg_per_kwh,
            params=self.params,
        )

    def _booked_kwh(self, sheets: Floats, run: int) -> float:
        """What the market has booked for the rest of today."""
        day, hour = divmod(int(self.state.hour[run]), HOURS)
        return float(sheets[run, day % 2, hour:].sum())

    def submit(self, sheet: CarParkSheet, run: int = 0) -> None:
        """Clear tomorrow's sheet.

        Raises:
            InvalidInputError: a sheet that the cars or the electrolyser cannot serve.
        """
        lines = sheet.lines(self.snapshot(run))
        clear_sheet(int(self.state.world[run]), run, self.bank, self.state, lines)

    def advance(self, hours: int, moves: NDArray[np.bool_] | None = None) -> Floats:
        """(B, hours, len(TERMS)) records of the next hours; zero for runs that do not move."""
        records = np.zeros((self.n_runs, hours, len(TERMS)))
        moving = np.ones(self.n_runs, np.bool_) if moves is None else moves
        advance(hours, moving, self.bank, self.rules, self.state, records)
        return records


def _bank(scenarios: Sequence[CarParkScenario]) -> Bank:
    drivers = [scenario.drivers for scenario in scenarios]
    return Bank(
        da=np.stack([scenario.da_eur_per_kwh for scenario in scenarios]),
        parked=np.stack([one.parked for one in drivers]),
        trip_kg=np.stack([one.trip_kg for one in drivers]),
        usual_kg=np.stack([one.usual_kg for one in drivers]),
        min_price=np.stack([one.min_price_eur_per_kwh for one in drivers]),
    )
