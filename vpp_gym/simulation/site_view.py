"""What a snapshot tells of the connection and what lies behind it."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Records, read_only
from vpp_gym.kernels import njit
from vpp_gym.params import VPPParams
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.group_view import groups_view
from vpp_gym.simulation.state import Rules, State
from vpp_gym.views import SiteView

SERIES = (
    "import_kwh",
    "export_kwh",
    "pv_kwh",
    "building_kwh",
    "import_fee_eur_per_kwh",
    "export_fee_eur_per_kwh",
)
"""In the order in which `_copy_series` writes them."""


def site_view(
    dataset: Dataset, rules: Rules, state: State, run: int, params: VPPParams
) -> SiteView:
    """What the operator of a run knows of its site now.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: the batch.
        run: row of the batch.
        params: with the names of groups.
    """
    clock, site = state.run[run], state.site[run]
    t, last = int(clock["position"]), int(clock["last"])
    here = dataset.site[min(t, last)]
    end = int(dataset.steps["tomorrow_end"][min(t, last)]) if t < clock["end"] else t
    series = np.empty((len(SERIES), end - t))
    _copy_series(dataset.site, t, rules.notice_steps, series)
    chargers = np.flatnonzero(state.occupied[run])
    return SiteView(
        **dict(zip(SERIES, read_only(series), strict=True)),
        n_announced=min(rules.notice_steps + 1, end - t),
        building_peak_kwh=float(here["building_peak_kwh"]),
        peak_kwh=float(site["peak_kwh"]) if here["month"] == site["month"] else 0.0,
        net_of_year_kwh=float(site["net_of_year_kwh"]) if here["year"] == site["year"] else 0.0,
        storage_kwh=float(site["storage_kwh"]),
        storage_lo_kwh=float(site["storage_lo_kwh"]),
        storage_hi_kwh=float(site["storage_hi_kwh"]),
        promise_kwh=read_only(state.ev["promise_kwh"][run][chargers]),
        groups=groups_view(rules, state, run, chargers, params) if len(rules.groups) else None,
    )


@njit
def _copy_series(steps: Records, t: int, notice_steps: int, series: Floats) -> None:
    """Copy what is known, and expected, from position t on.

    Args:
        steps: (T,) of SITE_STEP.
        t: the position.
        notice_steps: limits are known so many steps ahead.
        series: (6, k) result, see `SERIES`.
    """
    for i in range(series.shape[1]):
        step = steps[t + i]
        series[0, i] = step.import_kwh if i <= notice_steps else step.least_import_kwh
        series[1, i] = step.export_kwh if i <= notice_steps else step.least_export_kwh
        series[2, i] = step.pv_kwh if i == 0 else step.pv_forecast_kwh
        series[3, i] = step.building_kwh if i == 0 else step.building_forecast_kwh
        series[4, i] = step.import_fee_eur_per_kwh
        series[5, i] = step.export_fee_eur_per_kwh
