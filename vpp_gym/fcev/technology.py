"""The fuel-cell car as a power plant, and the electrolyser with its store."""

from __future__ import annotations

from vpp_gym.parameters import Section, assumed, stated


class FuelCellParams(Section):
    """The fuel-cell car as a power plant; the cost of its energy is equation (1)."""

    hhv_kwh_per_kg: float = assumed(39.4, "higher heating value of hydrogen", gt=0)
    efficiency: float = assumed(
        0.51, "of the fuel cell, on the higher heating value: about 20 kWh/kg", gt=0, le=1
    )
    cost_eur_per_kw: float = assumed(40.0, "price of a fuel cell (target of the DOE, 2020)", ge=0)
    life_h: float = assumed(5_000.0, "life of a fuel cell (target of the DOE, 2020)", gt=0)
    v2g_wear: float = stated(0.5, "wear of V2G as a share of the wear of driving", ge=0)
    hydrogen_eur_per_kg: float = assumed(
        1.1946, "price of hydrogen, such that V2G costs the stated 63.45 EUR/MWh", ge=0
    )
    v2g_kw: float = stated(10.0, "V2G power of a car", gt=0)
    tank_kg: float = assumed(5.6, "capacity of the tank", gt=0)
    kg_per_km: float = assumed(0.01, "hydrogen used by driving", ge=0)

    @property
    def kwh_per_kg(self) -> float:
        """Electricity from a kilogram of hydrogen.

        >>> round(FuelCellParams().kwh_per_kg, 3)
        20.094
        """
        return self.efficiency * self.hhv_kwh_per_kg

    @property
    def v2g_cost_eur_per_kwh(self) -> float:
        """Cost of V2G to the driver: hydrogen, and half the wear of driving.

        >>> round(FuelCellParams().v2g_cost_eur_per_kwh, 5)
        0.06345

        Source: Park Lee et al. 2018, equation (1).
        """
        wear = self.v2g_wear * self.cost_eur_per_kw / self.life_h
        return self.hydrogen_eur_per_kg / self.kwh_per_kg + wear


class ElectrolyserParams(Section):
    """Electrolyser and the hydrogen store beside it."""

    power_kw: float = assumed(1_000.0, "power of the electrolyser", ge=0)
    efficiency: float = assumed(0.75, "on the higher heating value", gt=0, le=1)
    store_kg: float = assumed(500.0, "capacity of the store", gt=0)
    initial_share: float = assumed(0.5, "share of the store filled at the start", ge=0, le=1)
