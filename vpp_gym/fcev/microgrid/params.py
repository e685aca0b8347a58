"""Parameters of Model 2, the microgrid."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from vpp_gym.fcev.microgrid.neighbourhood import HouseholdParams, WindParams
from vpp_gym.fcev.technology import ElectrolyserParams, FuelCellParams
from vpp_gym.parameters import Section, assumed, stated

Contract = Literal["volume_based", "control_based"]


class ScheduleParams(Section):
    """When the cars of the microgrid are away, and how far they go.

    Schedules are constant over weekdays and over weekends (stated).
    """

    home_share: float = assumed(
        0.0, "share of cars that are away only around noon on weekdays", ge=0, le=1
    )
    noon_away_h: tuple[int, int] = assumed((11, 14), "when those cars leave and return")
    leave_h: float = assumed(7.5, "mean departure on weekdays", ge=4, le=11)
    return_h: float = assumed(18.0, "mean return on weekdays", ge=14, le=20)
    weekend_leave_h: float = assumed(10.0, "mean departure at weekends", ge=6, le=13)
    weekend_return_h: float = assumed(17.0, "mean return at weekends", ge=14, le=20)
    spread_h: float = assumed(1.0, "standard deviation between cars", ge=0, le=2)
    day_spread_h: float = assumed(
        0.0, "standard deviation between the days of one car; 0: constant (stated)", ge=0, le=2
    )
    trip_km: float = assumed(36.0, "distance of a day away", ge=0, le=200)


class VolumeContractParams(Section):
    """Volume-based contracts, and control-based ones to compare them with."""

    family: Contract = stated("volume_based", "what the drivers have signed")
    delay_shape: float = assumed(2.0, "shape of the gamma-distributed delay of the start", gt=0)
    delay_scale_h: float = assumed(0.5, "scale of that delay, hours", ge=0)
    duration_share: tuple[float, float] = stated(
        (0.5, 1.0), "range of the duration as a share of the parked time"
    )
    volume_kwh: tuple[float, float] = stated((30.0, 90.0), "range of maxVolume")
    guaranteed_kg: float = assumed(1.0, "guaranteed level of the tank", ge=0)
    tariff_eur_per_kwh: float = assumed(0.0735, "paid per kWh of V2G: its cost and a cent", ge=0)
    commitment_eur_per_kwh: float = assumed(
        0.005, "paid per kWh of committed volume (volume-based)", ge=0
    )
    capacity_eur_per_h: float = assumed(
        0.02, "paid per hour at the aggregator's disposal (control-based)", ge=0
    )


class MicrogridMoneyParams(Section):
    """Prices at the connection of the microgrid."""

    import_fee_eur_per_kwh: float = assumed(
        0.12, "taxes and grid fees on imports, on top of the day-ahead price", ge=0
    )
    export_fee_eur_per_kwh: float = assumed(
        0.03, "what grid and trader keep of the day-ahead price of exports", ge=0
    )
    trailer_eur_per_kg: float = assumed(
        3.0, "price of hydrogen brought in when the store is empty", ge=0
    )
    reward_scale_eur_per_h: float = assumed(
        0.2, "reward per hour at which 63 % of the parked cars outside their interval plug in", gt=0
    )


class MicrogridParams(Section):
    """Model 2: a microgrid with volume-based contracts.

    The default is the preset of the reproduction. Numbers of houses and cars, and the
    hours at which cars leave and return, were chosen once, on the year of seed 0, such
    that about 8 % of the consumption is imported and a car gives about 21 kWh a day, as
    the article reports. The four weeks took no part in it.
    """

    n_cars: int = assumed(50, "cars of the neighbourhood", ge=1, le=10_000)
    fuel_cell: FuelCellParams = FuelCellParams()
    electrolyser: ElectrolyserParams = ElectrolyserParams(
        power_kw=600.0, store_kg=2_000.0, initial_share=0.5
    )
    household: HouseholdParams = HouseholdParams()
    wind: WindParams = WindParams()
    schedule: ScheduleParams = ScheduleParams()
    contract: VolumeContractParams = VolumeContractParams()
    money: MicrogridMoneyParams = MicrogridMoneyParams()

    @model_validator(mode="after")
    def _tank_holds_what_is_committed(self) -> MicrogridParams:
        cell = self.fuel_cell
        if cell.kg_per_km * self.schedule.trip_km > self.contract.guaranteed_kg:
            raise ValueError("guaranteed_kg must serve the trip")
        if self.contract.guaranteed_kg > cell.tank_kg:
            raise ValueError("guaranteed_kg must fit into the tank")
        return self
