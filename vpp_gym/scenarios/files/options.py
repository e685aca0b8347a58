"""What a file does not say about itself, and its reader therefore has to be told."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_map import StatedColumns

Clock = Literal["local", "utc"]
DateOrder = Literal["day-first", "month-first", "year-first"]
Decimal = Literal[".", ","]
MissingDays = Literal["refuse", "leave-out", "day-before", "week-before"]
LongAboveShort = Literal["refuse", "swap", "short", "long"]
Currency = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z]{3}$")
]

EURO = "EUR"

DATES = "day-first, month-first or year-first"
CHOICES = {"elaad_clock": "local or utc", "elaad_dates": DATES, "tennet_dates": DATES}
"""Values of the options that have no default."""

Model = TypeVar("Model", bound=BaseModel)


class NeededOptionsError(InvalidInputError):
    """Options that a file needs, because it does not say what they say.

    Attributes:
        options: their values, by name.

    >>> print(NeededOptionsError({"elaad_clock": "local or utc"}))
    elaad_clock: got None; the file does not say: choose local or utc
    """

    def __init__(self, options: dict[str, str]) -> None:
        self.options = options
        choices = ", ".join(options.values())
        if len(options) > 1:
            choices = "; ".join(f"{name} {values}" for name, values in options.items())
        remedy = f"the file does not say: choose {choices}"
        super().__init__(", ".join(options), None, remedy)

    def __reduce__(self) -> tuple:
        return type(self), (self.options,)


class PriceRules(BaseModel):
    """What is accepted of prices, and in which currency they may be.

    Attributes:
        trust_unit: take prices as EUR/MWh whatever they look like.
        cheap_market: accept typical prices below 8 EUR/MWh; all other checks stay.
        currency: of prices that are not in EUR.
        eur_per_unit: what one unit of that currency is worth; one rate for all days.
        accept_zeros: accept prices that end with zeros for a day or more.
        long_above_short: what becomes of a row in which a long party gets more than a
            short one pays: it is refused; the two are swapped, which is the worse price
            on both sides; or both take the short or the long price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trust_unit: bool = False
    cheap_market: bool = False
    currency: Currency | None = None
    eur_per_unit: Annotated[
        float | None, Field(gt=0, le=10, allow_inf_nan=False, validate_default=True)
    ] = None
    accept_zeros: bool = False
    long_above_short: LongAboveShort = "refuse"

    @field_validator("eur_per_unit")
    @classmethod
    def _with_its_currency(cls, rate: float | None, info: ValidationInfo) -> float | None:
        currency = info.data.get("currency")
        if rate is None and currency not in (None, EURO):
            raise ValueError(f"say how many EUR one {currency} is worth")
        if rate is not None and currency is None and "currency" in info.data:
            raise ValueError("say of which currency, such as DKK")
        if rate not in (None, 1.0) and currency == EURO:
            raise ValueError("one EUR is worth 1 EUR")
        return rate


class ReadOptions(PriceRules):
    """What a file does not say about itself.

    Attributes:
        elaad_clock: of the times in files of ElaadNL; needed for those.
        elaad_dates: order of day, month and year there; needed for those.
        tennet_dates: the same in the old CSV of TenneT; needed for those.
        decimal: mark in files of ElaadNL and TenneT; None: as each file shows it, where
            its numbers leave no doubt.
        elaad_decimal, tennet_decimal: the same for files of one kind only.
        area: bidding zone, where a file of ENTSO-E has several.
        sequence: auction, where a file of ENTSO-E has several; see
            `vpp_gym.scenarios.files.sequences`.
        columns: what files of no known kind hold, as a map states it; see
            `vpp_gym.scenarios.files.columns_load`.
        ocpi_zone: local clock of the chargers in records of OCPI, whose times are UTC.
    """

    elaad_clock: Clock | None = None
    elaad_dates: DateOrder | None = None
    tennet_dates: DateOrder | None = None
    decimal: Decimal | None = None
    elaad_decimal: Decimal | None = None
    tennet_decimal: Decimal | None = None
    area: str | None = None
    sequence: str | None = None
    columns: StatedColumns | None = None
    ocpi_zone: str | None = None

    def needed(self, *names: str) -> tuple[Any, ...]:
        """Options that have no default, because it would be a guess.

        Raises:
            NeededOptionsError: some were not given; all of them are named.
        """
        missing = {name: CHOICES[name] for name in names if getattr(self, name) is None}
        if missing:
            raise NeededOptionsError(missing)
        return tuple(getattr(self, name) for name in names)


def checked(model: type[Model], **values: Any) -> Model:
    """Options as their model.

    Raises:
        InvalidInputError: naming the first option that is not one, or has no such value.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(field, first["input"], message) from error
