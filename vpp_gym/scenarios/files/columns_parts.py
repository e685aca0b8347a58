"""Parts of a map of columns: where a price, an energy or a time stands, and in which unit."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_units import (
    DurationUnit,
    EnergyUnit,
    PowerUnit,
    check_price_unit,
    price_unit,
)
from vpp_gym.scenarios.zones import known_zone

STATED_CLOCK, UTC_CLOCK, ISO = "stated", "utc", "iso"


def _zone(name: str) -> str:
    try:
        return known_zone(name)
    except InvalidInputError as error:
        raise ValueError(error.remedy) from error


def _clock(name: str) -> str:
    return name if name in (STATED_CLOCK, UTC_CLOCK) else _zone(name)


def _time_form(form: str) -> str:
    if form == ISO:
        return form
    day = datetime(2024, 12, 31, 11, 45, tzinfo=UTC)
    try:
        same = datetime.strptime(day.strftime(form), form).date() == day.date()
    except (ValueError, re.error) as error:
        raise ValueError(f"use iso or a form such as %d.%m.%Y %H:%M ({error})") from error
    if not same:
        raise ValueError("use iso or a form with day, month and year, such as %d.%m.%Y %H:%M")
    return form


def _pattern(text: str) -> str:
    if not text or any(sign in text for sign in '/\\\0"\n'):
        raise ValueError("give the name of a file, or a pattern such as prices_*.csv")
    return text


def one_or_more(value: Any) -> Any:
    """A list, also where one text stands for it."""
    return [value] if isinstance(value, str) else value


def separator_mark(text: str) -> str:
    """The separator that a word stands for."""
    return "\t" if text == "tab" else text


Text = Annotated[str, Field(min_length=1, max_length=200)]
OneOrMore = BeforeValidator(one_or_more, json_schema_input_type=str | list[str])
Texts = Annotated[tuple[Text, ...], OneOrMore, Field(min_length=1)]
Patterns = Annotated[
    tuple[Annotated[Text, AfterValidator(_pattern)], ...],
    OneOrMore,
    Field(min_length=1),
]
Zone = Annotated[Text, AfterValidator(_zone)]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Rate = Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)]
Rows = dict[Text, Texts]


class Part(BaseModel):
    """Frozen; an unknown key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceColumn(Part):
    """Where a price stands, and in which unit."""

    column: Text = Field(description="Name of the column.")
    unit: Annotated[str, AfterValidator(price_unit)] = Field(
        description="Currency and energy: `EUR/MWh`, `GBP/MWh`, `DKK/kWh`, or `ct/kWh` for "
        "hundredths of `currency`."
    )
    currency: CurrencyCode | None = Field(
        default=None, description="Needed with `ct`; elsewhere the unit names it."
    )
    sign: Literal["as_is", "reversed"] = Field(
        default="as_is",
        description="A positive price is paid by a short party and received by a long one; "
        "`reversed` turns the sign of a file that counts the other way.",
    )
    where: Rows = Field(
        default={},
        description="Values of other columns that mark the rows of this price, if prices stand "
        "below one another: `{Direction: short}`.",
    )

    @model_validator(mode="after")
    def _unit_is_known(self) -> PriceColumn:
        check_price_unit(self.unit, self.currency)
        return self

    @property
    def money(self) -> str:
        """Currency of the price."""
        return check_price_unit(self.unit, self.currency)


class PriceColumns(Part):
    """Prices of one file: day-ahead, imbalance, or both."""

    day_ahead: PriceColumn | None = Field(default=None, description="Day-ahead price.")
    imbalance: PriceColumn | None = Field(
        default=None,
        description="The one imbalance price, if short and long parties have the same.",
    )
    short: PriceColumn | None = Field(
        default=None, description="What a short party pays: shortage, deficit, system buy price."
    )
    long: PriceColumn | None = Field(
        default=None, description="What a long party receives: surplus, excess, system sell price."
    )

    @model_validator(mode="after")
    def _markets_are_whole(self) -> PriceColumns:
        if (self.short is None) != (self.long is None):
            raise ValueError("give both short and long, or one imbalance price")
        if self.imbalance is not None and self.short is not None:
            raise ValueError("give imbalance, or short and long, not all of them")
        if not self.stated:
            raise ValueError("give day_ahead, imbalance, or short and long")
        return self

    @property
    def stated(self) -> dict[str, PriceColumn]:
        """Prices of the package, each with where it stands."""
        places = {
            "da_eur_per_kwh": self.day_ahead,
            "im_short_eur_per_kwh": self.short or self.imbalance,
            "im_long_eur_per_kwh": self.long or self.imbalance,
        }
        return {name: place for name, place in places.items() if place is not None}


