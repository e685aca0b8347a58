"""The observation of `FCEVCarPark-v0`, for a batch of runs at gate closure."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Observations
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.forecast import Expectation
from vpp_gym.fcev.car_park.simulation import CarPark
from vpp_gym.observation import Field, ObservationLayout

MORNING = 8
"""Hour at which most of those who park at home have left."""

FIELDS = (
    Field("forecast", HOURS, "EUR/kWh", 0.1, -20, 20, "expected price of tomorrow's hours"),
    Field("cars", HOURS, "1", 1.0, 0, 1, "cars expected in those hours, share of all"),
    Field("weekend", 1, "1", 1.0, 0, 1, "tomorrow is a Saturday or Sunday"),
    Field("winter", 1, "1", 1.0, -1, 1, "1 at midwinter, -1 at midsummer"),
    Field("today", 2, "EUR/kWh", 0.1, -20, 20, "mean and highest price of today"),
    Field("min_price", 4, "EUR/kWh", 0.1, 0, 20, "mean of minPrice, and its quartiles"),
    Field("margin", 1, "1", 1.0, 0, 1, "mean margin of the drivers"),
    Field("energy", 1, "1", 1.0, 0, 1, "V2G above the reserves at the last plug-in, share of all"),
    Field("sold", 1, "1", 1.0, 0, 1, "V2G sold for the rest of today, share of all"),
    Field("stock", 2, "1", 1.0, 0, 1.5, "hydrogen in the store, and on order for today; shares"),
    Field("due", 2, "1", 1.0, 0, 10, "hydrogen expected to be refilled until 8:00 and until the "
          "end of tomorrow; shares of the store"),
    Field("break_even", 1, "EUR/kWh", 0.1, 0, 20, "price below which making hydrogen pays"),
)  # fmt: skip
"""The observation, at gate closure."""


class Observer:
    """Makes observations of the runs of a car park."""

    def __init__(self, park: CarPark) -> None:
        self.layout = ObservationLayout(FIELDS)
        self._park = park
        dataset, rules = park.dataset, park.rules
        self._cars = dataset.cars / park.params.n_cars
        quartiles = np.quantile(dataset.min_price, (0.25, 0.5, 0.75), axis=1)
        self._prices = np.column_stack([dataset.min_price.mean(axis=1), quartiles.T])
        self._full_kwh = park.params.n_cars * rules.cell.tank_kg * rules.cell.kwh_per_kg
        self._break_even = park.params.fuel_cell.hydrogen_eur_per_kg * rules.kg_per_kwh

    def flat(self, known: Expectation) -> Observations:
        """(B, size) flat observations.

        Args:
            known: to all runs.
        """
        state, dataset, rules = self._park.state, self._park.dataset, self._park.rules
        scenario, day = state.scenario, np.minimum(state.hour // HOURS, self._park.n_days - 1)
        tomorrow = np.minimum(day + 1, self._park.n_days - 1)
        kind = dataset.kind[tomorrow]
        today = dataset.da.reshape(len(dataset.da), -1, HOURS)[scenario, day]
        parts = {
            "forecast": known.forecast,
            "cars": self._cars[scenario, kind],
            "weekend": kind,
            "winter": dataset.winter[tomorrow],
            "today": np.column_stack([today.mean(axis=1), today.max(axis=1)]),
            "min_price": self._prices[scenario],
            "margin": state.margin.mean(axis=1),
            "energy": known.energy_kwh.sum(axis=1) / self._full_kwh,
            "sold": known.sold_kwh / self._full_kwh,
            "stock": np.column_stack([state.stock_kg, known.committed_kg]) / rules.store_kg,
            "due": known.due_kg[:, [MORNING, HOURS - 1]] / rules.store_kg,
            "break_even": np.full(len(scenario), self._break_even),
        }
        return self.layout.scaled(self.layout.rows(parts, len(scenario)))
