"""The last two days of a run of the car park, kept for drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.ledger import COLUMN, MONEY, TERMS
from vpp_gym.recorder import Recorder

if TYPE_CHECKING:
    from vpp_gym.fcev.car_park.env import CarParkCore
    from vpp_gym.plots.car_park_days import CarParkView
    from vpp_gym.plots.day_chart import DayChart

SHOWN = 2 * HOURS
"""Yesterday and today: every hour is seen settled in some picture between two gates."""


class CarParkRecorder(Recorder):
    """Collects the first run of a car park hour by hour, and draws yesterday and today.

    Args:
        core: of which the first run is watched.
        title: of the picture.
    """

    def __init__(self, core: CarParkCore, title: str) -> None:
        super().__init__()
        self._core, self._title = core, title

    def restart(self) -> None:
        """Forget everything: an episode begins."""
        state = self._core.simulation.state
        self._hour = int(state.hour[0])
        self._first_day = max(self._hour // HOURS - 1, 0)
        self._records = np.full((SHOWN, len(TERMS)), np.nan)
        self._offer_kwh, self._bid_kwh = np.full((2, SHOWN), np.nan)
        self._store_kg = np.full(SHOWN + 1, np.nan)
        self._store_kg[self._now] = state.stock_kg[0]

    def add(self, record: Floats) -> None:
        """Add the next hour, with its (K,) record."""
        if self._hour % HOURS == NOON:
            self._note_orders()
        now = self._now
        self._records[now] = record
        from_store_kg = record[COLUMN.refilled_kg] - record[COLUMN.trailer_kg]
        rises_kg = record[COLUMN.produced_kg] - from_store_kg
        self._store_kg[now + 1] = self._store_kg[now] + rises_kg
        self._hour += 1

    def view(self) -> CarParkView:
        """Yesterday and today as plain arrays."""
        from vpp_gym.plots.car_park_days import CarParkView

        park, now, records = self._core.simulation, self._now, self._records
        scenario, state = park.scenarios[int(park.state.scenario[0])], park.state
        end = now - now % HOURS + HOURS
        first = HOURS * self._first_day
        da = np.full(SHOWN, np.nan)
        da[:end] = scenario.da_eur_per_kwh[first : first + end]
        sold, bought = records[:, COLUMN.sold_kwh].copy(), records[:, COLUMN.bought_kwh].copy()
        side = (self._hour // HOURS) % 2
        sold[now:end] = state.v2g_kwh[0, side, now % HOURS :]
        bought[now:end] = state.power_kwh[0, side, now % HOURS :]
        return CarParkView(
            start=scenario.start + self._first_day,
            da_eur_per_kwh=da,
            offered_kwh=self._offer_kwh,
            sold_kwh=sold,
            delivered_kwh=records[:, COLUMN.v2g_kwh],
            bid_kwh=self._bid_kwh,
            bought_kwh=bought,
            used_kwh=records[:, COLUMN.bought_kwh] - records[:, COLUMN.unused_kwh],
            plugged_in=records[:, COLUMN.plugged_in],
            store_kg=self._store_kg,
            profit_eur=records[:, : len(MONEY)].sum(axis=1),
            min_price_eur_per_kwh=float(scenario.drivers.min_price_eur_per_kwh.mean()),
            break_even_eur_per_kwh=park.rules.hydrogen_eur_per_kg * park.rules.kg_per_kwh,
            capacity_kg=park.rules.store_kg,
            now=now,
            title=self._title,
            notes=self._notes(),
        )

    @property
    def _now(self) -> int:
        """Hours from the first one shown to the present."""
        return self._hour - HOURS * self._first_day

    def _note_orders(self) -> None:
        """Go on to show today and tomorrow, for which orders have been submitted."""
        today = self._hour // HOURS
        gone = HOURS * (today - self._first_day)
        for kept in (self._records, self._offer_kwh, self._bid_kwh, self._store_kg):
            rest = kept[gone:].copy()
            kept[: len(rest)], kept[len(rest) :] = rest, np.nan
        self._first_day = today
        orders = self._core.submitted
        self._offer_kwh[HOURS:] = orders.offer_kwh[0]
        self._bid_kwh[HOURS:] = orders.bid_kwh[0]

    def _new_chart(self) -> DayChart[CarParkView]:
        from vpp_gym.plots.car_park_days import car_park_chart

        return car_park_chart()

    def _notes(self) -> tuple[str, ...]:
        total = np.nansum(self._records, axis=0)
        delivered, sold = total[COLUMN.v2g_kwh], total[COLUMN.sold_kwh]
        return (
            f"{delivered:,.0f} of {sold:,.0f} kWh V2G delivered",
            f"{total[COLUMN.produced_kg]:.0f} kg hydrogen made, "
            f"{total[COLUMN.trailer_kg]:.0f} kg by trailer",
            f"{int(self._core.simulation.state.plugged[0].sum())} cars plugged in",
        )
