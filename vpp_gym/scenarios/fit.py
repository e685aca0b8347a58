"""How close synthetic years come to a real one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from vpp_gym.arrays import Floats
from vpp_gym.scenarios.demand import CHARGE_EFF, CHARGE_KW
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource

PER_HOUR = 4
QUARTER_LAGS = (*range(1, 9), 96)
SPIKES_EUR_PER_KWH = (0.1, 0.2)


def fit_report(source: ScenarioSource | Scenario, real: Scenario) -> pd.DataFrame:
    """Statistics of the real scenario beside those of the source's scenarios.

    Args:
        source: synthetic scenarios, on the time step of `real`.
        real: what they should look like.

    Returns:
        Rows of statistics; columns real, synthetic (mean over the source's
        scenarios) and sd (between them). Rows that begin with "ks" are the
        Kolmogorov-Smirnov distances of a scenario's values to the real ones:
        0 in the column real.
    """
    source = as_source(source, real.dt_h)
    years = [source.scenario(i) for i in range(source.n_scenarios)]
    table = pd.DataFrame([{**statistics(year), **distances(year, real)} for year in years])
    return pd.DataFrame(
        {
            "real": pd.Series({**statistics(real), **dict.fromkeys(distances(real, real), 0.0)}),
            "synthetic": table.mean(),
            "sd": table.std(ddof=0),
        }
    )


def statistics(scenario: Scenario) -> dict[str, float]:
    """Named statistics of one scenario: arrivals, prices, and what charging costs."""
    found = {
        **_arrival_statistics(scenario),
        **_price_statistics(scenario),
        **charging_cost(scenario),
    }
    if scenario.dt_h == 1 / PER_HOUR:
        found |= quarter_statistics(mean_imbalance(scenario) - scenario.da_eur_per_kwh)
    return found


def quarter_statistics(spread: Floats) -> dict[str, float]:
    """Named statistics of IM - DA by quarters: within the hour, and from quarter to quarter.

    Args:
        spread: (T,) EUR/kWh, imbalance less day-ahead price from a full hour on.
    """
    hours = spread.reshape(-1, PER_HOUR)
    within = hours - hours.mean(axis=1, keepdims=True)
    found = {
        "quarter_sd_eur_per_kwh": float(spread.std()),
        "within_hour_sd_eur_per_kwh": float(within.std()),
        "within_hour_sd_median_eur_per_kwh": float(np.median(within.std(axis=1))),
        "sign_change_share": float(np.mean(np.sign(spread[1:]) != np.sign(spread[:-1]))),
    }
    for size in SPIKES_EUR_PER_KWH:
        found[f"beyond_{size:g}_eur_per_kwh_share"] = float(np.mean(np.abs(spread) > size))
    for lag in QUARTER_LAGS:
        found[f"autocorrelation_{lag}_quarters"] = autocorrelation(spread, lag)
    for first in range(PER_HOUR):
        pair = spread[first:-1:PER_HOUR], spread[first + 1 :: PER_HOUR]
        n = min(map(len, pair))
        names = f"{first + 1}_and_{(first + 1) % PER_HOUR + 1}"
        varied = all(np.ptp(one[:n]) > 0 for one in pair)
        value = np.corrcoef(pair[0][:n], pair[1][:n])[0, 1] if varied else 0.0
        found[f"correlation_of_quarters_{names}"] = float(value)
    return found


def distances(scenario: Scenario, real: Scenario) -> dict[str, float]:
    """Largest gap between the distribution functions of two scenarios, by quantity."""
    quantities: dict[str, Callable[[Scenario], Floats]] = {
        "day_ahead": lambda one: one.da_eur_per_kwh,
        "imbalance": mean_imbalance,
        "arrival_hour": lambda one: np.multiply(one.period[one.sessions.arrival_step], one.dt_h),
        "stay": stay_h,
        "arrival_soc": lambda one: one.sessions.arrival_soc,
        "connected": lambda one: connected(one).astype(np.float64),
    }
    return {
        f"ks_{name}": float(ks_2samp(values(scenario), values(real), method="asymp").statistic)
        for name, values in quantities.items()
    }


def mean_imbalance(scenario: Scenario) -> Floats:
    """(T,) EUR/kWh, mean of the short and the long price."""
    return (scenario.im_short_eur_per_kwh + scenario.im_long_eur_per_kwh) / 2


def stay_h(scenario: Scenario) -> Floats:
    """(n,) hours that each car stays."""
    steps = scenario.sessions.departure_step - scenario.sessions.arrival_step
    return np.asarray(steps * scenario.dt_h, dtype=np.float64)


def connected(scenario: Scenario) -> NDArray[np.int64]:
    """(T,) cars connected in each step, were there a charger for all."""
    change = np.zeros(scenario.n_steps + 1, dtype=np.int64)
    np.add.at(change, scenario.sessions.arrival_step, 1)
    np.add.at(change, scenario.sessions.departure_step, -1)
    return np.cumsum(change)[:-1]


def autocorrelation(values: Floats, lag: int) -> float:
    """Correlation of a series with itself `lag` steps before; 0 where it has no spread."""
    if lag >= len(values) - 1 or np.ptp(values) == 0:
        return 0.0
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])


def charging_cost(scenario: Scenario) -> dict[str, float]:
    """Cost of meeting every demand at 11 kW and imbalance prices, cars one by one.

    No limit on chargers, no contracts, no day-ahead position. The price is the
    mean of the short and the long one.

    Returns:
        on_arrival_eur, at_the_deadline_eur, hindsight_eur (the cheapest hours of
        each stay) and load_kwh, at the meter.
    """
    sessions = scenario.sessions
    price = (scenario.im_short_eur_per_kwh + scenario.im_long_eur_per_kwh) / 2
    step_kwh = CHARGE_KW * scenario.dt_h
    missing_soc = np.maximum(0, sessions.target_soc - sessions.arrival_soc)
    stay_kwh = (sessions.departure_step - sessions.arrival_step) * step_kwh
    need_kwh = np.minimum(missing_soc * sessions.capacity_kwh / CHARGE_EFF, stay_kwh)
    total = np.zeros(3)
    rows = zip(sessions.arrival_step, sessions.departure_step, need_kwh, strict=True)
    for arrival, departure, need in rows:
        stay = price[arrival:departure]
        load = np.clip(need - step_kwh * np.arange(len(stay)), 0, step_kwh)
        total += load @ stay, load @ stay[::-1], load @ np.sort(stay)
    names = ("on_arrival_eur", "at_the_deadline_eur", "hindsight_eur")
    return {
        **dict(zip(names, total.tolist(), strict=True)),
        "load_kwh": float(need_kwh.sum()),
    }


def _arrival_statistics(scenario: Scenario) -> dict[str, float]:
    sessions, stay = scenario.sessions, stay_h(scenario)
    days = int(scenario.day[-1]) + 1
    per_day = np.bincount(scenario.day[sessions.arrival_step], minlength=days)
    last = np.minimum(sessions.departure_step, scenario.n_steps) - 1
    overnight = scenario.day[last] > scenario.day[sessions.arrival_step]
    busy = connected(scenario)
    return {
        "sessions_per_day": float(per_day.mean()),
        "day_variance_over_mean": float(per_day.var() / max(per_day.mean(), 1e-12)),
        "overnight_share": float(overnight.mean()) if len(stay) else 0.0,
        "stay_median_h": float(np.median(stay)) if len(stay) else 0.0,
        "stay_mean_h": float(stay.mean()) if len(stay) else 0.0,
        "arrival_soc_mean": float(sessions.arrival_soc.mean()) if len(stay) else 0.0,
        "connected_mean": float(busy.mean()),
        "connected_max": float(busy.max()),
    }


def _price_statistics(scenario: Scenario) -> dict[str, float]:
    da, im = scenario.da_eur_per_kwh, mean_imbalance(scenario)
    spread = scenario.im_short_eur_per_kwh - scenario.im_long_eur_per_kwh
    found = {
        "da_im_correlation": float(np.corrcoef(da, im)[0, 1]),
        "im_minus_da_mean_eur_per_kwh": float((im - da).mean()),
        "im_minus_da_sd_eur_per_kwh": float((im - da).std()),
        "im_minus_da_mean_abs_eur_per_kwh": float(np.abs(im - da).mean()),
        "dual_share": float((spread > 0).mean()),
    }
    for name, price in (("da", da), ("im", im)):
        found |= {
            f"{name}_mean_eur_per_kwh": float(price.mean()),
            f"{name}_sd_eur_per_kwh": float(price.std()),
            f"{name}_min_eur_per_kwh": float(price.min()),
            f"{name}_max_eur_per_kwh": float(price.max()),
            f"{name}_negative_share": float((price < 0).mean()),
        }
    for name, price in (("da", da), ("im", im), ("im_minus_da", im - da)):
        for lag_h in (1, 2, 24, 168):
            lag = round(lag_h / scenario.dt_h)
            found[f"{name}_autocorrelation_{lag_h}h"] = autocorrelation(price, lag)
    return found