class EnergyColumn(Part):
    """Where an energy stands."""

    column: Text = Field(description="Name of the column.")
    unit: EnergyUnit = Field(description="Unit of energy.")


class PowerColumn(Part):
    """Where a power stands."""

    column: Text = Field(description="Name of the column.")
    unit: PowerUnit = Field(description="Unit of power.")


class DurationColumn(Part):
    """Where a duration stands."""

    column: Text = Field(description="Name of the column.")
    unit: DurationUnit = Field(description="Unit of time; `hh:mm:ss` as 130:05:10.")


class SessionColumns(Part):
    """Charging sessions of one file."""

    energy: EnergyColumn = Field(description="Energy charged in the session.")
    id: Text | None = Field(
        default=None,
        description="Column with the number of the session. Without it, charge point, connector "
        "and start are the number.",
    )
    charge_point: Text | None = Field(
        default=None,
        description="Column with the charge point. Without `connector` it is taken for one plug, "
        "which charges one car at a time.",
    )
    connector: Text | None = Field(
        default=None, description="Column with the connector of the charge point."
    )
    card: Text | None = Field(default=None, description="Column with the driver's card.")
    duration: DurationColumn | None = Field(
        default=None, description="How long the car was connected, if no end is stated."
    )
    charge_time: DurationColumn | None = Field(
        default=None, description="How long it charged; needed for `--demand reference`."
    )
    power: PowerColumn | None = Field(
        default=None, description="Largest power of the session; needed for `--car-power recorded`."
    )
    battery: EnergyColumn | None = Field(
        default=None,
        description="Usable battery of the car; where it is empty, `--capacity-kwh` stands in.",
    )

    @model_validator(mode="after")
    def _sessions_have_names(self) -> SessionColumns:
        if self.id is None and self.charge_point is None:
            raise ValueError("give id, or charge_point")
        return self


class TimeColumns(Part):
    """When a row begins and ends, and on which clock."""

    clock: Annotated[Text, AfterValidator(_clock)] = Field(
        description="`utc`; a zone such as `Europe/Berlin` for local times; or `stated` if "
        "every time carries its own offset, as 2024-01-01T00:00:00+01:00 does."
    )
    start: Texts | None = Field(
        default=None, description="Column of the begin, or columns of its date and its clock time."
    )
    end: Texts | None = Field(default=None, description="The same of the end.")
    date: Text | None = Field(
        default=None, description="Column of the local day, with `period` instead of `start`."
    )
    period: Text | None = Field(
        default=None,
        description="Column of the period's number, counted from local midnight in steps of "
        "`resolution`; a day of 23 or 25 hours has fewer or more.",
    )
    first_period: Literal[0, 1] = Field(default=1, description="Number of a day's first period.")
    format: Annotated[Text, AfterValidator(_time_form)] = Field(
        default=ISO,
        description="`iso`, as 2024-12-31 23:45 or 2024-12-31T23:45:00Z, or a form of Python's "
        "`strptime`, as `%d.%m.%Y %H:%M`.",
    )
    repeated_hour: Literal["in_order", "first", "second", "drop"] | None = Field(
        default=None,
        description="What a local time means that the clock shows twice in autumn. `in_order`: "
        "rows follow one another, the default for prices. Sessions need `first`, `second` or "
        "`drop`.",
    )

    @model_validator(mode="after")
    def _rows_can_be_placed(self) -> TimeColumns:
        if (self.date is None) != (self.period is None):
            raise ValueError("give date and period together")
        if (self.date is None) == (self.start is None and self.end is None):
            raise ValueError("give start, end, or both; or date and period")
        if self.date is not None and self.clock in (UTC_CLOCK, STATED_CLOCK):
            raise ValueError("periods count from local midnight: give their zone as clock")
        if self.repeated_hour is not None and (
            self.date or self.clock in (UTC_CLOCK, STATED_CLOCK)
        ):
            raise ValueError("repeated_hour is for start or end in local time only")
        return self
