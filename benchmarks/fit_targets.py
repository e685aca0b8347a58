"""Targets that synthetic years must meet, checked one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from vpp_gym.arrays import Floats
from vpp_gym.scenarios.demand import CHARGE_EFF, CHARGE_KW
from vpp_gym.scenarios.fit import autocorrelation, connected, mean_imbalance, stay_h
from vpp_gym.scenarios.scenario import Scenario

Row = dict[str, Any]

LARGEST_DISTANCE = 0.05
AUTOCORRELATION_WITHIN = 0.1
CORRELATION_WITHIN = 0.05
LAGS_H = (1, 24, 168)


def energy_kwh(scenario: Scenario) -> Floats:
    """(n,) energy at the meter that takes each car to its target."""
    sessions = scenario.sessions
    need = np.maximum(sessions.target_soc - sessions.arrival_soc, 0) * sessions.capacity_kwh
    return np.asarray(need / CHARGE_EFF)


def needed_kw(scenario: Scenario) -> Floats:
    """(n,) mean power at the meter that takes each car to its target by its departure."""
    return energy_kwh(scenario) / stay_h(scenario)


def idle_h(scenario: Scenario) -> Floats:
    """(n,) hours of its stay in which each car need not charge, at the most power it takes."""
    power_kw = np.minimum(scenario.sessions.charge_kw, CHARGE_KW)
    return stay_h(scenario) - energy_kwh(scenario) / power_kw


def arrival_hour(scenario: Scenario) -> Floats:
    """(n,) hour of the day in which each car arrives."""
    return np.multiply(scenario.period[scenario.sessions.arrival_step], scenario.dt_h)


SESSION_MARGINALS: dict[str, Callable[[Scenario], Floats]] = {
    "arrival_hour": arrival_hour,
    "stay_h": stay_h,
    "arrival_soc": lambda one: one.sessions.arrival_soc,
    "needed_kw": needed_kw,
}
METERED_MARGINALS: dict[str, Callable[[Scenario], Floats]] = {
    "energy_kwh": energy_kwh,
    "largest_kw": lambda one: one.sessions.charge_kw,
    "idle_h": idle_h,
}
PRICE_MARGINALS: dict[str, Callable[[Scenario], Floats]] = {
    "day_ahead_eur_per_kwh": lambda one: one.da_eur_per_kwh,
    "imbalance_eur_per_kwh": mean_imbalance,
}
MARGINALS = SESSION_MARGINALS | PRICE_MARGINALS


def pooled(
    years: Sequence[Scenario], marginals: Mapping[str, Callable[[Scenario], Floats]] = MARGINALS
) -> dict[str, Floats]:
    """Values of every marginal, all years together."""
    return {
        name: np.concatenate([values(year) for year in years]) for name, values in marginals.items()
    }


def price_years(years: Sequence[Scenario]) -> tuple[Floats, Floats]:
    """(years, hours) EUR/kWh each: day-ahead and mean imbalance price."""
    da, im = (np.array([values(one) for one in years]) for values in PRICE_MARGINALS.values())
    return da, im


def marginal_rows(synthetic: Mapping[str, Floats], real: Mapping[str, Floats]) -> list[Row]:
    """Kolmogorov-Smirnov distance of each marginal that both have."""
    return [
        _row(name, "KS distance", 0.0, distance(synthetic[name], real[name]), LARGEST_DISTANCE)
        for name in synthetic
    ]


def distance(one: Floats, other: Floats) -> float:
    """Largest gap between two distribution functions (Kolmogorov-Smirnov), 0 to 1."""
    return float(ks_2samp(np.ravel(one), np.ravel(other), method="asymp").statistic)


def course_rows(synthetic: tuple[Floats, Floats], real: tuple[Floats, Floats]) -> list[Row]:
    """Autocorrelations and the correlation of both prices; the mean over synthetic years.

    Args:
        synthetic: (years, hours) day-ahead and imbalance prices.
        real: (1, hours) the same.
    """
    rows = []
    for name, mine, other in zip(PRICE_MARGINALS, synthetic, real, strict=True):
        for lag_h in LAGS_H:
            found = [autocorrelation(year, lag_h) for year in mine]
            wanted = autocorrelation(other[0], lag_h)
            statistic = f"autocorrelation {lag_h} h"
            rows.append(_row(name, statistic, wanted, np.mean(found), AUTOCORRELATION_WITHIN))
    found = [np.corrcoef(da, im)[0, 1] for da, im in zip(*synthetic, strict=True)]
    wanted = float(np.corrcoef(real[0][0], real[1][0])[0, 1])
    rows.append(
        _row("day-ahead and imbalance", "correlation", wanted, np.mean(found), CORRELATION_WITHIN)
    )
    return rows


def occupancy_by_hour(years: Sequence[Scenario]) -> Floats:
    """(24,) mean number of cars connected in each hour of the day."""
    busy = np.array([connected(year) for year in years])
    return np.asarray(busy.reshape(-1, 24).mean(axis=0))


def _row(quantity: str, statistic: str, real: float, found: Any, within: float) -> Row:
    gap = abs(float(found) - real)
    return {
        "quantity": quantity,
        "statistic": statistic,
        "real": real,
        "synthetic": float(found),
        "gap": gap,
        "target": f"< {within:g}",
        "verdict": "pass" if gap < within else "FAIL",
    }
