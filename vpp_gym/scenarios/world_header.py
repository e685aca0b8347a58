"""What a world is besides its numbers: options, splits and provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.demand import CAPACITY_KWH, REFERENCE_CAR, Car, DemandRule
from vpp_gym.scenarios.files.options import MissingDays, ReadOptions
from vpp_gym.scenarios.files.report import Fact, FileReport
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.time_steps import checked_step_h

CarPower = Literal["charger", "recorded"]
SiteClock = Literal["instant", "local"]
ZeroEnergy = Literal["idle", "keep", "drop"]
StaySteps = Literal["recorded", "rounded-up"]
Drivers = Literal["unknown", "card"]
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _step_hours(dt_h: float) -> float:
    try:
        return checked_step_h(dt_h)
    except InvalidInputError as error:
        raise ValueError(error.remedy) from error


def _day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and DAY.fullmatch(value)):
        return value
    raise ValueError("give a day such as 2024-12-31")  # a number would count from 1970 on


StepHours = Annotated[float, AfterValidator(_step_hours)]
Day = Annotated[date, BeforeValidator(_day)]
Share = Annotated[float, Field(ge=0, le=1)]


class WorldOptions(BaseModel):
    """How files become a world.

    Attributes:
        dt_h: hours per step.
        first_day, last_day: of the world; by default all that the prices cover.
        validation_from, test_from: first days of these splits; by default after
            60 % and 80 % of the days.
        max_fill_h: hours of the longest price gap that is filled.
        missing_days: what becomes of longer gaps: see `vpp_gym.scenarios.missing_days`.
        resolution: of the prices to use where several cover the same time.
        demand: see `vpp_gym.scenarios.session_demand`; so are the next six.
        car_power, site_clock, shift_days, zero_energy, stays, drivers: as there.
        capacity_kwh, target_soc, min_soc, charge_kw, charge_eff: what is assumed
            about every car.
        seed: of the owners' types.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dt_h: StepHours = 1.0
    first_day: Day | None = None
    last_day: Day | None = None
    validation_from: Day | None = None
    test_from: Day | None = None
    max_fill_h: Annotated[float, Field(ge=0, le=24)] = 1.0
    missing_days: MissingDays = "refuse"
    resolution: Literal["PT60M", "PT30M", "PT15M", "PT5M"] | None = None
    demand: DemandRule = "metered"
    car_power: CarPower = "charger"
    site_clock: SiteClock | None = None
    shift_days: int = 0
    zero_energy: ZeroEnergy = "idle"
    stays: StaySteps = "recorded"
    drivers: Drivers = "unknown"
    capacity_kwh: Annotated[float, Field(ge=1, le=1_000)] = CAPACITY_KWH
    target_soc: Share = REFERENCE_CAR.target_soc
    min_soc: Share = REFERENCE_CAR.min_soc
    charge_kw: Annotated[float, Field(ge=0.1, le=400)] = REFERENCE_CAR.charge_kw
    charge_eff: Annotated[float, Field(gt=0, le=1)] = REFERENCE_CAR.charge_eff
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("car_power")
    @classmethod
    def _power_of_the_rule(cls, car_power: CarPower, info: ValidationInfo) -> CarPower:
        if info.data.get("demand") == "reference" and car_power == "recorded":
            raise ValueError("the demand rule reference takes full power: use charger")
        return car_power

    @property
    def car(self) -> Car:
        """What is assumed about every car."""
        return Car(**{name: getattr(self, name) for name in Car.__dataclass_fields__})


class Split(BaseModel):
    """Consecutive days of a world.

    Attributes:
        name: train, validation or test.
        first_day: local day.
        n_steps: of the split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    first_day: date
    n_steps: Annotated[int, Field(gt=0)]


class Provenance(BaseModel):
    """Where a world comes from.

    Attributes:
        vpp_gym: version that built it.
        read: options of reading.
        build: options of building.
        sources: what became of every file.
        left_aside: files of no known kind beside them.
        counts: what was filled, converted and left out while building.
        facts: of the sessions of all files together: most cars connected at once, and when
            cars arrive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vpp_gym: str
    read: ReadOptions
    build: WorldOptions
    sources: list[FileReport]
    left_aside: list[str] = []
    counts: dict[str, int]
    facts: dict[str, Fact] = {}


class WorldHeader(BaseModel):
    """What the rows of a world file are.

    Attributes:
        format: of the file.
        version: of the format; 2 if it states parameters or has a site.
        dt_h: hours per step.
        timezone: of the local days; None: 24 hours on every day.
        splits: row groups, in order.
        provenance: of the rows.
        params: what the world says of its parameters, see `Scenario.params`; files that say
            nothing have no such key.
        site: ratings of the site, see `vpp_gym.scenarios.site_series`; None: there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["vpp_gym.world"] = "vpp_gym.world"
    version: Literal[1, 2] = 1
    dt_h: StepHours
    timezone: str | None
    splits: tuple[Split, ...]
    provenance: Provenance
    params: dict[str, Any] | None = None
    site: dict[str, float] | None = None

    @field_validator("splits")
    @classmethod
    def _each_name_once(cls, splits: tuple[Split, ...]) -> tuple[Split, ...]:
        if len({one.name for one in splits}) < len(splits):
            raise ValueError("two splits have one name")
        return splits


@dataclass(frozen=True)
class World:
    """One scenario over all days, and how it is split by date.

    Attributes:
        scenario: all days.
        splits: that follow one another and make up the whole.
        provenance: of the scenario.
    """

    scenario: Scenario
    splits: tuple[Split, ...]
    provenance: Provenance
