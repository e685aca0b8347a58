"""Parameters of Model 1, the car park."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from vpp_gym.fcev.technology import ElectrolyserParams, FuelCellParams
from vpp_gym.parameters import Section, assumed, stated

MinPrice = Literal["equal", "random"]


class PriceYearParams(Section):
    """Day-ahead prices of a year: a Dutch year, stretched around another mean.

    The price of the base year p becomes mean + spread * (p - mean of p). The
    article's "high wind" years have low means with peaks; this is a stand-in.
    """

    mean_eur_per_kwh: float = assumed(0.040, "mean day-ahead price of the year")
    spread: float = assumed(2.0, "factor on the deviations from the mean of the base year", ge=0)
    forecast: Literal["external", "history"] = assumed(
        "external",
        "tomorrow's prices as the aggregator expects them: given from outside with an error, "
        "as in the article, or made from past prices only",
    )
    forecast_sd_eur_per_kwh: float = assumed(
        0.006, "standard deviation of the error of the external forecast", ge=0
    )
    forecast_memory: float = assumed(
        0.8, "autocorrelation of that error from hour to hour", ge=0, lt=1
    )


class ParkingParams(Section):
    """When drivers use the car park, and how far they drive."""

    work_share: float = assumed(0.5, 'share of drivers who park in "work hours"', ge=0, le=1)
    work_arrival_h: float = assumed(8.0, "mean arrival of those who park at work", ge=3, le=12)
    work_stay_h: float = assumed(9.0, "their mean stay", ge=2, le=10)
    home_arrival_h: float = assumed(18.0, "mean arrival of those who park at home", ge=14, le=20)
    home_stay_h: float = assumed(13.5, "their mean stay", ge=4, le=16)
    spread_h: float = assumed(
        1.0, "standard deviation of arrivals and stays between drivers", ge=0, le=2
    )
    absence: float = assumed(
        0.05, "share of days on which a driver does not use the car park", ge=0, lt=1
    )
    weekend_share: float = assumed(
        0.1, "share of those who park at work who do so at weekends", ge=0, le=1
    )
    trip_km: float = assumed(36.0, "mean distance between two stays", ge=0, le=80)
    trip_sd_km: float = assumed(12.0, "its standard deviation between days", ge=0, le=30)


class PriceContractParams(Section):
    """Price-based contracts.

    Pay per kWh = minPrice + margin * (market price - minPrice), and minPrice where
    the market is below it. The margin follows the level of the tank at plug-in.
    """

    min_price: MinPrice = stated(
        "equal", '"equal": every minPrice is the cost of V2G; "random": cost times U(1, 1.5)'
    )
    random_factor: tuple[float, float] = stated((1.0, 1.5), "range of the factor of random prices")
    tier_levels: tuple[float, ...] = assumed(
        (0.5, 0.75), "levels of the tank at plug-in from which the next margin applies"
    )
    tier_margins: tuple[float, ...] = assumed(
        (0.25, 0.5, 0.75), "margins of the driver by tier; the top one, 75 %, is stated"
    )
    reserve_kg: float = assumed(1.0, "hydrogen that the driver keeps", ge=0)
    usual_level: tuple[float, float] = assumed(
        (0.5, 1.0), "range of the level to which drivers refill when they leave, one per driver"
    )

    @model_validator(mode="after")
    def _tiers_rise(self) -> PriceContractParams:
        levels, margins = self.tier_levels, self.tier_margins
        if len(margins) != len(levels) + 1:
            raise ValueError("tier_margins has one entry more than tier_levels")
        if list(levels) != sorted(levels) or not all(0 <= m <= 1 for m in margins):
            raise ValueError("tier_levels must rise, and tier_margins lie between 0 and 1")
        for low, high in (self.random_factor, self.usual_level):
            if not 0 < low <= high:
                raise ValueError("ranges run from a smaller positive number to a larger one")
        return self


class CarParkMarketParams(Section):
    """Rules of the day-ahead market and what deviations cost."""

    gate_closure_h: Literal[12] = stated(12, "hour of the day at which the aggregator bids")
    lot_kw: float = stated(100.0, "least volume of an offer or a bid", gt=0)
    penalty_eur_per_kwh: float = assumed(
        0.05, "on top of the day-ahead price, for every kWh sold and not delivered "
        "or bought and not used", ge=0,
    )  # fmt: skip


class CarParkParams(Section):
    """Model 1: a car park, price-based contracts and the day-ahead market."""

    n_cars: int = assumed(500, "drivers with a contract", ge=1, le=100_000)
    fuel_cell: FuelCellParams = FuelCellParams()
    electrolyser: ElectrolyserParams = ElectrolyserParams()
    price_year: PriceYearParams = PriceYearParams()
    parking: ParkingParams = ParkingParams()
    contract: PriceContractParams = PriceContractParams()
    market: CarParkMarketParams = CarParkMarketParams()

    @model_validator(mode="after")
    def _tank_serves_a_trip(self) -> CarParkParams:
        cell = self.fuel_cell
        least_kg = self.contract.usual_level[0] * cell.tank_kg - self.longest_trip_kg
        if least_kg < self.contract.reserve_kg:
            raise ValueError("a tank at the least usual_level must leave reserve_kg after a trip")
        if self.contract.usual_level[1] > 1:
            raise ValueError("usual_level is a share of the tank")
        return self

    @property
    def longest_trip_kg(self) -> float:
        """Hydrogen for the longest trip: three standard deviations above the mean."""
        parking = self.parking
        return self.fuel_cell.kg_per_km * (parking.trip_km + 3 * parking.trip_sd_km)

    @property
    def kg_per_kwh(self) -> float:
        """Hydrogen that the electrolyser makes from a kWh."""
        return self.electrolyser.efficiency / self.fuel_cell.hhv_kwh_per_kg

    @property
    def cars_per_lot(self) -> int:
        """Cars that one lot needs.

        >>> CarParkParams().cars_per_lot
        10
        """
        return int(-(-self.market.lot_kw // self.fuel_cell.v2g_kw))
