"""Parameters of the worlds of fuel-cell cars, each stated by the article or assumed.

The article is E. Park Lee, Z. Lukszo and P. Herder, "Conceptualization of
Vehicle-to-Grid Contract Types and Their Formalization in Agent-Based Models",
Complexity 2018, article 3569129. Its tables of inputs are not public here, so most
numbers are ours: `assumptions` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vpp_gym.errors import InvalidInputError

Contract = Literal["volume_based", "control_based"]
MinPrice = Literal["equal", "random"]


def _field(origin: str, default: Any, meaning: str, limits: Mapping[str, Any]) -> Any:
    extra: dict[str, Any] = {"origin": origin}
    return Field(default=default, description=meaning, json_schema_extra=extra, **limits)


def stated(default: Any, meaning: str, **limits: Any) -> Any:
    """Field with a number that the article states."""
    return _field("stated", default, meaning, limits)


def assumed(default: Any, meaning: str, **limits: Any) -> Any:
    """Field with a number that is ours."""
    return _field("assumed", default, meaning, limits)


class Frozen(BaseModel):
    """Base of all parameters: fixed once made, and nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FuelCellParams(Frozen):
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


class ElectrolyserParams(Frozen):
    """Electrolyser and the hydrogen store beside it."""

    power_kw: float = assumed(1_000.0, "power of the electrolyser", ge=0)
    efficiency: float = assumed(0.75, "on the higher heating value", gt=0, le=1)
    store_kg: float = assumed(500.0, "capacity of the store", gt=0)
    initial_share: float = assumed(0.5, "share of the store filled at the start", ge=0, le=1)


class PriceYearParams(Frozen):
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


class ParkingParams(Frozen):
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


class PriceContractParams(Frozen):
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


class CarParkMarketParams(Frozen):
    """Rules of the day-ahead market and what deviations cost."""

    gate_closure_h: Literal[12] = stated(12, "hour of the day at which the aggregator bids")
    lot_kw: float = stated(100.0, "least volume of an offer or a bid", gt=0)
    penalty_eur_per_kwh: float = assumed(
        0.05, "on top of the day-ahead price, for every kWh sold and not delivered "
        "or bought and not used", ge=0,
    )  # fmt: skip


class CarParkParams(Frozen):
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


class HouseholdParams(Frozen):
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


class WindParams(Frozen):
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


class ScheduleParams(Frozen):
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


class VolumeContractParams(Frozen):
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


class MicrogridMoneyParams(Frozen):
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


class MicrogridParams(Frozen):
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


class Assumption(NamedTuple):
    """One parameter as results list it."""

    name: str
    value: Any
    origin: str
    meaning: str


def parameters(params: BaseModel, prefix: str = "") -> Iterator[Assumption]:
    """Every parameter of a world with its value, origin and meaning."""
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        if isinstance(value, BaseModel):
            yield from parameters(value, f"{prefix}{name}.")
            continue
        extra = field.json_schema_extra
        origin = extra["origin"] if isinstance(extra, dict) else "assumed"
        yield Assumption(f"{prefix}{name}", value, str(origin), field.description or "")


def assumptions(params: BaseModel) -> list[Assumption]:
    """The parameters of a world that the article does not state."""
    return [one for one in parameters(params) if one.origin == "assumed"]


Params = TypeVar("Params", bound=Frozen)


def changed(base: Params, changes: Params | Mapping[str, Any] | None) -> Params:
    """Parameters with some sections changed, each given whole or as a mapping of its fields.

    >>> changed(CarParkParams(), {"contract": {"min_price": "random"}}).contract.min_price
    'random'

    Raises:
        InvalidInputError: unknown field, or a value out of range.
    """
    if changes is None or isinstance(changes, type(base)):
        return base if changes is None else changes
    if not isinstance(changes, Mapping):
        raise InvalidInputError("params", changes, f"give {type(base).__name__} or a mapping")
    try:
        return type(base).model_validate(_merged(base.model_dump(), changes))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(("params", *map(str, first["loc"])))
        remedy = "unknown field" if first["type"] == "extra_forbidden" else first["msg"]
        raise InvalidInputError(field, first.get("input"), remedy) from error


def _merged(fields: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(fields)
    for name, change in changes.items():
        known = result.get(name)
        if isinstance(change, Mapping) and isinstance(known, dict):
            result[name] = _merged(known, change)
        else:
            result[name] = change.model_dump() if isinstance(change, BaseModel) else change
    return result
