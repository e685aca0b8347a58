"""The day so far, kept for drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.markets.ledger import COLUMN, MONEY
from vpp_gym.recorder import Recorder
from vpp_gym.simulation.simulation import Simulation

if TYPE_CHECKING:
    from vpp_gym.plots.day_chart import DayChart
    from vpp_gym.plots.day_view import DayView
    from vpp_gym.plots.site_day import SiteDay

SITE_TERMS = (
    *("import_kwh", "export_kwh", "building_kwh", "pv_kwh", "curtailed_kwh"),
    *("storage_charge_kwh", "storage_discharge_kwh"),
)
"""Terms of a step that a picture of a site shows, beside those of the cars."""


class DayRecorder(Recorder):
    """Collects run 0 of a simulation, step by step, and draws its current day.

    The day shown is that of the last settled step, or the last one that was settled to
    its end.

    Args:
        simulation: of which run 0 is watched.
        title: of the picture.
        whole_days: show the last day that is over, as soon as there is one.
    """

    def __init__(
        self, simulation: Simulation, title: str = "VPPDayAhead-v0", whole_days: bool = False
    ) -> None:
        super().__init__()
        self._simulation, self._title = simulation, title
        self._whole_days = whole_days
        self._over: DayView | None = None

    def restart(self) -> None:
        """Forget everything: an episode begins."""
        self._over = None
        self._begin_day(int(self._simulation.state.run["position"][0]))
        self._before = self._lot()

    def add(self, record: Floats) -> None:
        """Add the step just settled, with its (K,) record."""
        settled = int(self._simulation.state.run["position"][0]) - 1
        if settled >= self._end:
            self._begin_day(settled)
        step = settled - self._first
        soc, contract, stored_kwh, target_kwh = self._before
        self._soc[:, step], self._contract[:, step] = soc, contract
        self._stored[step], self._target[step] = stored_kwh, target_kwh
        self._records[step] = record
        self._now = step + 1
        self._before = self._lot()
        self._stored[step + 1], self._target[step + 1] = self._before[2:]
        if self._simulation.has_site:
            self._battery[step + 1] = self._simulation.state.site["storage_kwh"][0]
        if self._whole_days and settled + 1 == self._end:
            self._over = self._view()

    def view(self) -> DayView:
        """The day as plain arrays."""
        return self._view() if self._over is None else self._over

    def _view(self) -> DayView:
        from vpp_gym.plots.day_view import DayView

        dataset, now = self._simulation.dataset, self._now
        day = slice(self._first, self._end)
        steps = dataset.steps[day]
        period = dataset.period[day]
        unseen = np.arange(self._end - self._first) >= now
        records = self._records
        sold, traded = records[:, COLUMN.da_sold_kwh].copy(), records[:, COLUMN.im_sold_kwh]
        sold[unseen] = self._simulation.state.da_sold_kwh[0, 0, dataset.slot[day][unseen]]
        clock = self._simulation.scenarios[0].clock
        offset = self._first - int(dataset.first_step[0])
        return DayView(
            start=clock[offset].astype("datetime64[D]"),
            dt_h=self._simulation.dt_h,
            da_eur_per_kwh=dataset.da_eur_per_kwh[day],
            im_short_eur_per_kwh=np.where(unseen, np.nan, steps["short_eur_per_kwh"]),
            im_long_eur_per_kwh=np.where(unseen, np.nan, steps["long_eur_per_kwh"]),
            da_sold_kwh=sold,
            net_load_kwh=-(records[:, COLUMN.da_sold_kwh] + traded),
            im_sold_kwh=traded,
            fleet_energy_kwh=self._stored,
            soc=self._soc,
            has_contract=self._contract,
            profit_eur=records[:, : len(MONEY)].sum(axis=1).cumsum(),
            now=now,
            title=self._title,
            notes=self._notes(),
            fleet_target_kwh=self._target,
            period=period,
            site=self._site(day, unseen),
        )

    def _site(self, day: slice, unseen: NDArray[np.bool_]) -> SiteDay | None:
        """Connection and what lies behind it; None where there are only chargers."""
        if not self._simulation.has_site:
            return None
        from vpp_gym.plots.site_day import SiteDay

        series, records = self._simulation.dataset.site[day], self._records
        names = (*SITE_TERMS, "charge_kwh", "discharge_kwh")
        return SiteDay(
            **{name: records[:, getattr(COLUMN, name)] for name in names},
            # Limits that are not announced are not shown.
            import_limit_kwh=np.where(unseen, np.nan, series["import_kwh"]),
            export_limit_kwh=np.where(unseen, np.nan, series["export_kwh"]),
            storage_kwh=self._battery,
            storage_max_kwh=self._simulation.params.storage.kwh,
        )

    def _new_chart(self) -> DayChart[DayView]:
        from vpp_gym.plots.day import day_chart

        return day_chart()

    def _begin_day(self, position: int) -> None:
        dataset = self._simulation.dataset
        same_day = (
            dataset.steps["today_end"][: position + 1] == dataset.steps["today_end"][position]
        )
        self._first = int(np.argmax(same_day))
        self._end = int(dataset.steps["today_end"][position])
        length, chargers = self._end - self._first, self._simulation.n_chargers
        self._soc = np.full((chargers, length), np.nan)
        self._contract = np.zeros((chargers, length), dtype=np.bool_)
        self._stored = np.full(length + 1, np.nan)
        self._target = np.full(length + 1, np.nan)
        self._battery = np.full(length + 1, np.nan)
        if self._simulation.has_site:
            self._battery[position - self._first] = self._simulation.state.site["storage_kwh"][0]
        self._records = np.full((length, len(self._simulation.state.pending[0])), np.nan)
        self._now = position - self._first

    def _lot(self) -> tuple[Floats, NDArray[np.bool_], float, float]:
        state = self._simulation.state
        occupied, stored_kwh = state.occupied[0], state.ev["energy_kwh"][0]
        max_soc = self._simulation.params.battery.max_soc
        capacity_kwh = np.where(occupied, state.ev["battery_max_kwh"][0] / max_soc, 1.0)
        soc = np.where(occupied, np.clip(stored_kwh / capacity_kwh, 0.0, 1.0), np.nan)
        running = occupied & (state.run["position"][0] < state.ev["contract_end"][0])
        target_kwh = np.maximum(stored_kwh, state.ev["target_kwh"][0])
        return soc, running, float(stored_kwh.sum()), float(target_kwh[occupied].sum())

    def _notes(self) -> tuple[str, ...]:
        seen = self._records[: self._now]
        served = np.nansum(seen[:, COLUMN.fully_served])
        departed = np.nansum(seen[:, COLUMN.departures])
        return (
            f"{int(self._simulation.state.occupied[0].sum())} EVs connected",
            f"{int(served)} of {int(departed)} departed fully served",
            f"{np.nansum(seen[:, COLUMN.discharge_kwh]):.0f} kWh V2G",
        )
