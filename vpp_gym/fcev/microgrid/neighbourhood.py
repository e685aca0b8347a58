"""Households and wind turbine of the microgrid."""

from __future__ import annotations

from vpp_gym.parameters import Section, assumed, stated


class HouseholdParams(Section):
    """Households of the microgrid: load and PV."""

    n_houses: int = assumed(200, "households of the microgrid", ge=1, le=10_000)
    load_kwh_per_day: float = assumed(9.6, "mean consumption of a household", gt=0)
    load_winter: float = assumed(
        0.15, "amplitude of the season in the load, largest at midwinter", ge=0, lt=1
    )
    load_noise: float = assumed(
        0.35, "relative standard deviation of a household's hour around its shape", ge=0, lt=1
    )
    pv_kwp: float = assumed(4.0, "peak power of a household's panels", ge=0)
    pv_losses: float = assumed(0.14, "share lost between panel and socket", ge=0, lt=1)
    latitude_deg: float = assumed(52.0, "of the neighbourhood", ge=-66, le=66)
    cloud_memory: float = assumed(0.94, "autocorrelation of the sky from hour to hour", ge=0, lt=1)
    cloud_spread: float = assumed(1.3, "spread of the sky's clearness on the logistic scale", ge=0)
    mean_clearness: float = assumed(
        0.62, "mean share of the clear-sky yield that the weather lets through", gt=0, lt=1
    )
    winter_clearness: float = assumed(
        0.12, "by how much that share is lower at midwinter and higher at midsummer", ge=0, lt=0.3
    )


class WindParams(Section):
    """Wind turbine of the microgrid."""

    power_kw: float = assumed(400.0, "rated power of the turbine", ge=0)
    serves_houses: bool = stated(
        False, "wind may serve houses, too; else it is turned into hydrogen or exported"
    )
    cut_in: float = assumed(3.0, "wind speed from which the turbine runs, m/s", ge=0)
    rated_speed: float = assumed(12.0, "wind speed of the rated power, m/s", gt=0)
    cut_out: float = assumed(25.0, "wind speed above which the turbine stands still, m/s", gt=0)
    mean_speed: float = assumed(6.5, "mean wind speed at the hub, m/s", gt=0)
    winter_speed: float = assumed(0.15, "amplitude of the season, largest at midwinter", ge=0, lt=1)
    memory: float = assumed(0.95, "autocorrelation of the wind from hour to hour", ge=0, lt=1)
