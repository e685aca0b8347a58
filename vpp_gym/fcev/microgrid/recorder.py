"""The week so far of a run of the microgrid, kept for drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS, NOON, START
from vpp_gym.fcev.microgrid.ledger import COLUMN, MONEY, TERMS
from vpp_gym.fcev.microgrid.simulation import Microgrid
from vpp_gym.recorder import Recorder

if TYPE_CHECKING:
    from vpp_gym.plots.day_chart import DayChart
    from vpp_gym.plots.microgrid_week import MicrogridView

WEEK = 7 * HOURS


class MicrogridRecorder(Recorder):
    """Collects the first run of a microgrid hour by hour, and draws week after week.

    Weeks are counted from the start of the episode.

    Args:
        grid: of which the first run is watched.
        title: of the picture.
    """

    def __init__(self, grid: Microgrid, title: str) -> None:
        super().__init__()
        self._grid, self._title = grid, title
        self._next_plugged_in = 0.0
        self._begin_week(0)

    def restart(self) -> None:
        """Forget everything: an episode begins."""
        self._begin_week(int(self._grid.state.hour[0]))
        self._look()

    def add(self, record: Floats) -> None:
        """Add the hour just settled, with its (K,) record."""
        settled = int(self._grid.state.hour[0]) - 1
        if settled >= self._first + len(self._records):
            last_kg = self._kg[:, -1].copy()
            self._begin_week(settled)
            self._kg[:, 0] = last_kg
        self._now = settled - self._first + 1
        self._records[self._now - 1] = record
        self._plugged_in[self._now - 1] = self._next_plugged_in
        self._look()

    def view(self) -> MicrogridView:
        """The week as plain arrays."""
        from vpp_gym.plots.microgrid_week import MicrogridView

        grid, records = self._grid, self._records
        hours = len(records)
        hour = self._first + self._now
        known = HOURS * (hour // HOURS + (2 if hour % HOURS >= NOON else 1)) - self._first
        da = np.full(hours, np.nan)
        shown = grid.dataset.da[grid.state.scenario[0], self._first : self._first + hours]
        da[:known] = shown[:known]
        return MicrogridView(
            start=START + self._first // HOURS,
            da_eur_per_kwh=da,
            load_kwh=records[:, COLUMN.load_kwh],
            sun_kwh=records[:, COLUMN.load_kwh]
            - records[:, COLUMN.deficit_kwh]
            + records[:, COLUMN.surplus_kwh],
            wind_kwh=records[:, COLUMN.wind_kwh],
            v2g_kwh=records[:, COLUMN.v2g_kwh],
            import_kwh=records[:, COLUMN.import_kwh],
            electrolyser_kwh=records[:, COLUMN.electrolyser_kwh],
            export_kwh=records[:, COLUMN.export_kwh],
            cars_plugged_in=self._plugged_in,
            cars_needed=records[:, COLUMN.cars_needed],
            store_kg=self._kg[0],
            tanks_kg=self._kg[1],
            profit_eur=records[:, : len(MONEY)].sum(axis=1),
            capacity_kg=grid.rules.store_kg,
            now=self._now,
            title=self._title,
            notes=self._notes(),
        )

    def _begin_week(self, hour: int) -> None:
        hours = min(WEEK, HOURS * self._grid.n_days - hour)
        self._first, self._now = hour, 0
        self._records: Floats = np.full((hours, len(TERMS)), np.nan)
        self._plugged_in: Floats = np.full(hours, np.nan)
        self._kg: Floats = np.full((2, hours + 1), np.nan)

    def _look(self) -> None:
        """Note what is there when the next hour begins."""
        state = self._grid.state
        self._kg[:, self._now] = state.stock_kg[0], state.tank_kg[0].sum()
        self._next_plugged_in = float(state.plugged[0].sum())

    def _new_chart(self) -> DayChart[MicrogridView]:
        from vpp_gym.plots.microgrid_week import microgrid_chart

        return microgrid_chart()

    def _notes(self) -> tuple[str, ...]:
        total = np.nansum(self._records, axis=0)
        load_kwh = max(float(total[COLUMN.load_kwh]), 1e-9)
        covered = 1.0 - total[COLUMN.import_kwh] / load_kwh
        return (
            f"{100 * covered * (self._now > 0):.0f} % of the load not imported",
            f"{total[COLUMN.v2g_kwh]:,.0f} kWh V2G",
            f"{total[COLUMN.produced_kg]:.0f} kg hydrogen made, "
            f"{total[COLUMN.trailer_kg]:.0f} kg by trailer",
        )
