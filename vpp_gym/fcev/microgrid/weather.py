"""Sun and wind by the hour: clear-sky yield times clouds, and a wind with memory."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS, START, winter
from vpp_gym.fcev.microgrid.neighbourhood import HouseholdParams, WindParams
from vpp_gym.kernels import njit

RAYLEIGH_MEAN = np.sqrt(np.pi) / 2


@njit(allocates=True)
def with_memory(noise: Floats, memory: float) -> Floats:
    """(n,) standard normal first-order autoregression driven by (n,) standard normal noise."""
    out = np.empty_like(noise)
    out[0] = noise[0]
    fresh = np.sqrt(1 - memory * memory)
    for t in range(1, len(noise)):
        out[t] = memory * out[t - 1] + fresh * noise[t]
    return out


def clear_sky_kw_per_m2(n_days: int, latitude_deg: float, start: np.datetime64 = START) -> Floats:
    """(24 * n_days,) irradiance on level ground under a clear sky, by hour.

    The sun stands highest at 12:00; each hour counts with its middle.

    Source: the formula of Haurwitz (1945), 1.098 cos z exp(-0.057 / cos z) kW/m2.

    >>> at_noon = clear_sky_kw_per_m2(365, 52.0)[11::24]
    >>> bool(at_noon[171] > 3 * at_noon[354])  # midsummer and midwinter
    True
    """
    dates = start.astype("datetime64[D]") + np.arange(n_days)
    of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64)
    tilt = np.radians(23.45) * np.sin(2 * np.pi * (284 + of_year + 1) / 365.0)
    turn = 2 * np.pi * (np.arange(HOURS) + 0.5 - 12.0) / HOURS
    latitude = np.radians(latitude_deg)
    height = (
        np.sin(latitude) * np.sin(tilt)[:, None]
        + np.cos(latitude) * np.cos(tilt)[:, None] * np.cos(turn)
    ).ravel()
    up = np.maximum(height, 1e-3)
    return np.where(height > 0, 1.098 * up * np.exp(-0.057 / up), 0.0)


def draw_pv_yield(rng: np.random.Generator, params: HouseholdParams, n_days: int) -> Floats:
    """(24 * n_days,) kWh per hour and kWp: clear sky times the weather, less the losses."""
    clearness = params.mean_clearness - params.winter_clearness * winter(n_days)
    middle = np.repeat(np.log(clearness / (1 - clearness)), HOURS)
    score = with_memory(rng.standard_normal(HOURS * n_days), params.cloud_memory)
    sky = 1 / (1 + np.exp(-middle - params.cloud_spread * score))
    return (1 - params.pv_losses) * sky * clear_sky_kw_per_m2(n_days, params.latitude_deg)


def draw_wind_kwh(rng: np.random.Generator, params: WindParams, n_days: int) -> Floats:
    """(24 * n_days,) kWh of the turbine: Rayleigh speeds with memory on a cubic power curve."""
    score = with_memory(rng.standard_normal(HOURS * n_days), params.memory)
    other = with_memory(rng.standard_normal(HOURS * n_days), params.memory)
    season = np.repeat(1 + params.winter_speed * winter(n_days), HOURS)
    # The length of a plane vector of two equal normals is Rayleigh.
    length = np.hypot(score, other) / np.sqrt(2.0)
    return params.power_kw * power_share(
        params.mean_speed * season * length / RAYLEIGH_MEAN, params
    )


def power_share(speed: Floats, params: WindParams) -> Floats:
    """Share of the rated power at some wind speeds in m/s.

    >>> power_share(np.array([2.0, 12.0, 20.0, 26.0]), WindParams()).tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    cubic = (speed**3 - params.cut_in**3) / (params.rated_speed**3 - params.cut_in**3)
    return np.where(speed > params.cut_out, 0.0, np.clip(cubic, 0.0, 1.0))
