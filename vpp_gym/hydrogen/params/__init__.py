"""Parameters of the worlds of fuel-cell cars, each stated by the article or assumed.

The article is E. Park Lee, Z. Lukszo and P. Herder, "Conceptualization of
Vehicle-to-Grid Contract Types and Their Formalization in Agent-Based Models",
Complexity 2018, article 3569129. Its tables of inputs are not public here, so most
numbers are ours: `assumptions` lists them.
"""

from vpp_gym.hydrogen.params.car_park import (
    CarParkMarketParams,
    CarParkParams,
    MinPrice,
    ParkingParams,
    PriceContractParams,
    PriceYearParams,
)
from vpp_gym.hydrogen.params.changes import changed
from vpp_gym.hydrogen.params.microgrid import (
    Contract,
    MicrogridMoneyParams,
    MicrogridParams,
    ScheduleParams,
    VolumeContractParams,
)
from vpp_gym.hydrogen.params.neighbourhood import HouseholdParams, WindParams
from vpp_gym.hydrogen.params.section import (
    Assumption,
    Frozen,
    assumed,
    assumptions,
    parameters,
    stated,
)
from vpp_gym.hydrogen.params.technology import ElectrolyserParams, FuelCellParams

__all__ = [
    "Assumption",
    "CarParkMarketParams",
    "CarParkParams",
    "Contract",
    "ElectrolyserParams",
    "Frozen",
    "FuelCellParams",
    "HouseholdParams",
    "MicrogridMoneyParams",
    "MicrogridParams",
    "MinPrice",
    "ParkingParams",
    "PriceContractParams",
    "PriceYearParams",
    "ScheduleParams",
    "VolumeContractParams",
    "WindParams",
    "assumed",
    "assumptions",
    "changed",
    "parameters",
    "stated",
]
