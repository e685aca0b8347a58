"""A site's series, limits and fees by step, as the kernels read them."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Records
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.params.connection import HOURS_OF_DAY
from vpp_gym.scenarios.scenario import Scenario

SITE_STEP = np.dtype(
    [
        ("pv_kwh", np.float64),
        ("building_kwh", np.float64),
        ("pv_forecast_kwh", np.float64),  # made the day before
        ("building_forecast_kwh", np.float64),  # made the day before
        ("import_kwh", np.float64),  # limit of the connection, less standby; inf: none
        ("export_kwh", np.float64),  # limit of the connection; inf: none
        ("least_import_kwh", np.float64),  # known of limits that are not announced yet
        ("least_export_kwh", np.float64),  # the same
        ("building_peak_kwh", np.float64),  # largest load that the building may have
        ("pv_peak_kwh", np.float64),  # at rated power
        ("import_fee_eur_per_kwh", np.float64),
        ("export_fee_eur_per_kwh", np.float64),
        ("month", np.int64),  # since 1970
        ("year", np.int64),  # since 1970
        ("limited", np.int64),  # 1: imports are limited, of the connection or of a group
    ],
    align=True,
)
"""What the kernels read about one step of a site."""

FORECAST_DAYS = 7
"""Days whose mean is the forecast of sun and building load."""
ROUNDING_KWH, ROUNDING_H = 1e-9, 1e-9


def fill_site(steps: Records, scenario: Scenario, params: VPPParams) -> None:
    """Write a scenario's site to its place in the dataset.

    Args:
        steps: (T,) of SITE_STEP, of the scenario alone.
        scenario: whose site it is; without one there are neither panels nor building.
        params: limits and fees.

    Raises:
        InvalidInputError: an import limit below the load of the building.
    """
    site, dt_h, n = scenario.site, scenario.dt_h, scenario.n_steps
    for name in ("pv", "building"):
        series = getattr(site, f"{name}_kwh", None)
        series = np.zeros(n) if series is None else series
        rated_kwh = getattr(site, f"{name}_peak_kw", 0.0) * dt_h
        unseen = rated_kwh if name == "building" else 0.0
        steps[f"{name}_kwh"], steps[f"{name}_peak_kwh"] = series, rated_kwh
        steps[f"{name}_forecast_kwh"] = forecast_kwh(series, scenario, unseen)
    for way in ("import", "export"):
        series = getattr(site, f"{way}_limit_kw", None)
        own = getattr(params.connection, f"{way}_limit_kw")
        own = np.inf if own is None else own
        least = getattr(site, f"least_{way}_limit_kw", np.inf)
        free_kw = params.site.n_chargers * params.site.standby_kw if way == "import" else 0.0
        limit_kw = np.minimum(np.inf if series is None else series, own)
        steps[f"{way}_kwh"] = dt_h * (limit_kw - free_kw)
        steps[f"least_{way}_kwh"] = dt_h * (min(least, own) - free_kw)
        fees = np.array(getattr(params.tariff, f"{way}_fee_eur_per_kwh"))
        hour = (scenario.period * dt_h + ROUNDING_H).astype(np.int64) % HOURS_OF_DAY
        steps[f"{way}_fee_eur_per_kwh"] = np.broadcast_to(fees, HOURS_OF_DAY)[hour]
    limited = np.isfinite(steps["least_import_kwh"]).any() or params.connection.groups
    steps["limited"] = 1 if limited else 0
    steps["month"] = scenario.clock.astype("datetime64[M]").astype(np.int64)
    steps["year"] = scenario.clock.astype("datetime64[Y]").astype(np.int64)
    _check_base_load(steps, dt_h, params.site.n_chargers * params.site.standby_kw)


def forecast_kwh(series: Floats, scenario: Scenario, unseen_kwh: float) -> Floats:
    """(T,) what is expected of each step on the day before, at noon.

    It is the mean of the same period of the days that are over by then.

    Args:
        series: (T,) kWh.
        scenario: whose clock it is.
        unseen_kwh: what is expected before anything has been seen.
    """
    days, periods = int(scenario.day[-1]) + 1, scenario.periods_per_day
    total, count = np.zeros((days + 1, periods)), np.zeros((days + 1, periods))
    np.add.at(total, (scenario.day + 1, scenario.period), series)
    np.add.at(count, (scenario.day + 1, scenario.period), 1.0)
    total, count = np.cumsum(total, axis=0), np.cumsum(count, axis=0)
    until = np.maximum(np.arange(days) - 1, 0)
    since = np.maximum(until - FORECAST_DAYS, 0)
    seen = count[until] - count[since]
    mean = np.divide(
        total[until] - total[since], seen, out=np.full(seen.shape, unseen_kwh), where=seen > 0
    )
    return np.asarray(np.maximum(mean, 0.0)[scenario.day, scenario.period])


def _check_base_load(steps: Records, dt_h: float, free_kw: float) -> None:
    """Refuse limits below what the building takes, now or by its rating, with the standby."""
    lacking = np.maximum(steps["building_kwh"] - steps["import_kwh"], 0.0)
    lacking = np.maximum(lacking, steps["building_peak_kwh"] - steps["least_import_kwh"])
    if (wrong := np.flatnonzero(lacking > ROUNDING_KWH)).size:
        step = int(wrong[0])
        load_kw = max(steps["building_kwh"][step], steps["building_peak_kwh"][step]) / dt_h
        limit_kw = min(steps["import_kwh"][step], steps["least_import_kwh"][step]) / dt_h + free_kw
        standby = f", and {free_kw:.6g} kW of standby of the chargers" if free_kw > 0 else ""
        raise InvalidInputError(
            "import_limit_kw",
            float(limit_kw),
            f"it is below the load of the building, {load_kw:.6g} kW in step {step} or by its "
            f"rating{standby}: raise the limit, or lower the load",
        )
