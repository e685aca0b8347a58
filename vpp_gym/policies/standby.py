"""Prices of a kWh with what chargers and cars take besides."""

from __future__ import annotations

from vpp_gym.arrays import Floats
from vpp_gym.params.site import SiteParams


def with_standby(
    site: SiteParams, buy_eur_per_kwh: Floats, sell_eur_per_kwh: Floats
) -> tuple[Floats, Floats]:
    """What a kWh costs that is charged, and earns that is discharged, with its standby.

    As at full power, where it is least: so plans take it.

    Args:
        site: the chargers.
        buy_eur_per_kwh: what a kWh costs.
        sell_eur_per_kwh: of the same shape or another, what it earns.
    """
    if site.standby_kw == 0.0:
        return buy_eur_per_kwh, sell_eur_per_kwh
    return (
        buy_eur_per_kwh * (1.0 + site.charging_standby),
        sell_eur_per_kwh * (1.0 - site.discharging_standby),
    )
